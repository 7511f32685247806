"""Why a passkey's response is refused: precise for the log, one outward word for strangers."""

from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum

from airside.core.errors import Refusal, Unauthenticated


class Reason(StrEnum):
    """What was wrong with a response."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    TYPE = "type"
    CHALLENGE = "challenge"
    ORIGIN = "origin"
    CROSS_ORIGIN = "cross_origin"
    RELYING_PARTY = "relying_party"
    PRESENCE = "user_presence"
    VERIFICATION = "user_verification"
    BACKUP = "backup_flags"
    CREDENTIAL = "credential"
    ALGORITHM = "algorithm"
    ATTESTATION = "attestation"
    USER_HANDLE = "user_handle"
    SIGNATURE = "signature"
    COUNTER = "sign_counter"


class CeremonyRefused(Unauthenticated):
    """A response that proves nothing. `why` is the reason."""

    def __init__(self, why: Reason) -> None:
        super().__init__(why.value)
        self.why = why


@contextmanager
def refusing(why: Reason) -> Generator[None]:
    """Whatever a parser of strangers' bytes raises in here is a refusal for that reason.

    Raises:
        CeremonyRefused: something went wrong inside.
    """
    try:
        yield
    except CeremonyRefused:
        raise
    except Refusal:
        raise CeremonyRefused(why) from None
    except Exception:  # noqa: BLE001 - the library lets KeyError, TypeError and more out of hostile bytes
        raise CeremonyRefused(why) from None
