"""The erasure certificate of one person, as whoever was promised erasure reads it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from airside.core.errors import InvalidInput
from airside.custody import PersonCertificate, read_certificate, read_person_certificate
from airside.custody.certificate import MAX_CERTIFICATE
from airside.custody.certificate import TYPE as TENANT_TYPE
from airside.custody.person_certificate import PERSON_TYPE, sign_person
from airside.protocols.jose import SigningKey, b64url_decode, b64url_encode, sign_compact, thumbprint
from airside.protocols.jose.keys import generate

SAID = PersonCertificate(
    certificate_id=UUID(int=5),
    tenant_id=UUID(int=6),
    user_id=UUID(int=7),
    key_id=UUID(int=7),
    requested_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    destroyed_at=datetime(2026, 2, 2, 3, 4, 5, tzinfo=UTC),
)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    private = generate("ES256")
    return SigningKey(thumbprint(private.public_key()), "ES256", private)


def test_round_trip(key: SigningKey) -> None:
    for said in (SAID, replace(SAID, key_id=None)):
        verified = read_person_certificate(sign_person(key, said))
        assert verified.certificate == said
        assert verified.thumbprint == key.kid


def test_signature_for_something_else_certifies_nothing(key: SigningKey) -> None:
    """The same key signs heads of the audit log, and, where it is the operators', that tenants are shredded."""
    payload = b64url_decode(sign_person(key, SAID).split(".")[1])
    assert read_person_certificate(sign_compact(key, payload, typ=PERSON_TYPE))
    for typ in ("airside-head+jwt", TENANT_TYPE, "JWT"):
        with pytest.raises(InvalidInput):
            read_person_certificate(sign_compact(key, payload, typ=typ))
    with pytest.raises(InvalidInput):
        read_certificate(sign_person(key, SAID))


def test_stranger_s_key_under_the_tenant_s_name_is_refused(key: SigningKey) -> None:
    """Whose key it is, its thumbprint says: it can't be given to another."""
    private = generate("ES256")
    with pytest.raises(InvalidInput):
        read_person_certificate(sign_person(SigningKey(key.kid, "ES256", private), SAID))
    stranger = SigningKey(thumbprint(private.public_key()), "ES256", private)
    assert read_person_certificate(sign_person(stranger, SAID)).thumbprint != key.kid


def test_corrupted_is_refused(key: SigningKey) -> None:
    head, body, signature = sign_person(key, SAID).split(".")
    claims = json.loads(b64url_decode(body))
    changes: tuple[tuple[str, object], ...] = (
        ("user_id", "usr_00000000000000000000000008"),
        ("tenant_id", "ten_00000000000000000000000008"),
        ("destroyed_at", 0),
        ("key", None),
        ("extra", 1),
    )
    for name, value in changes:
        changed = b64url_encode(json.dumps({**claims, name: value}).encode())
        with pytest.raises(InvalidInput):
            read_person_certificate(f"{head}.{changed}.{signature}")
    none = b64url_encode(json.dumps({"alg": "none", "typ": PERSON_TYPE}).encode())
    with pytest.raises(InvalidInput):
        read_person_certificate(f"{none}.{body}.")


def test_truncated_is_refused(key: SigningKey) -> None:
    text = sign_person(key, SAID)
    for length in range(0, len(text), 7):
        with pytest.raises(InvalidInput):
            read_person_certificate(text[:length])


def test_oversized_is_refused(key: SigningKey) -> None:
    with pytest.raises(InvalidInput):
        read_person_certificate(sign_person(key, SAID) + "A" * MAX_CERTIFICATE)


def test_wire_format(key: SigningKey) -> None:
    head, body, _ = sign_person(key, SAID).split(".")
    assert json.loads(b64url_decode(head)) == {"alg": "ES256", "kid": key.kid, "typ": PERSON_TYPE}
    assert PERSON_TYPE == "airside-person-erasure+jwt"
    claims = json.loads(b64url_decode(body))
    assert claims.pop("jwk")["kid"] == key.kid
    assert claims == {
        "jti": "00000000-0000-0000-0000-000000000005",
        "iat": 1770001445,
        "tenant_id": "ten_00000000000000000000000006",
        "user_id": "usr_00000000000000000000000007",
        "key": "00000000-0000-0000-0000-000000000007",
        "requested_at": 1767323045,
        "destroyed_at": 1770001445,
    }
