"""Logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4)."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from airside.core.clock import epoch
from airside.core.entropy import Entropy
from airside.core.ids import SESSION, TOKEN, USER, format_id, uuid7
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.oauth.model import Client
from airside.oauth.subjects import Subjects
from airside.protocols.jose import sign_jwt
from airside.store import RequestContext
from airside.tokens import SigningKeys

LOGOUT_TYPE: Final = "logout+jwt"
LOGOUT_TOKEN_LIFETIME: Final = timedelta(minutes=2)
"""§2.4 recommends at most two minutes."""
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


class LogoutTokens:
    """Signs them as the client registered its ID tokens, and names the user as those do."""

    def __init__(self, *, keys: SigningKeys, subjects: Subjects, entropy: Entropy) -> None:
        self._keys = keys
        self._subjects = subjects
        self._entropy = entropy

    async def write(
        self, ctx: RequestContext, client: Client, *, issuer: str, user_id: UUID, session_id: UUID
    ) -> Secret[str]:
        """The token that tells `client` that the user's session is over. Each is another: a client that remembers
        what it has heard must still hear what is sent again."""
        claims: dict[str, Json] = {
            "iss": issuer,
            "aud": client.word,
            "iat": epoch(ctx.now),
            "exp": epoch(ctx.now + LOGOUT_TOKEN_LIFETIME),
            "jti": format_id(TOKEN, uuid7(ctx.now, self._entropy)),
            "events": {EVENT: {}},
            "sub": await self._subjects.of(ctx, client, format_id(USER, user_id)),
            "sid": format_id(SESSION, session_id),
        }
        signer = await self._keys.signer(ctx, client.settings.id_token_signed_response_alg)
        return Secret(sign_jwt(signer, claims, typ=LOGOUT_TYPE))
