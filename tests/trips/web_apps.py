"""One page behind a sign-in, in each framework, over real sockets."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import include, path  # pyright: ignore[reportUnknownVariableType]
from fastapi import Depends, FastAPI
from flask import Flask

from airside.sdk.frameworks.application import Application
from airside.sdk.frameworks.django import Airside as DjangoAirside
from airside.sdk.frameworks.django_login import Pages as DjangoPages
from airside.sdk.frameworks.fastapi import Airside as FastApiAirside
from airside.sdk.frameworks.fastapi_login import Pages as FastApiPages
from airside.sdk.frameworks.flask import Airside as FlaskAirside
from airside.sdk.frameworks.flask_login import Pages as FlaskPages
from airside.sdk.login import WebSession
from airside.shield import Policy
from tests.sdk.peer import serve
from tests.sdk.web import HOST, configured_django, serve_wsgi, urlpatterns

Options = dict[str, Any]
Serve = Callable[[Options], AbstractAsyncContextManager[str]]


def told(session: WebSession) -> str:
    """What the page shows: the person, and the token for its form."""
    return f"{session.token.subject} {session.csrf}"


@asynccontextmanager
async def fastapi(options: Options) -> AsyncGenerator[str]:
    airside, app = FastApiAirside(**options), FastAPI()
    policy = Policy(
        allowed_hosts=frozenset({HOST}),
        https_redirect=False,
        foreign_posts=frozenset({"/auth/backchannel-logout"}),
        max_body=100_000,
    )
    airside.protect(app, policy)
    pages = FastApiPages(airside, app)

    @app.api_route("/page", methods=["GET", "POST"])
    async def page(session: Annotated[WebSession, Depends(pages.user)]) -> str:
        return told(session)

    @app.get("/read/{what:path}")
    async def read(session: Annotated[WebSession, Depends(pages.user)], what: str) -> str:
        return f"{what} {told(session)}"

    @app.get("/strong")
    async def strong(session: Annotated[WebSession, Depends(pages.require(acr="aal2"))]) -> str:
        return told(session)

    async with serve(app, lifespan="on") as port:
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def flask(options: Options) -> AsyncGenerator[str]:
    airside, app = FlaskAirside(lambda: Application(**options)), Flask("app")
    pages = FlaskPages(airside, app)

    @app.route("/page", methods=["GET", "POST"])
    @pages.user
    def page() -> str:
        return told(pages.session)

    @app.get("/read/<path:what>")
    @pages.user
    def read(what: str) -> str:
        return f"{what} {told(pages.session)}"

    @app.get("/strong")
    @pages.require(acr="aal2")
    def strong() -> str:
        return told(pages.session)

    try:
        async with serve_wsgi(app) as address:
            yield address
    finally:
        airside.close()


@asynccontextmanager
async def django(options: Options) -> AsyncGenerator[str]:
    airside = DjangoAirside(lambda: Application(**options))
    pages = DjangoPages(airside)

    @pages.user
    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(told(pages.session(request)).encode())

    @pages.user
    def read(request: HttpRequest, what: str) -> HttpResponse:
        return HttpResponse(f"{what} {told(pages.session(request))}".encode())

    @pages.require(acr="aal2")
    def strong(request: HttpRequest) -> HttpResponse:
        return HttpResponse(told(pages.session(request)).encode())

    urlpatterns[:] = [
        path("auth/", include(pages.urls)),
        path("page", page),
        path("read/<path:what>", read),
        path("strong", strong),
    ]
    try:
        with configured_django():
            async with serve_wsgi(WSGIHandler()) as address:
                yield address
    finally:
        airside.close()
