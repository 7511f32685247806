"""What `navigator.credentials` brings, as JSON (WebAuthn §5.1.8, `PublicKeyCredential.toJSON`), read strictly."""

from dataclasses import dataclass
from typing import Final, Literal

from airside.core.entropy import equal
from airside.core.strict_json import Json, loads_object
from airside.protocols.jose import b64url_decode
from airside.protocols.webauthn.model import MAX_CREDENTIAL_ID, MAX_RESPONSE, RelyingParty
from airside.protocols.webauthn.refusals import CeremonyRefused, Reason, refusing

Kind = Literal["webauthn.create", "webauthn.get"]
_MAX_ID_LETTERS: Final = (MAX_CREDENTIAL_ID * 4 + 2) // 3


@dataclass(frozen=True, slots=True)
class Envelope:
    """The outer object: which credential, and the members of its response, unread."""

    credential_id: bytes
    response: dict[str, Json]


def read_envelope(text: bytes) -> Envelope:
    """Members that aren't known are ignored, as the standard demands: browsers add to it.

    Raises:
        CeremonyRefused: over its cap, not strict JSON, another type, or two ids that differ.
    """
    if len(text) > MAX_RESPONSE:
        raise CeremonyRefused(Reason.TOO_LARGE)
    with refusing(Reason.MALFORMED):
        body = loads_object(text, max_bytes=MAX_RESPONSE)
    name, response = body.get("id"), body.get("response")
    if body.get("type") != "public-key" or not isinstance(name, str) or not isinstance(response, dict):
        raise CeremonyRefused(Reason.MALFORMED)
    if len(name) > _MAX_ID_LETTERS:
        raise CeremonyRefused(Reason.TOO_LARGE)
    if not name or body.get("rawId") != name:
        raise CeremonyRefused(Reason.CREDENTIAL)
    return Envelope(_decoded(name), response)


def member(response: dict[str, Json], name: str) -> bytes:
    """The bytes of a member that has to be there.

    Raises:
        CeremonyRefused: missing, no text, or not base64url in its one spelling.
    """
    value = response.get(name)
    if not isinstance(value, str):
        raise CeremonyRefused(Reason.MALFORMED)
    return _decoded(value)


def optional_member(response: dict[str, Json], name: str) -> bytes | None:
    """As `member`; None where it is absent or null."""
    return None if response.get(name) is None else member(response, name)


def demand_client_data(raw: bytes, kind: Kind, challenge: bytes, party: RelyingParty) -> None:
    """Let pass what the browser says it did: this ceremony, this challenge, this very origin, in no foreign frame
    (WebAuthn §5.8.1, §7.1 steps 7–12, §7.2 steps 10–15).

    Raises:
        CeremonyRefused: anything else.
    """
    with refusing(Reason.MALFORMED):
        data = loads_object(raw)
    if data.get("type") != kind:
        raise CeremonyRefused(Reason.TYPE)
    given = data.get("challenge")
    if not isinstance(given, str) or not equal(_decoded(given), challenge):
        raise CeremonyRefused(Reason.CHALLENGE)
    if data.get("origin") != party.origin:
        raise CeremonyRefused(Reason.ORIGIN)
    if data.get("crossOrigin", False) is not False or "topOrigin" in data:
        raise CeremonyRefused(Reason.CROSS_ORIGIN)


def _decoded(text: str) -> bytes:
    with refusing(Reason.MALFORMED):
        return b64url_decode(text)
