"""Assertions: that somebody used a passkey just now (WebAuthn §7.2)."""

from dataclasses import InitVar, dataclass
from typing import Final, final

from webauthn import verify_authentication_response
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.structs import AuthenticationCredential, AuthenticatorAssertionResponse

from airside.core.entropy import equal
from airside.core.proof import Mint
from airside.protocols.webauthn.authenticator import demand_flags, read_authenticator_data
from airside.protocols.webauthn.keys import demand_sound_key
from airside.protocols.webauthn.model import RelyingParty
from airside.protocols.webauthn.refusals import CeremonyRefused, Reason, refusing
from airside.protocols.webauthn.wire import demand_client_data, member, optional_member, read_envelope

_MINT: Final = Mint("VerifiedAssertion")


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a browser brought, in its parts, unverified: `credential_id` says which key to verify them with."""

    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    user_handle: bytes | None


@dataclass(frozen=True, slots=True)
class KnownCredential:
    """What is kept of the credential that the assertion names, and the handle of the user whose it is."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    backup_eligible: bool
    user_handle: bytes


@final
@dataclass(frozen=True, slots=True)
class VerifiedAssertion:
    """That the holder of the credential was present and verified. Only this module makes one."""

    credential_id: bytes
    sign_count: int
    backed_up: bool
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


def read_assertion(response: bytes) -> Assertion:
    """The parts of a response to `navigator.credentials.get`.

    Raises:
        CeremonyRefused: over its cap, not strict JSON, or parts missing.
    """
    envelope = read_envelope(response)
    return Assertion(
        credential_id=envelope.credential_id,
        client_data=member(envelope.response, "clientDataJSON"),
        authenticator_data=member(envelope.response, "authenticatorData"),
        signature=member(envelope.response, "signature"),
        user_handle=optional_member(envelope.response, "userHandle"),
    )


def verify_assertion(
    assertion: Assertion, known: KnownCredential, *, challenge: bytes, party: RelyingParty, discovered: bool
) -> VerifiedAssertion:
    """Verify that `known` made `assertion` for `challenge` at `party`.

    `discovered`: who it is was unknown before, so the authenticator has to name the account (§7.2 step 6); otherwise
    it may. The counter and the backup flag come last: that they are wrong is said only of what the key has signed.

    Raises:
        CeremonyRefused: it isn't so. `Reason.COUNTER`: the key is right but its counter has not risen, as a copy's
            wouldn't (§6.1.1).
    """
    if assertion.credential_id != known.credential_id:
        raise CeremonyRefused(Reason.CREDENTIAL)
    demand_client_data(assertion.client_data, "webauthn.get", challenge, party)
    data = read_authenticator_data(assertion.authenticator_data)
    demand_flags(data, party)
    _demand_handle(assertion.user_handle, known.user_handle, discovered)
    demand_sound_key(known.public_key)
    with refusing(Reason.SIGNATURE):
        verified = verify_authentication_response(
            credential=_credential(assertion),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=known.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    if data.flags.be != known.backup_eligible:
        raise CeremonyRefused(Reason.BACKUP)
    if (data.sign_count or known.sign_count) and data.sign_count <= known.sign_count:
        raise CeremonyRefused(Reason.COUNTER)
    return VerifiedAssertion(verified.credential_id, data.sign_count, data.flags.bs, _MINT)


def _demand_handle(given: bytes | None, expected: bytes, discovered: bool) -> None:
    if given is None and not discovered:
        return
    if given is None or not equal(given, expected):
        raise CeremonyRefused(Reason.USER_HANDLE)


def _credential(assertion: Assertion) -> AuthenticationCredential:
    return AuthenticationCredential(
        id=bytes_to_base64url(assertion.credential_id),
        raw_id=assertion.credential_id,
        response=AuthenticatorAssertionResponse(
            client_data_json=assertion.client_data,
            authenticator_data=assertion.authenticator_data,
            signature=assertion.signature,
            user_handle=assertion.user_handle,
        ),
    )
