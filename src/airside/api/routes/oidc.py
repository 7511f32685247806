"""What foreign OpenID Connect issuers ask of a connection: its keys, and to hear that a session is over."""

from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from airside.api.routes.oauth import NO_STORE, AnonymousContexts
from airside.api.routes.oauth_forms import read_body
from airside.api.routes.wellknown import CACHED
from airside.core.errors import InvalidInput, NotFound, TooLarge
from airside.core.ids import CONNECTION, parse_id
from airside.core.strict_json import dumps
from airside.federation import OwnKeys, ProviderLogouts
from airside.protocols.oauth import ErrorCode, error_body

KEYS: Final = "/t/{slug}/oidc/{connection}/jwks"
BACKCHANNEL: Final = "/t/{slug}/oidc/{connection}/backchannel"
FIELD: Final = "logout_token"


class OidcRoutes:
    """Two addresses of each connection's own."""

    def __init__(self, *, contexts: AnonymousContexts, keys: OwnKeys, logouts: ProviderLogouts) -> None:
        self._contexts = contexts
        self._keys = keys
        self._logouts = logouts

    def routes(self) -> list[BaseRoute]:
        """Every route."""
        return [Route(KEYS, self.jwks, methods=["GET"]), Route(BACKCHANNEL, self.backchannel, methods=["POST"])]

    async def jwks(self, request: Request) -> Response:
        """RFC 7517 §5. Raises: NotFound."""
        async with self._contexts.anonymous(request) as ctx:
            keys = await self._keys.jwks(ctx, _connection(request))
        return Response(dumps(keys), 200, CACHED, "application/jwk-set+json")

    async def backchannel(self, request: Request) -> Response:
        """Back-Channel Logout 1.0 §2.5, §2.8: 200, or 400 where the token counts for nothing; why is told to nobody.
        Raises: NotFound, LimitExceeded, Unavailable."""
        async with self._contexts.anonymous(request) as ctx:
            connection_id = _connection(request)
            try:
                form = await read_body(request)
                await self._logouts.accept(ctx, connection_id, form.get(FIELD, ""))
            except (InvalidInput, TooLarge):
                return Response(dumps({**error_body(ErrorCode.INVALID_REQUEST)}), 400, NO_STORE, "application/json")
        return Response(b"", 200, NO_STORE)


def _connection(request: Request) -> UUID:
    try:
        return parse_id(CONNECTION, request.path_params["connection"])
    except InvalidInput:
        raise NotFound("connection") from None
