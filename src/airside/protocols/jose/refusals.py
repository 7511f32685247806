"""Why a token or a key is refused: precise for the log, one outward word for strangers."""

from enum import StrEnum

from airside.core.errors import InvalidInput, Unauthenticated


class Reason(StrEnum):
    """What was wrong with a token."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    ALGORITHM = "algorithm"
    UNKNOWN = "unknown"
    UNKNOWN_KEY = "unknown_key"
    EMBEDDED_KEY = "embedded_key"
    CRITICAL = "critical_header"
    TYPE = "type"
    SIGNATURE = "signature"
    CLAIM = "claim"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    NOT_YET = "not_yet_valid"


class TokenRefused(Unauthenticated):
    """A token that proves nothing. `reason` is one of `Reason`; data may name the claim or header."""

    def __init__(self, reason: Reason, **data: str | int | float | bool | None) -> None:
        super().__init__(reason.value, **data)


class UnknownKey(TokenRefused):
    """The token names a key that the set doesn't have: the one refusal that may be worth a look for other keys.

    `kid` is the name, as a stranger wrote it; empty where there was none.
    """

    def __init__(self, kid: str = "") -> None:
        super().__init__(Reason.UNKNOWN_KEY)
        self.kid = kid


class KeyRefused(InvalidInput):
    """A key that isn't one, or is too weak to prove anything."""

    code = "invalid_key"
