"""A tenant's SCIM service, `/t/{slug}/scim/v2/…` (RFC 7644 §3): bytes to a `ScimCall`, a `ScimAnswer` to bytes."""

from typing import Final
from uuid import UUID

from scim2_server.responses import SCIM_MEDIA_TYPE
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from airside.access import Issuers
from airside.api.routes.oauth import NO_STORE, AnonymousContexts
from airside.federation.scim.door import Scim, ScimCall
from airside.store import Address

ROOT: Final = "/t/{slug}/scim/v2"
LARGE: Final = (ROOT + "/Bulk", ROOT + "/Groups", ROOT + "/Groups/{resource_id}")
"""What takes more than other routes: many operations, or many members."""
_NOBODY: Final = UUID(int=0)
_READ: Final = ("if-match", "if-none-match", "content-type")
_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class ScimRoutes:
    """Every address of the service; what isn't one is told as SCIM tells it."""

    def __init__(self, *, contexts: AnonymousContexts, issuers: Issuers, scim: Scim) -> None:
        self._contexts = contexts
        self._issuers = issuers
        self._scim = scim

    def routes(self) -> list[BaseRoute]:
        """Every route."""
        return [
            Route(ROOT + "/Users", self.answer, methods=["GET", "POST"]),
            Route(ROOT + "/Users/.search", self.answer, methods=["POST"]),
            Route(ROOT + "/Users/{resource_id}", self.answer, methods=["GET", "PUT", "PATCH", "DELETE"]),
            Route(ROOT + "/Groups", self.answer, methods=["GET", "POST"]),
            Route(ROOT + "/Groups/.search", self.answer, methods=["POST"]),
            Route(ROOT + "/Groups/{resource_id}", self.answer, methods=["GET", "PUT", "PATCH", "DELETE"]),
            Route(ROOT + "/Bulk", self.answer, methods=["POST"]),
            Route(ROOT + "/{endpoint}", self.answer, methods=_METHODS),
            Route(ROOT + "/{endpoint}/{resource_id}", self.answer, methods=_METHODS),
        ]

    async def answer(self, request: Request) -> Response:
        """Whatever the library says of it."""
        base = self._issuers.of(Address(str(request.path_params["slug"]), _NOBODY)) + "/scim/v2"
        call = ScimCall(
            method=request.method,
            base_url=base,
            path=str(request.scope["path"]).partition("/scim/v2")[2],
            query=request.query_params.multi_items(),
            headers={name: value for name in _READ if (value := request.headers.get(name)) is not None},
            authorization=request.headers.getlist("authorization"),
            body=await request.body(),
        )
        answered = await self._scim.answer(lambda: self._contexts.anonymous(request), call)
        headers = {name: value for name, value in answered.headers.items() if name.lower() != "content-type"}
        media = None if answered.body is None else SCIM_MEDIA_TYPE
        return Response(answered.body, answered.status, {**NO_STORE, **headers}, media)
