"""Signed heads: read only if a pinned key signed them, as heads, with their name."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from airside.audit import heads
from airside.core.errors import InvalidInput
from airside.core.strict_json import dumps
from airside.protocols.jose import KeySet, SigningKey, b64url_encode, public_jwk, sign_compact, thumbprint
from airside.protocols.jose.keys import generate

TENANT = UUID(int=7)
AT = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)


def new_key() -> SigningKey:
    private = generate("ES256")
    return SigningKey(thumbprint(private.public_key()), "ES256", private)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return new_key()


@pytest.fixture(scope="module")
def jws(key: SigningKey) -> str:
    return heads.sign(key, TENANT, tree_size=3, root=b"\x05" * 32, at=AT).jws


def verified(jws: str, key: SigningKey) -> heads.Claims | None:
    return heads.verified_claims(jws, KeySet([key.verification()]))


def test_head_says_what_was_signed(key: SigningKey, jws: str) -> None:
    assert verified(jws, key) == heads.Claims(str(TENANT), 3, "05" * 32, "2026-11-05T12:00:00.000000Z")
    checkpoint = heads.read_checkpoint(jws)
    assert (checkpoint.tenant_id, checkpoint.kid) == (TENANT, key.kid)
    assert (checkpoint.head.tree_size, checkpoint.head.root, checkpoint.head.at) == (3, b"\x05" * 32, AT)


def test_head_of_another_key_is_refused(jws: str) -> None:
    assert verified(jws, new_key()) is None


def test_head_under_a_borrowed_name_is_refused(key: SigningKey) -> None:
    """N02"""
    thief = SigningKey(key.kid, "ES256", generate("ES256"))
    assert verified(heads.sign(thief, TENANT, tree_size=3, root=b"", at=AT).jws, key) is None


def test_another_kind_of_token_is_no_head(key: SigningKey) -> None:
    """N06"""
    payload = dumps({"tenant_id": str(TENANT), "tree_size": 3, "root": "", "timestamp": ""})
    token = sign_compact(key, payload, typ="at+jwt")
    assert verified(token, key) is None
    with pytest.raises(InvalidInput):
        heads.read_checkpoint(token)


def test_head_changed_or_cut_anywhere_is_refused(key: SigningKey, jws: str) -> None:
    for place in range(len(jws)):
        other = "A" if jws[place] != "A" else "B"
        assert verified(jws[:place] + other + jws[place + 1 :], key) is None
        assert verified(jws[:place], key) is None
    assert verified(jws + "A" * 20_000, key) is None


def test_head_signed_by_nobody_is_refused(key: SigningKey, jws: str) -> None:
    """N01"""
    header = b64url_encode(dumps({"alg": "none", "kid": key.kid, "typ": heads.TYPE}))
    unsigned = f"{header}.{jws.split('.')[1]}."
    assert verified(unsigned, key) is None
    with pytest.raises(InvalidInput):
        heads.read_checkpoint(unsigned)


@pytest.mark.parametrize("text", ["", "x", "..", "a.b.c", "e30.e30.e30", "\ud800..", "x" * 20_000])
def test_what_isn_t_a_head_is_no_checkpoint(text: str) -> None:
    with pytest.raises(InvalidInput):
        heads.read_checkpoint(text)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"tenant_id": "x", "tree_size": 1, "root": "", "timestamp": "2026-11-05T12:00:00Z"},
        {"tenant_id": str(TENANT), "tree_size": "1", "root": "", "timestamp": "2026-11-05T12:00:00Z"},
        {"tenant_id": str(TENANT), "tree_size": 1, "root": "zz", "timestamp": "2026-11-05T12:00:00Z"},
        {"tenant_id": str(TENANT), "tree_size": 1, "root": "", "timestamp": "yesterday"},
        {"tenant_id": str(TENANT), "tree_size": True, "root": "", "timestamp": "2026-11-05T12:00:00Z"},
        {"tenant_id": str(TENANT), "tree_size": 0, "root": "", "timestamp": "2026-11-05T12:00:00Z"},
    ],
)
def test_signed_nonsense_is_no_checkpoint(key: SigningKey, claims: dict[str, str | int]) -> None:
    with pytest.raises(InvalidInput):
        heads.read_checkpoint(sign_compact(key, dumps(dict(claims)), typ=heads.TYPE))


def test_key_whose_name_isn_t_its_thumbprint_is_refused(key: SigningKey) -> None:
    own, foreign = public_jwk(key.verification()), public_jwk(new_key().verification())
    assert heads.verification_key(dumps(own).decode()) is not None
    assert heads.verification_key(dumps({**foreign, "kid": key.kid}).decode()) is None
    for text in ("", "{}", "[]", "\ud800", dumps({**own, "alg": "ES384"}).decode()):
        assert heads.verification_key(text) is None
