"""Registrations: that somebody made a new passkey here (WebAuthn §7.1)."""

from collections.abc import Sequence
from dataclasses import InitVar, dataclass
from typing import Any, Final, cast, final
from uuid import UUID

from webauthn import verify_registration_response
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.structs import AuthenticatorAttestationResponse, RegistrationCredential

from airside.core.proof import Mint
from airside.core.strict_json import Json
from airside.protocols.webauthn.attestation import FORMATS, is_vouched_for
from airside.protocols.webauthn.authenticator import demand_flags, read_authenticator_data
from airside.protocols.webauthn.cbor import read_whole
from airside.protocols.webauthn.keys import ALGORITHMS, demand_sound_key
from airside.protocols.webauthn.model import TRANSPORTS, RelyingParty
from airside.protocols.webauthn.refusals import CeremonyRefused, Reason, refusing
from airside.protocols.webauthn.wire import demand_client_data, member, read_envelope

_MINT: Final = Mint("VerifiedRegistration")


@final
@dataclass(frozen=True, slots=True)
class VerifiedRegistration:
    """A new credential, made with its user present and verified. Only this module makes one.

    `public_key` is COSE. `attested`: the authenticator's maker vouches for its model, `aaguid`; otherwise the model
    is what the authenticator says of itself.
    """

    credential_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: UUID
    transports: tuple[str, ...]
    backup_eligible: bool
    backed_up: bool
    attested: bool
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


def verify_registration(
    response: bytes, *, challenge: bytes, party: RelyingParty, roots: Sequence[bytes] = ()
) -> VerifiedRegistration:
    """Verify a response to `navigator.credentials.create`. `roots` are certificates (PEM) of authenticators' makers.

    Raises:
        CeremonyRefused: it isn't one for `challenge` at `party`, or its key or attestation statement isn't sound.
    """
    envelope = read_envelope(response)
    client_data = member(envelope.response, "clientDataJSON")
    attested_object = member(envelope.response, "attestationObject")
    demand_client_data(client_data, "webauthn.create", challenge, party)
    form, statement, raw = _parts(attested_object)
    data = read_authenticator_data(raw)
    demand_flags(data, party)
    made = data.attested_credential_data
    if made is None or made.credential_id != envelope.credential_id:
        raise CeremonyRefused(Reason.CREDENTIAL)
    demand_sound_key(made.credential_public_key)
    with refusing(Reason.ATTESTATION):
        verify_registration_response(
            credential=RegistrationCredential(
                id=bytes_to_base64url(envelope.credential_id),
                raw_id=envelope.credential_id,
                response=AuthenticatorAttestationResponse(
                    client_data_json=client_data, attestation_object=attested_object
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=list(ALGORITHMS),
        )
    aaguid = UUID(bytes=made.aaguid)
    return VerifiedRegistration(
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=data.sign_count,
        aaguid=aaguid,
        transports=_transports(envelope.response.get("transports")),
        backup_eligible=data.flags.be,
        backed_up=data.flags.bs,
        attested=is_vouched_for(form, statement, aaguid, roots),
        mint=_MINT,
    )


def _parts(attested_object: bytes) -> tuple[str, dict[str, Any], bytes]:
    item = read_whole(attested_object)
    if not isinstance(item, dict):
        raise CeremonyRefused(Reason.MALFORMED)
    parts = cast("dict[str, Any]", item)
    if parts.keys() != {"fmt", "attStmt", "authData"}:
        raise CeremonyRefused(Reason.MALFORMED)
    form, statement, raw = parts["fmt"], parts["attStmt"], parts["authData"]
    if not isinstance(form, str) or not isinstance(statement, dict) or not isinstance(raw, bytes):
        raise CeremonyRefused(Reason.MALFORMED)
    if form not in FORMATS or (form == "none" and statement):
        raise CeremonyRefused(Reason.ATTESTATION)
    return form, cast("dict[str, Any]", statement), raw


def _transports(given: Json) -> tuple[str, ...]:
    known = {each for each in given if isinstance(each, str)} & TRANSPORTS if isinstance(given, list) else set[str]()
    return tuple(sorted(known))
