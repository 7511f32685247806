"""How a connection proves itself to its provider, and redeems a code there (RFC 6749 §2.3, §4.1.3; RFC 7523; OpenID
Connect Core §9)."""

import base64
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote_plus, urlencode

from airside.core.clock import epoch
from airside.core.entropy import Entropy, token
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.federation.model import ConnectionSecrets
from airside.federation.oidc_keys import own_keys
from airside.federation.settings import OidcSettings
from airside.fetch import Fetcher
from airside.protocols.jose import sign_jwt
from airside.protocols.oauth import (
    ASSERTION_TYPE,
    ProviderMetadata,
    ProviderRefused,
    TokenAnswer,
    read_token_answer,
)
from airside.protocols.oauth.token_answer import MAX_ANSWER
from airside.store.context import RequestContext

ASSERTION_LIFE: Final = 60
"""Seconds for which an assertion of ours is good."""
APPLE_AUDIENCE: Final = "https://appleid.apple.com"
TIMEOUT: Final = 5.0
"""Seconds for one request to a provider."""
AGENT: Final = "Airside"
"""Some interfaces answer nobody without a name."""
_FORM: Final = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json", "user-agent": AGENT}


class OidcClient:
    """Redeems codes. Requests go out through `fetcher` alone, which reaches no private address (N28)."""

    def __init__(self, *, fetcher: Fetcher, entropy: Entropy) -> None:
        self._fetcher = fetcher
        self._entropy = entropy

    async def redeem(
        self,
        ctx: RequestContext,
        settings: OidcSettings,
        secrets: ConnectionSecrets,
        metadata: ProviderMetadata,
        grant: Mapping[str, str],
    ) -> TokenAnswer:
        """The tokens for the code in `grant`.

        Raises:
            ProviderRefused: the provider gives none, or there is no secret to prove us by.
            fetch.Refused, fetch.Unavailable: the token endpoint isn't to be had.
        """
        await ctx.tx.checkpoint()
        form, headers = {**grant}, {**_FORM}
        match settings.token_endpoint_auth_method:
            case "client_secret_basic":
                headers["authorization"] = _basic(settings.client_id, _secret(secrets))
            case "client_secret_post":
                form |= {"client_id": settings.client_id, "client_secret": _secret(secrets)}
            case "apple_secret":
                form |= {"client_id": settings.client_id, "client_secret": self._apple_secret(ctx, settings, secrets)}
            case "private_key_jwt":
                assertion = self._assertion(ctx, settings, secrets, metadata)
                form |= {
                    "client_id": settings.client_id,
                    "client_assertion_type": ASSERTION_TYPE,
                    "client_assertion": assertion,
                }
            case "none":
                form["client_id"] = settings.client_id
        answer = await self._fetcher.post(
            metadata.token_endpoint,
            content=urlencode(form).encode(),
            headers=headers,
            max_bytes=MAX_ANSWER,
            timeout=TIMEOUT,
        )
        return read_token_answer(answer.status, answer.headers.get("content-type", ""), answer.body)

    def _assertion(
        self, ctx: RequestContext, settings: OidcSettings, secrets: ConnectionSecrets, metadata: ProviderMetadata
    ) -> str:
        """RFC 7523 §2.2, §3: for one audience, for a minute, to be used once."""
        audience = metadata.issuer if settings.assertion_audience == "issuer" else metadata.token_endpoint
        claims: dict[str, Json] = {
            "iss": settings.client_id,
            "sub": settings.client_id,
            "aud": audience,
            "jti": token(self._entropy),
            "iat": epoch(ctx.now),
            "exp": epoch(ctx.now) + ASSERTION_LIFE,
        }
        return sign_jwt(own_keys(_keys(secrets), kept=True)[0], claims, typ="JWT")

    def _apple_secret(self, ctx: RequestContext, settings: OidcSettings, secrets: ConnectionSecrets) -> str:
        """Apple's client secret: a token that the developer's key signs, made when it is needed and good for a
        minute."""
        claims: dict[str, Json] = {
            "iss": settings.team_id or "",
            "sub": settings.client_id,
            "aud": APPLE_AUDIENCE,
            "iat": epoch(ctx.now),
            "exp": epoch(ctx.now) + ASSERTION_LIFE,
        }
        key = own_keys(_keys(secrets), kid=settings.key_id, kept=True)[0]
        if key.alg != "ES256":
            raise ProviderRefused("no_key")
        return sign_jwt(key, claims, typ="JWT")


def _secret(secrets: ConnectionSecrets) -> str:
    if secrets.client_secret is None:
        raise ProviderRefused("no_secret")
    return secrets.client_secret.reveal()


def _keys(secrets: ConnectionSecrets) -> Secret[str]:
    if secrets.private_keys is None:
        raise ProviderRefused("no_key")
    return secrets.private_keys


def _basic(client_id: str, secret: str) -> str:
    """RFC 6749 §2.3.1: both parts form-encoded first, then HTTP Basic."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
