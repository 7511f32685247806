"""The keys of connections that prove themselves by one: made here, published, renewed."""

from uuid import UUID

from airside.core.errors import InvalidInput, NotFound
from airside.core.strict_json import Json
from airside.federation.connections import Connections
from airside.federation.oidc_keys import own_jwks, own_keys, renewed
from airside.federation.settings import OidcSettings
from airside.store.context import RequestContext


class OwnKeys:
    """What a provider is given to know a connection by (`private_key_jwt`, OpenID Connect Core §9)."""

    def __init__(self, *, connections: Connections) -> None:
        self._connections = connections

    async def jwks(self, ctx: RequestContext, connection_id: UUID) -> dict[str, Json]:
        """The public halves, for anybody (RFC 7517 §5).

        Raises:
            NotFound: no such active connection, or one that doesn't prove itself so: never told apart.
        """
        connection = await self._connections.active(ctx, connection_id, "oidc")
        keys = (await self._connections.secrets(ctx, connection_id)).private_keys
        settings = connection.settings
        if keys is None or not isinstance(settings, OidcSettings):
            raise NotFound("connection")
        if settings.token_endpoint_auth_method != "private_key_jwt":
            raise NotFound("connection")
        return own_jwks(own_keys(keys, kept=True))

    async def renew(self, ctx: RequestContext, connection_id: UUID) -> None:
        """Sign with a new key from now on. Those before it stay published, so that a provider that looks seldom goes on
        knowing us.

        Raises:
            NotFound: not there, or not this tenant's.
            InvalidInput: the connection doesn't prove itself by a key of its own.
        """
        settings = (await self._connections.get(ctx, connection_id)).settings
        if not isinstance(settings, OidcSettings) or settings.token_endpoint_auth_method != "private_key_jwt":
            raise InvalidInput("no key of its own", pointer="settings.token_endpoint_auth_method")
        keys = (await self._connections.secrets(ctx, connection_id)).private_keys
        await self._connections.set_private_keys(ctx, connection_id, renewed(keys))
