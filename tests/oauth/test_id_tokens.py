"""ID tokens as their clients registered for them."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from joserfc import jwe, jwk

from airside.core.secret import Secret
from airside.oauth import ClientSettings
from airside.oauth.encryption import encrypted
from airside.oauth.errors import InvalidClient
from airside.protocols.jose import b64url_encode, peek_claims
from tests.oauth.asking import draft, opened, sign_in
from tests.oauth.provider import BACKEND, Provider


def half(text: str, digest: str = "sha256") -> str:
    whole = hashlib.new(digest, text.encode()).digest()
    return b64url_encode(whole[: len(whole) // 2])


@pytest.mark.parametrize("alg", ["RS256", "ES256", "PS256", "EdDSA"])
async def test_id_token_is_signed_as_registered_and_bound_to_what_comes_with_it(provider: Provider, alg: str) -> None:
    """OpenID Connect Core §3.1.3.6 (`at_hash`), §3.3.2.11 (`c_hash`); FAPI 1.0 part 2 §5.1 (`s_hash`)."""
    if alg in ("PS256", "EdDSA"):
        async with provider.ctx() as ctx:
            await provider.keys.create(ctx, (alg,))
    signed = await sign_in(provider, draft(id_token_signed_response_alg=alg), nonce="n-1", state="a state")
    jws, claims = await opened(provider, signed.id_token)
    digest = "sha512" if alg == "EdDSA" else "sha256"
    assert jws.header.alg == alg
    assert claims["at_hash"] == half(signed.token, digest)
    assert claims["c_hash"] == half(signed.code, digest)
    assert claims["s_hash"] == half("a state", digest)
    assert (claims["aud"], claims["nonce"]) == (signed.client.word, "n-1")


async def test_id_token_says_nothing_that_was_not_sent(provider: Provider) -> None:
    """OpenID Connect Core §2: `nonce` only where there was one."""
    signed = await sign_in(provider, draft(), state=None)
    assert not {"nonce", "s_hash", "azp"} & peek_claims(signed.id_token).keys()


async def test_id_token_is_encrypted_to_the_clients_own_key(provider: Provider) -> None:
    """OpenID Connect Core §10.2: signed, then encrypted; RFC 7519 §5.2: `cty`."""
    private = jwk.ECKey.generate_key("P-256", {"kid": "enc-1", "use": "enc"})
    verifying = {"kty": "EC", "use": "sig", **_public(jwk.ECKey.generate_key("P-256"))}
    registered = draft(
        id_token_encrypted_response_alg="ECDH-ES",
        id_token_encrypted_response_enc="A256GCM",
        jwks={"keys": [verifying, private.as_dict(private=False)]},
    )
    signed = await sign_in(provider, registered)
    assert signed.id_token.count(".") == 4
    read = jwe.decrypt_compact(signed.id_token, private, algorithms=["ECDH-ES", "A256GCM"])
    assert (read.headers()["cty"], read.headers()["kid"]) == ("JWT", "enc-1")
    assert read.plaintext is not None
    _, claims = await opened(provider, read.plaintext.decode())
    assert claims["aud"] == signed.client.word


async def test_client_without_a_key_to_encrypt_to_gets_no_id_token_in_clear(provider: Provider) -> None:
    """N04: a missing key is no reason to send it readable."""
    sets: list[dict[str, Any] | None] = [
        None,
        {"keys": []},
        {"keys": [{"kty": "RSA", "use": "sig"}, "no key"]},
        {"keys": "none"},
    ]
    signed = Secret("a.signed.token")
    client, _ = await provider.client(BACKEND)
    for jwks in sets:
        settings = ClientSettings(id_token_encrypted_response_alg="RSA-OAEP-256", jwks=jwks)
        with pytest.raises(InvalidClient):
            encrypted(replace(client, settings=settings), signed)


def _public(key: jwk.ECKey) -> dict[str, object]:
    return {name: value for name, value in key.as_dict(private=False).items() if name in ("crv", "x", "y")}
