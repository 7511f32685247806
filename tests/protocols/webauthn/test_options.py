"""Options are what `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON` read."""

import json

from airside.protocols.webauthn import Account, Descriptor, RelyingParty, creation_options, request_options
from tests.authenticator import letters
from tests.protocols.webauthn.kit import CHALLENGE, PARTY


def test_new_passkey_is_asked_to_be_discoverable_and_verified() -> None:
    """Wire format."""
    account = Account(bytes(64), "ada@example.com", 'Ada "the </script> Countess"')
    text = creation_options(
        PARTY, account, challenge=CHALLENGE, exclude=[Descriptor(b"held", ("usb",))], attestation="none"
    )
    assert json.loads(text) == {
        "rp": {"id": "airside.test", "name": "Airside"},
        "user": {"id": letters(bytes(64)), "name": "ada@example.com", "displayName": 'Ada "the </script> Countess"'},
        "challenge": letters(CHALLENGE),
        "pubKeyCredParams": [{"type": "public-key", "alg": number} for number in (-7, -8, -257)],
        "timeout": 300_000,
        "excludeCredentials": [{"type": "public-key", "id": letters(b"held"), "transports": ["usb"]}],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }


def test_proof_is_asked_of_a_verified_user() -> None:
    """Wire format."""
    text = request_options(PARTY, challenge=CHALLENGE, allow=[Descriptor(b"held")])
    assert json.loads(text) == {
        "challenge": letters(CHALLENGE),
        "timeout": 300_000,
        "rpId": "airside.test",
        "allowCredentials": [{"type": "public-key", "id": letters(b"held"), "transports": []}],
        "userVerification": "required",
    }


def test_party_is_the_host_and_its_origin_as_browsers_write_it() -> None:
    assert RelyingParty.of("https://id.example.com:8443").origin == "https://id.example.com:8443"
    assert RelyingParty.of("https://id.example.com:443").origin == "https://id.example.com"
    assert RelyingParty.of("https://id.example.com").id == "id.example.com"
