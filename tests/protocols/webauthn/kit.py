"""A ceremony at one relying party, with the tests' own authenticator."""

from collections.abc import Callable
from typing import Final

import pytest

from airside.protocols.webauthn import (
    Account,
    CeremonyRefused,
    KnownCredential,
    Reason,
    RelyingParty,
    VerifiedAssertion,
    VerifiedRegistration,
    creation_options,
    read_assertion,
    request_options,
    verify_assertion,
    verify_registration,
)
from tests.authenticator import PLAIN, Authenticator, Twist

PARTY: Final = RelyingParty.of("https://airside.test")
CHALLENGE: Final = bytes(range(32))
HANDLE: Final = bytes(64)
CREATE: Final = creation_options(
    PARTY, Account(HANDLE, "ada@example.com", "Ada"), challenge=CHALLENGE, exclude=[], attestation="direct"
)
GET: Final = request_options(PARTY, challenge=CHALLENGE, allow=[])


def registered(
    authenticator: Authenticator, twist: Twist = PLAIN, roots: tuple[bytes, ...] = ()
) -> VerifiedRegistration:
    """What comes of a registration."""
    response = authenticator.create(CREATE, twist).encode()
    return verify_registration(response, challenge=CHALLENGE, party=PARTY, roots=roots)


def known(authenticator: Authenticator) -> KnownCredential:
    """A registered credential as it is kept."""
    made = registered(authenticator)
    return KnownCredential(made.credential_id, made.public_key, made.sign_count, made.backup_eligible, HANDLE)


def asserted(response: str | bytes, kept: KnownCredential, *, discovered: bool = True) -> VerifiedAssertion:
    """What comes of an assertion."""
    body = response.encode() if isinstance(response, str) else response
    return verify_assertion(read_assertion(body), kept, challenge=CHALLENGE, party=PARTY, discovered=discovered)


def refused(work: Callable[[], object]) -> Reason:
    """Why `work` is refused; that it isn't fails the test."""
    with pytest.raises(CeremonyRefused) as caught:
        work()
    return caught.value.why
