"""The erasure certificate, as whoever was promised erasure reads it."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from airside.core.errors import InvalidInput
from airside.custody import Certificate, read_certificate
from airside.custody.certificate import MAX_CERTIFICATE, TYPE, sign
from airside.custody.model import LostKey
from airside.protocols.jose import SigningKey, b64url_decode, b64url_encode, sign_compact, thumbprint
from airside.protocols.jose.keys import generate

SAID = Certificate(
    certificate_id=UUID(int=5),
    tenant_id=UUID(int=6),
    slug="acme",
    requested_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    destroyed_at=datetime(2026, 2, 2, 3, 4, 5, tzinfo=UTC),
    keys=(LostKey(UUID(int=7), "data"), LostKey(UUID(int=8), "index")),
    people=12,
    tree_size=90,
    root=bytes(32),
)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    private = generate("ES256")
    return SigningKey(thumbprint(private.public_key()), "ES256", private)


def test_round_trip(key: SigningKey) -> None:
    verified = read_certificate(sign(key, SAID))
    assert verified.certificate == SAID
    assert verified.thumbprint == key.kid


def test_signature_for_something_else_certifies_nothing(key: SigningKey) -> None:
    """The same key signs heads of the audit log."""
    payload = b64url_decode(sign(key, SAID).split(".")[1])
    assert read_certificate(sign_compact(key, payload, typ=TYPE))
    with pytest.raises(InvalidInput):
        read_certificate(sign_compact(key, payload, typ="airside-head+jwt"))


def test_stranger_s_key_under_the_operators_name_is_refused(key: SigningKey) -> None:
    """Whose key it is, its thumbprint says: it can't be given to another."""
    private = generate("ES256")
    with pytest.raises(InvalidInput):
        read_certificate(sign(SigningKey(key.kid, "ES256", private), SAID))
    stranger = SigningKey(thumbprint(private.public_key()), "ES256", private)
    assert read_certificate(sign(stranger, SAID)).thumbprint != key.kid


def test_corrupted_is_refused(key: SigningKey) -> None:
    head, body, signature = sign(key, SAID).split(".")
    claims = json.loads(b64url_decode(body))
    changes: tuple[tuple[str, object], ...] = (
        ("people", 0),
        ("slug", "other"),
        ("destroyed_at", 0),
        ("keys", []),
        ("extra", 1),
    )
    for name, value in changes:
        changed = b64url_encode(json.dumps({**claims, name: value}).encode())
        with pytest.raises(InvalidInput):
            read_certificate(f"{head}.{changed}.{signature}")
    none = b64url_encode(json.dumps({"alg": "none", "typ": TYPE}).encode())
    with pytest.raises(InvalidInput):
        read_certificate(f"{none}.{body}.")


def test_truncated_is_refused(key: SigningKey) -> None:
    text = sign(key, SAID)
    for length in range(0, len(text), 7):
        with pytest.raises(InvalidInput):
            read_certificate(text[:length])


def test_oversized_is_refused(key: SigningKey) -> None:
    with pytest.raises(InvalidInput):
        read_certificate(sign(key, SAID) + "A" * MAX_CERTIFICATE)


def test_wire_format(key: SigningKey) -> None:
    head, body, _ = sign(key, SAID).split(".")
    assert json.loads(b64url_decode(head)) == {"alg": "ES256", "kid": key.kid, "typ": TYPE}
    claims = json.loads(b64url_decode(body))
    assert claims.pop("jwk")["kid"] == key.kid
    assert claims == {
        "jti": "00000000-0000-0000-0000-000000000005",
        "iat": 1770001445,
        "tenant_id": "ten_00000000000000000000000006",
        "slug": "acme",
        "requested_at": 1767323045,
        "destroyed_at": 1770001445,
        "keys": [
            {"id": "00000000-0000-0000-0000-000000000007", "purpose": "data"},
            {"id": "00000000-0000-0000-0000-000000000008", "purpose": "index"},
        ],
        "people": 12,
        "audit": {"tree_size": 90, "root": "00" * 32},
    }
