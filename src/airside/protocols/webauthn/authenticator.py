"""Authenticator data (WebAuthn §6.1): gated, then read by the library, then held to what every ceremony demands."""

from typing import Final

from webauthn.helpers import parse_authenticator_data
from webauthn.helpers.structs import AuthenticatorData

from airside.core.entropy import equal
from airside.protocols.webauthn.cbor import read_item
from airside.protocols.webauthn.model import MAX_CREDENTIAL_ID, RelyingParty
from airside.protocols.webauthn.refusals import CeremonyRefused, Reason, refusing

_FLAGS: Final = 32
_HEADER: Final = 37
_ID_LENGTH: Final = _HEADER + 16
_ID: Final = _ID_LENGTH + 2
_ATTESTED: Final = 1 << 6
_EXTENDED: Final = 1 << 7


def read_authenticator_data(data: bytes) -> AuthenticatorData:
    """What an authenticator says of itself, the key and the user.

    Raises:
        CeremonyRefused: cut short, too long a credential id, CBOR that no authenticator writes, or bytes left over.
    """
    _gate(data)
    with refusing(Reason.MALFORMED):
        return parse_authenticator_data(data)


def demand_flags(data: AuthenticatorData, party: RelyingParty) -> None:
    """Let pass what was made for `party`, with its user present and verified, in a lawful state of backup (§7.1 steps
    13–18, §7.2 steps 16–20).

    Raises:
        CeremonyRefused: anything else.
    """
    if not equal(data.rp_id_hash, party.id_hash):
        raise CeremonyRefused(Reason.RELYING_PARTY)
    if not data.flags.up:
        raise CeremonyRefused(Reason.PRESENCE)
    if not data.flags.uv:
        raise CeremonyRefused(Reason.VERIFICATION)
    if data.flags.bs and not data.flags.be:
        raise CeremonyRefused(Reason.BACKUP)


def _gate(data: bytes) -> None:
    if len(data) < _HEADER:
        raise CeremonyRefused(Reason.MALFORMED)
    end = _HEADER
    if data[_FLAGS] & _ATTESTED:
        length = int.from_bytes(data[_ID_LENGTH:_ID], "big")
        if length > MAX_CREDENTIAL_ID:
            raise CeremonyRefused(Reason.TOO_LARGE)
        _, end = read_item(data, _ID + length)
    if data[_FLAGS] & _EXTENDED:
        _, end = read_item(data, end)
    if end != len(data):
        raise CeremonyRefused(Reason.MALFORMED)
