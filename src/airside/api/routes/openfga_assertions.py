"""OpenFGA's assertions: what a model is expected to answer."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from airside.api.routes.openfga_wire import MAX_LARGE_BODY, ContextFor, answer, decode, read_body, store_of
from airside.permissions import Permissions
from airside.permissions.assertions import Assertion


class AssertionsBody(msgspec.Struct):
    assertions: list[Assertion]


class AssertionRoutes:
    """Each handler: read, say one verb, render."""

    def __init__(self, permissions: Permissions, context: ContextFor) -> None:
        self._assertions = permissions.assertions
        self._context = context

    async def read(self, request: Request) -> Response:
        """`GET …/assertions/{model_id}`."""
        async with self._context(request, "permissions:read") as ctx:
            model_id = str(request.path_params["model_id"])
            found = await self._assertions.read(ctx, store_of(request), model_id)
        return answer({"authorization_model_id": model_id, "assertions": found})

    async def write(self, request: Request) -> Response:
        """`PUT …/assertions/{model_id}`."""
        async with self._context(request, "permissions:write") as ctx:
            store_id = store_of(request)
            body = decode(await read_body(request, MAX_LARGE_BODY), AssertionsBody, MAX_LARGE_BODY)
            await self._assertions.write(ctx, store_id, str(request.path_params["model_id"]), body.assertions)
        return Response(status_code=204)
