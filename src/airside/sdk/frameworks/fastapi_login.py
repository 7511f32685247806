"""Sign-in for a FastAPI application that renders its own pages: a router, and a dependency for each page."""

from collections.abc import Awaitable, Callable
from typing import get_args

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response

from airside.core.errors import Refusal
from airside.sdk.frameworks.demands import Demand, demand
from airside.sdk.frameworks.doors import CSRF_HEADER, DOORS, FORM_TYPE, HEADERS, Door, SignInFirst, Visit, answer, enter
from airside.sdk.frameworks.fastapi import Airside
from airside.sdk.frameworks.refusals import answer_to
from airside.sdk.login import Reply, WebSession
from airside.shield import passage

Page = Callable[[Request], Awaitable[WebSession]]


class Pages:
    """Puts `login`, `callback`, `logout` and `backchannel-logout` below `prefix` of `app`, which is `protect`ed. The
    shield's policy names `{prefix}/backchannel-logout` among its `foreign_posts`."""

    def __init__(self, airside: Airside, app: FastAPI, *, prefix: str = "/auth") -> None:
        self._airside = airside
        self._prefix = prefix
        router = APIRouter(prefix=prefix, include_in_schema=False)
        for door in get_args(Door):
            router.add_api_route(f"/{door}", self._endpoint(door), methods=[DOORS[door]])
        app.include_router(router)
        app.add_exception_handler(SignInFirst, _sign_in_first)

    @property
    def user(self) -> Page:
        """Dependency: the session of whoever is signed in."""
        return self._page(None)

    def require(self, *, scope: str | None = None, permission: str | None = None, acr: str | None = None) -> Page:
        """Dependency: the session of whoever may; as `Airside.require`. Who has to prove more signs in again.

        Raises:
            Misconfigured: none is named, or one that can't be meant.
        """
        return self._page(demand(scope, permission, acr))

    def _page(self, wanted: Demand | None) -> Page:
        async def page(request: Request) -> WebSession:
            door = f"{self._prefix}/login"
            return await enter(self._airside, wanted, await _visit(request), request.path_params, door=door)

        return page

    def _endpoint(self, door: Door) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return _response(await answer(self._airside, door, await _visit(request)))

        return endpoint


async def _visit(request: Request) -> Visit:
    urlencoded = request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM_TYPE
    return Visit(
        request.method,
        request.scope["path"],
        bytes(request.scope["query_string"]).decode("latin-1"),
        "; ".join(request.headers.getlist("cookie")),
        await request.body() if urlencoded else b"",
        request.headers.get(CSRF_HEADER, ""),
    )


def _response(reply: Reply) -> Response:
    response = Response(reply.body, reply.status, HEADERS | ({"location": reply.location} if reply.location else {}))
    for cookie in reply.cookies:
        response.headers.append("set-cookie", cookie.render())
    return response


async def _sign_in_first(request: Request, error: Exception) -> Response:
    if isinstance(error, SignInFirst) and request.method in ("GET", "HEAD"):
        return _response(Reply(303, location=error.location))
    refused = answer_to(error, passage(request.scope).request_id) if isinstance(error, Refusal) else None
    if refused is None:
        raise error
    return Response(refused.body, refused.status, refused.headers)
