"""Token revocation (RFC 7009): a client gives back what it holds."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from airside.core.errors import Unauthenticated
from airside.oauth.client_authentication import ClientAuthentication, Credentials
from airside.oauth.errors import InvalidRequest
from airside.oauth.model import Client
from airside.revocation import Revocations
from airside.store import RequestContext
from airside.tokens import RefreshFamilies, TokenVerifier, is_opaque

LEEWAY: Final = timedelta(seconds=30)
"""The most that a verifier may grant an expired token."""
_RETURNED: Final = "revoked_by_client"


class RevocationEndpoint:
    """Revokes a refresh token's whole family, or one access token."""

    def __init__(
        self,
        *,
        authentication: ClientAuthentication,
        families: RefreshFamilies,
        verifier: TokenVerifier,
        revocations: Revocations,
    ) -> None:
        self._authentication = authentication
        self._families = families
        self._verifier = verifier
        self._revocations = revocations

    async def revoke(self, ctx: RequestContext, issuer: str, credentials: Credentials, form: Mapping[str, str]) -> None:
        """Revoke `token` if it is this client's. What isn't, or isn't anything, has no effect and no other answer
        (RFC 7009 §2.2): nobody learns here whether a token exists. `token_type_hint` isn't needed.

        Raises:
            InvalidClient, LimitExceeded: the client isn't proven.
            InvalidRequest: `token` is missing.
            Unavailable: try again (RFC 7009 §2.2.1).
        """
        authenticated = await self._authentication.authenticate(ctx, credentials)
        presented = form.get("token")
        if presented is None:
            await self._authentication.charge(ctx, authenticated)
            raise InvalidRequest("token is missing")
        if "." in presented or is_opaque(presented):
            await self._access(ctx, issuer, authenticated.client, presented)
        else:
            await self._refresh(ctx, authenticated.client, presented)
        await self._authentication.forgive(ctx, authenticated)

    async def _refresh(self, ctx: RequestContext, client: Client, presented: str) -> None:
        found = await self._families.find(ctx, presented)
        if found is not None and found.family.grant.client_id == client.word:
            await self._families.revoke(ctx, found.family.family_id, _RETURNED)

    async def _access(self, ctx: RequestContext, issuer: str, client: Client, presented: str) -> None:
        try:
            token = await self._verifier.verify(ctx, presented, issuer=issuer, audience=None)
        except Unauthenticated:
            return
        if token.client_id == client.word:
            until = datetime.fromtimestamp(token.expires_at, UTC) + LEEWAY
            await self._revocations.revoke(ctx, "jti", token.jti, expires_at=until)
