"""Debian's xmlsec1 encrypts a signed assertion with AES-256-GCM, as no provider does that is met here."""

import base64
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from airside.protocols.saml import write_post
from tests.peers.conftest import FindProgram
from tests.protocols.saml.kit import DS, SAML, XENC, XENC11, Answer, rsa_key, sign
from tests.running import Place
from tests.trips.saml_provider import Provider, connected
from tests.trips.visitor import visitor

SECONDS: Final = 20
GCM: Final = f"{XENC11}aes256-gcm"
OAEP: Final = f"{XENC}rsa-oaep-mgf1p"
TEMPLATE: Final = (
    f'<xenc:EncryptedData xmlns:xenc="{XENC}" xmlns:ds="{DS}" Type="{XENC}Element"><xenc:EncryptionMethod'
    f' Algorithm="{GCM}"/><ds:KeyInfo><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{OAEP}"/><xenc:CipherData>'
    "<xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue/>"
    "</xenc:CipherData></xenc:EncryptedData>"
)
CIPHER: Final = re.compile(r"(?<=<xenc:CipherValue>)[A-Za-z0-9+/=\s]+(?=</xenc:CipherValue>)")


def sealed(program: str, folder: Path, answer: Answer, ours: rsa.RSAPublicKey) -> str:
    """A response whose assertion was signed, and then encrypted by the program."""
    assertion = sign(answer.assertion().encode(), rsa_key("idp")).decode()
    holder = f'<saml:EncryptedAssertion xmlns:saml="{SAML}">{assertion}</saml:EncryptedAssertion>'
    key, plain, template, done = (folder / name for name in ("key.pem", "plain.xml", "template.xml", "done.xml"))
    key.write_bytes(ours.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    plain.write_text(answer.response(holder))
    template.write_text(TEMPLATE)
    command = [program, "--encrypt", "--pubkey-pem", str(key), "--session-key", "aes-256", "--xml-data", str(plain)]
    command += ["--node-xpath", "//*[local-name()='Assertion']", "--output", str(done), str(template)]
    subprocess.run(command, check=True, timeout=SECONDS, capture_output=True)
    return done.read_text()


def changed(document: str, which: int) -> str:
    """With one bit of the content (the last) or of the wrapped key (the first) another way."""
    found = list(CIPHER.finditer(document))[which]
    raw = bytearray(base64.b64decode(found[0]))
    raw[len(raw) // 2] ^= 1
    return document[: found.start()] + base64.b64encode(raw).decode() + document[found.end() :]


async def brought(provider: Provider, program: str, folder: Path, which: int | None) -> bool:
    """Whether whoever brings it is signed in."""
    async with provider.place.operator() as ctx:
        [key] = (await provider.place.server.services.saml_party.keys(ctx, provider.connection)).decryption
    async with visitor(provider.place) as browser:
        asked = await provider.leave(browser)
        document = sealed(program, folder, provider.answer(asked["ID"]), key.public_key())
        assert f'Algorithm="{GCM}"' in document
        assert provider.subject not in document
        if which is not None:
            document = changed(document, which)
        fields = {"SAMLResponse": write_post(document.encode()), "RelayState": asked["RelayState"]}
        sent = await provider.post("acs", fields)
        page = await browser.get(f"{provider.place.server.url}{sent.headers['location']}")
        if page.status_code == 200 and "http-equiv" in page.text:
            await browser.onward(page)
        return await provider.signed_in(browser)


async def test_assertion_that_it_encrypted_signs_in(place: Place, tmp_path: Path, program: FindProgram) -> None:
    """XML Encryption 1.1 §5.2.4: AES-256-GCM, its key wrapped with RSA-OAEP."""
    provider = await connected(place, want_encrypted=True)
    assert await brought(provider, program("xmlsec1"), tmp_path, None)
    assert await provider.reasons() == []


@pytest.mark.parametrize("which", [0, -1])
async def test_what_was_changed_after_it_signs_nobody_in(
    place: Place, tmp_path: Path, program: FindProgram, which: int
) -> None:
    """N25, N42: one bit of the key or of the content."""
    provider = await connected(place, want_encrypted=True)
    assert not await brought(provider, program("xmlsec1"), tmp_path, which)
    assert await provider.reasons() == ["saml_encryption"]
