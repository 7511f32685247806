"""Options for `navigator.credentials`, as JSON (WebAuthn §5.1.9, `parseCreationOptionsFromJSON` and its sibling)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from airside.core.strict_json import Json, dumps
from airside.protocols.jose import b64url_encode
from airside.protocols.webauthn.keys import ALGORITHMS
from airside.protocols.webauthn.model import TIMEOUT, Descriptor, RelyingParty


@dataclass(frozen=True, slots=True)
class Account:
    """Whose passkey is to be made. `handle` tells accounts apart and says nothing of its person (§14.6.1); the names
    are what an authenticator shows."""

    handle: bytes
    name: str
    display_name: str


def creation_options(
    party: RelyingParty,
    account: Account,
    *,
    challenge: bytes,
    exclude: Sequence[Descriptor],
    attestation: Literal["none", "direct"],
) -> str:
    """For a new passkey: discoverable, its user verified, on none of the authenticators that hold one of `exclude`."""
    return _text(
        {
            "rp": {"id": party.id, "name": party.name},
            "user": {
                "id": b64url_encode(account.handle),
                "name": account.name,
                "displayName": account.display_name,
            },
            "challenge": b64url_encode(challenge),
            "pubKeyCredParams": [{"type": "public-key", "alg": int(algorithm)} for algorithm in ALGORITHMS],
            "timeout": TIMEOUT * 1000,
            "excludeCredentials": [_descriptor(each) for each in exclude],
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": True,
                "userVerification": "required",
            },
            "attestation": attestation,
        }
    )


def request_options(party: RelyingParty, *, challenge: bytes, allow: Sequence[Descriptor]) -> str:
    """For a proof by one of `allow`; where that is empty, by any passkey that the browser's person has here."""
    return _text(
        {
            "challenge": b64url_encode(challenge),
            "timeout": TIMEOUT * 1000,
            "rpId": party.id,
            "allowCredentials": [_descriptor(each) for each in allow],
            "userVerification": "required",
        }
    )


def _descriptor(each: Descriptor) -> dict[str, Json]:
    return {"type": "public-key", "id": b64url_encode(each.credential_id), "transports": list(each.transports)}


def _text(options: dict[str, Json]) -> str:
    return dumps(options).decode()
