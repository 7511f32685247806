"""Foreign issuers' keys."""

import pytest

from airside.core.errors import InvalidInput, Refusal, TooLarge
from airside.core.strict_json import Json, dumps
from airside.protocols.jose import KeyRefused, SigningKey, public_jwk, thumbprint
from airside.protocols.jose.keys import generate
from airside.protocols.oauth import MAX_PROVIDER_JWKS, provider_keyset

ES = SigningKey("es-1", "ES256", generate("ES256"))
ES_TWO = SigningKey("es-2", "ES256", generate("ES256"))
RS = SigningKey("rs-1", "RS256", generate("RS256"))
ED = SigningKey("ed-1", "EdDSA", generate("EdDSA"))


def jwk(key: SigningKey, **changes: Json) -> Json:
    """The public half, changed; None takes a member away."""
    return {name: value for name, value in (public_jwk(key.verification()) | changes).items() if value is not None}


def document(*keys: Json) -> bytes:
    return dumps({"keys": list(keys)})


def test_keys_of_the_registered_algorithm_are_taken_and_no_others():
    """RFC 7517 §5"""
    unknown: Json = {"kty": "PQC", "kid": "later"}
    keys = provider_keyset(document(jwk(ES), jwk(RS), jwk(ED), jwk(ES_TWO, use="enc"), unknown), "ES256")
    assert [key.kid for key in keys] == ["es-1"]


@pytest.mark.parametrize("key", [ES, RS, ED])
def test_key_that_names_no_algorithm_is_pinned_to_the_registered_one(key: SigningKey):
    """N01: some issuers publish none; the token doesn't choose."""
    keys = provider_keyset(document(jwk(key, alg=None, use=None)), key.alg)
    assert [found.alg for found in keys] == [key.alg]


def test_rsa_key_without_algorithm_is_not_for_another_than_registered():
    """N01"""
    assert [key.alg for key in provider_keyset(document(jwk(RS, alg=None)), "PS256")] == ["PS256"]
    with pytest.raises(KeyRefused):
        provider_keyset(document(jwk(RS)), "PS256")


def test_key_without_a_name_goes_by_its_thumbprint():
    """RFC 7638"""
    keys = provider_keyset(document(jwk(ES, kid=None)), "ES256")
    assert [key.kid for key in keys] == [thumbprint(ES.verification().public)]


@pytest.mark.parametrize(
    "keys",
    [
        (),
        (jwk(RS),),
        (jwk(ES, key_ops=["sign"]),),
        (jwk(ES, key_ops="verify"),),
        (jwk(ES, d="AAAA"),),
        (jwk(ES), {"kty": "oct", "kid": "x", "k": "c2VjcmV0"}),
        (jwk(ES), jwk(ES_TWO, kid="es-1")),
        (jwk(ES, x="AA"),),
        (jwk(ES, crv="P-384"),),
        (jwk(ES, kid=""),),
        (jwk(ES, kid=7),),
        (jwk(ES), "key"),
        tuple(jwk(ES, kid=f"k{number}") for number in range(65)),
    ],
)
def test_set_that_can_not_be_trusted_is_refused(keys: tuple[Json, ...]):
    """N02, N42: private or symmetric material, two of one name, malformed keys, too many, none."""
    with pytest.raises(KeyRefused):
        provider_keyset(document(*keys), "ES256")


@pytest.mark.parametrize("alg", ["none", "HS256", "RSA1_5", ""])
def test_algorithm_that_is_none_of_ours_has_no_keys(alg: str):
    """N01"""
    with pytest.raises(KeyRefused):
        provider_keyset(document(jwk(ES, alg=None)), alg)


@pytest.mark.parametrize("text", [b"", b"[]", b'{"keys":{}}', b"{}", document(jwk(ES))[:-2]])
def test_document_that_is_no_set_is_refused(text: bytes):
    with pytest.raises(Refusal) as caught:
        provider_keyset(text, "ES256")
    assert isinstance(caught.value, KeyRefused | InvalidInput)


def test_document_over_its_cap_is_refused():
    with pytest.raises(TooLarge):
        provider_keyset(document(jwk(ES), {"kty": "x", "pad": "x" * MAX_PROVIDER_JWKS}), "ES256")
