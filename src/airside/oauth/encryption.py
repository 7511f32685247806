"""ID tokens that only their client reads: signed, then encrypted to a key of its own (OpenID Connect Core §10.2)."""

from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.oauth.errors import InvalidClient
from airside.oauth.model import Client
from airside.protocols.jose import KeyRefused
from airside.protocols.jose.jwe import DEFAULT_ENC, encrypt_jwt


def encrypted(client: Client, signed: Secret[str]) -> Secret[str]:
    """`signed` as a nested JWT for `client`, by the algorithms that it registered.

    The first key of its `jwks` that will do is taken: one for encryption of the right kind (§10.2).

    Raises:
        InvalidClient: it has no such key.
    """
    settings = client.settings
    alg, enc = settings.id_token_encrypted_response_alg, settings.id_token_encrypted_response_enc
    for jwk in _keys(settings.jwks):
        try:
            return Secret(encrypt_jwt(signed.reveal(), jwk, alg=alg or "", enc=enc or DEFAULT_ENC))
        except KeyRefused:
            continue
    raise InvalidClient("no key to encrypt to")


def _keys(jwks: dict[str, Json] | None) -> list[dict[str, Json]]:
    keys = None if jwks is None else jwks.get("keys")
    return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []
