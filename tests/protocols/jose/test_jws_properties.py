"""Held to joserfc: what one makes the other takes, and what we take it takes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwk, jws
from joserfc.errors import JoseError

from airside.core.errors import Refusal
from airside.protocols.jose import KeySet, SigningKey, TokenRefused, public_jwk, sign_compact, verify_compact
from airside.protocols.jose.keys import generate

ALGORITHMS = ("ES256", "EdDSA", "RS256", "PS256")
KEYS = {alg: SigningKey(f"key-{alg}", alg, generate(alg)) for alg in ALGORITHMS}
KEYSET = KeySet(key.verification() for key in KEYS.values())
THEIR_ALG = {"EdDSA": "Ed25519"}


def their_key(alg: str) -> Any:
    data: Any = public_jwk(KEYS[alg].verification())
    return jwk.import_key({name: value for name, value in data.items() if name != "alg"})


def theirs_accepts(token: str, alg: str) -> bool:
    try:
        jws.deserialize_compact(token, their_key(alg), algorithms=[alg])
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return False
    return True


@pytest.mark.parametrize("alg", ALGORITHMS)
@given(payload=st.binary(max_size=200))
@settings(max_examples=15, deadline=None)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_joserfc_takes_what_we_sign(alg: str, payload: bytes):
    token = sign_compact(KEYS[alg], payload, typ="JWT")
    assert jws.deserialize_compact(token, their_key(alg), algorithms=[alg]).payload == payload
    assert verify_compact(token, KEYSET).payload == payload


@pytest.mark.parametrize("alg", ALGORITHMS)
@given(payload=st.binary(max_size=200))
@settings(max_examples=15, deadline=None)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_we_take_what_joserfc_signs(alg: str, payload: bytes):
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = KEYS[alg].private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    kind = {"ES256": "EC", "EdDSA": "OKP"}.get(alg, "RSA")
    imported: Any = jwk
    key: Any = imported.import_key(pem, kind)
    token = jws.serialize_compact({"alg": alg, "kid": f"key-{alg}"}, payload, key, algorithms=[alg])
    assert verify_compact(token, KEYSET).payload == payload


@given(data=st.data(), alg=st.sampled_from(ALGORITHMS))
@settings(max_examples=150, deadline=None)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_mutated_token_is_refused_or_the_same_token(data: st.DataObject, alg: str):
    """One changed, added or removed character is never taken (N38, N42)."""
    token = sign_compact(KEYS[alg], b'{"sub":"usr_1"}', typ="JWT")
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("AZaz09-_.=+/ \n\x00é"))
    how = data.draw(st.sampled_from(("replace", "insert", "remove")))
    rest = token[place:] if how == "insert" else token[place + 1 :]
    mutated = token[:place] + ("" if how == "remove" else letter) + rest
    if mutated == token:
        return
    with pytest.raises(TokenRefused):
        verify_compact(mutated, KEYSET)


@given(
    text=st.one_of(
        st.text(max_size=300), st.from_regex(r"[A-Za-z0-9_-]{0,60}\.[A-Za-z0-9_-]{0,60}\.[A-Za-z0-9_-]{0,90}")
    )
)
@settings(max_examples=200, deadline=None)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_any_text_is_refused_and_never_breaks_the_verifier(text: str):
    with pytest.raises(Refusal):
        verify_compact(text, KEYSET)
    assert not any(theirs_accepts(text, alg) for alg in ("ES256",))
