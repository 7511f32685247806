"""What SAML identity providers read of a connection: our metadata."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from airside.api.routes.oauth import AnonymousContexts
from airside.api.routes.wellknown import CACHED
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import CONNECTION, parse_id
from airside.federation import SamlParty

METADATA: Final = "/t/{slug}/saml/{connection}/metadata"
MEDIA_TYPE: Final = "application/samlmetadata+xml"


class SamlRoutes:
    """One address of each connection's own."""

    def __init__(self, *, contexts: AnonymousContexts, party: SamlParty) -> None:
        self._contexts = contexts
        self._party = party

    def routes(self) -> list[BaseRoute]:
        """Every route."""
        return [Route(METADATA, self.metadata, methods=["GET"])]

    async def metadata(self, request: Request) -> Response:
        """SAML 2.0 Metadata §4.1: the address that is also the connection's entity id. Raises: NotFound."""
        try:
            connection_id = parse_id(CONNECTION, request.path_params["connection"])
        except InvalidInput:
            raise NotFound("connection") from None
        async with self._contexts.anonymous(request) as ctx:
            document = await self._party.metadata(ctx, connection_id)
        return Response(document, 200, CACHED, MEDIA_TYPE)
