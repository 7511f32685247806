"""Pins of keys: what a document may say, and that a pin is the hash that every other tool computes."""

import base64
import hashlib
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from airside.core.errors import InvalidInput
from airside.protocols.pins import MAX_DOCUMENT, MAX_PINS, Pins, is_pin, pin_of, pin_of_key, read_pins

NOW = datetime(2026, 11, 30, 4, 0, 0, tzinfo=UTC)
ONE, OTHER = pin_of_key(b"one"), pin_of_key(b"other")
SAID: dict[str, Any] = {
    "host": "id.example.com",
    "issued_at": "2026-11-30T04:00:00Z",
    "max_age": 86_400,
    "pin-sha256": [ONE, OTHER],
}


def said(**changed: Any) -> bytes:
    found = SAID | {name.replace("pins", "pin-sha256"): value for name, value in changed.items()}
    return json.dumps({name: value for name, value in found.items() if value is not ...}).encode()


def test_what_was_written_is_read() -> None:
    pins = Pins("id.example.com", NOW, timedelta(days=1), (ONE, OTHER))
    assert read_pins(pins.document()) == pins
    assert pins.ends_at == NOW + timedelta(days=1)


def test_the_wire_format_stands() -> None:
    document = Pins("id.example.com", NOW, timedelta(days=1), (ONE, OTHER)).document()
    assert json.loads(document) == SAID
    assert read_pins(said(of_a_later_version=True)) == read_pins(document)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"host": ...}, id="no host"),
        pytest.param({"host": "ID.example.com"}, id="capitals"),
        pytest.param({"host": "id.example.com:443"}, id="a port"),
        pytest.param({"host": "*.example.com"}, id="a wildcard"),
        pytest.param({"host": ""}, id="an empty host"),
        pytest.param({"issued_at": "2026-11-30T04:00:00+01:00"}, id="another zone"),
        pytest.param({"issued_at": 1}, id="a number for a moment"),
        pytest.param({"max_age": 0}, id="no age"),
        pytest.param({"max_age": -1}, id="a negative age"),
        pytest.param({"max_age": True}, id="a word for an age"),
        pytest.param({"max_age": 10**12}, id="an age for ever"),
        pytest.param({"max_age": -(10**30)}, id="an age that nothing counts"),
        pytest.param({"issued_at": "9999-12-31T23:59:59Z"}, id="an end that no clock shows"),
        pytest.param({"max_age": 1.5}, id="a broken age"),
        pytest.param({"pins": []}, id="no pins"),
        pytest.param({"pins": [ONE]}, id="no backup"),
        pytest.param({"pins": [ONE, ONE]}, id="the same twice"),
        pytest.param({"pins": [ONE, OTHER[:-1]]}, id="truncated"),
        pytest.param({"pins": [ONE, OTHER[:-2] + "B="]}, id="another spelling"),
        pytest.param({"pins": [ONE, 7]}, id="a number for a pin"),
        pytest.param({"pins": f"{ONE},{OTHER}"}, id="no list"),
        pytest.param({"pins": [pin_of_key(bytes([n])) for n in range(MAX_PINS + 1)]}, id="too many"),
    ],
)
def test_malformed_documents_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        read_pins(said(**changed))


def test_oversized_truncated_and_corrupted_documents_are_refused() -> None:
    whole = said()
    for document in (
        said(of_a_later_version="x" * MAX_DOCUMENT),
        b"",
        b"[]",
        b"\xff" + whole,
        whole[:-1] + b', "host": "id.example.com"}',
        *(whole[:end] for end in range(0, len(whole), 7)),
    ):
        with pytest.raises(InvalidInput):
            read_pins(document)


@given(st.binary(max_size=400))
def test_whatever_bytes_come_are_a_document_or_refused(document: bytes) -> None:
    try:
        read_pins(document)
    except InvalidInput:
        return
    raise AssertionError("random bytes are no document")


@given(st.binary(min_size=32, max_size=32))
def test_every_hash_is_a_pin_in_one_spelling(hashed: bytes) -> None:
    pin = base64.b64encode(hashed).decode()
    assert is_pin(pin)
    assert not is_pin(pin.rstrip("="))
    assert not is_pin(base64.urlsafe_b64encode(hashed).decode()) or base64.urlsafe_b64encode(hashed).decode() == pin


@pytest.mark.parametrize(
    "algorithm",
    [
        pytest.param(["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], id="ec"),
        pytest.param(["ed25519"], id="ed25519"),
        pytest.param(["rsa:2048"], id="rsa"),
        pytest.param(["rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"], id="rsa-pss"),
    ],
)
def test_pin_is_the_one_that_openssl_computes(algorithm: list[str], tmp_path: Path) -> None:
    """RFC 7469 appendix A: of the key as it stands in the certificate."""
    command = ["openssl", "req", "-x509", "-newkey", *algorithm, "-nodes", "-subj", "/CN=x", "-keyout", "key.pem"]
    subprocess.run([*command, "-out", "cert.pem"], cwd=tmp_path, check=True, capture_output=True)
    pem = subprocess.run(
        ["openssl", "x509", "-in", "cert.pem", "-noout", "-pubkey"], cwd=tmp_path, check=True, capture_output=True
    ).stdout
    spki = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
    certificate = x509.load_pem_x509_certificate((tmp_path / "cert.pem").read_bytes())
    expected = base64.b64encode(hashlib.sha256(spki).digest()).decode()
    assert pin_of(certificate.public_bytes(Encoding.DER)) == expected


def test_what_is_no_certificate_has_no_pin() -> None:
    for rubbish in (b"", b"rubbish", b"\x30\x03\x02\x01\x00"):
        with pytest.raises(InvalidInput):
            pin_of(rubbish)
