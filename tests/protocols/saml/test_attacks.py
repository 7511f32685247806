"""N23 to N26 on responses that the test signs itself: every attack refused, each in a blink."""

import socket
import time

import pytest

from airside.protocols.saml import SamlRefused, verify_response
from tests.protocols.saml.attacks import attacks
from tests.protocols.saml.kit import EXPECTED, NOW, WAYS, Answer, Encryption, encrypted, pinned, rsa_key

VICTIM = "admin@customer.example"


@pytest.mark.parametrize("way", WAYS)
def test_every_attack_is_refused(way: str):
    """N02, N23, N24, N26, N28: and nothing that an attack names is fetched."""
    document = WAYS[way](Answer(), rsa_key("idp"))
    verify_response(document, EXPECTED, [pinned("idp")], NOW)
    canary = socket.create_server(("127.0.0.1", 0))
    canary.settimeout(0)
    url = f"http://127.0.0.1:{canary.getsockname()[1]}/canary"
    taken: list[str] = []
    slow: list[str] = []
    for name, attack in attacks(document, VICTIM, url):
        began = time.process_time()
        try:
            verify_response(attack, EXPECTED, [pinned("idp")], NOW)
            taken.append(name)
        except SamlRefused:
            pass
        if time.process_time() - began > 0.1:
            slow.append(name)
    with canary, pytest.raises(BlockingIOError):
        canary.accept()
    assert (taken, slow) == ([], [])


@pytest.mark.parametrize("way", WAYS)
def test_there_are_attacks_to_refuse(way: str):
    names = [name for name, _ in attacks(WAYS[way](Answer(), rsa_key("idp")), VICTIM)]
    wrappings = {name.partition(" ")[0] for name in names if name.startswith("XSW")}
    assert len(names) == len(set(names))
    assert wrappings >= ({"XSW1", "XSW2", "XSW8"} if way == "response" else {f"XSW{n}" for n in range(1, 9)})


def test_injected_encrypted_assertion_is_refused():
    """N25: whoever has our public key can encrypt to us; only a signature says who wrote it."""
    ours = rsa_key("ours")
    document = encrypted(Answer(), rsa_key("attacker"), ours.public_key(), Encryption(), sign_response=False)
    with pytest.raises(SamlRefused, match="unsigned"):
        verify_response(document, EXPECTED, [pinned("idp")], NOW, decryption_keys=[ours])
    document = encrypted(
        Answer(), rsa_key("attacker"), ours.public_key(), Encryption(), sign_response=False, sign_assertion=True
    )
    with pytest.raises(SamlRefused, match="signature"):
        verify_response(document, EXPECTED, [pinned("idp")], NOW, decryption_keys=[ours])
