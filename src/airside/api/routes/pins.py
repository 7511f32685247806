"""The pins of this server's keys, for clients that take no other certificate than one of these."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airside.api.routes.wellknown import CACHED
from airside.core.errors import InvalidInput, NotFound
from airside.protocols.pins import PATH
from airside.transport import ServedPins


class PinRoutes:
    """One public document; without backup pins there is none, for nobody should pin a key that has no successor."""

    def __init__(self, *, pins: ServedPins | None) -> None:
        self._pins = pins

    def routes(self) -> list[Route]:
        """Every route."""
        return [Route(PATH, self.document, methods=["GET"])]

    async def document(self, request: Request) -> Response:
        """For the host that was asked, which is one of ours (the shield lets through no other). Raises: NotFound."""
        if self._pins is None:
            raise NotFound("no pins")
        try:
            found = self._pins.of((request.url.hostname or "").lower())
        except InvalidInput:
            raise NotFound("no host with pins") from None
        return Response(found.document(), 200, CACHED, "application/json")
