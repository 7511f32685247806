"""One small application in each framework that doesn't await, behind Airside, over real sockets."""

import ssl
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.decorators import method_decorator  # pyright: ignore[reportUnknownVariableType]
from django.views import View
from django.views.decorators.csrf import csrf_exempt  # pyright: ignore[reportUnknownVariableType]
from flask import Flask
from werkzeug.serving import make_server

from airside.sdk import TupleKey
from airside.sdk.frameworks.application import Application
from airside.sdk.frameworks.certificates import CertificateSource, of_nobody
from airside.sdk.frameworks.django import Airside as DjangoAirside
from airside.sdk.frameworks.flask import Airside as FlaskAirside
from tests.django_settings import django_settings
from tests.sdk.peer import serve

HOST = "app.test"
Make = Callable[[], Application]
Serve = Callable[[Make], AbstractAsyncContextManager[str]]
urlpatterns: list[Any] = []
"""Django's, of the application that is served now."""


def configured_django() -> AbstractContextManager[None]:
    """As little as there can be."""
    return django_settings(ALLOWED_HOSTS=[HOST], ROOT_URLCONF=__name__, DEBUG=False)


@asynccontextmanager
async def serve_wsgi(application: Any, tls: ssl.SSLContext | None = None) -> AsyncGenerator[str]:
    """The application on threads, at an address of loopback."""
    server = make_server("127.0.0.1", 0, application, threaded=True, ssl_context=tls)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@asynccontextmanager
async def flask(
    make: Make,
    *,
    certificates: CertificateSource = of_nobody,
    tls: ssl.SSLContext | None = None,
    around: Callable[[Any], Any] = lambda app: app,
) -> AsyncGenerator[str]:
    airside, app = FlaskAirside(make, certificates=certificates), Flask("app")

    @app.get("/me")
    @airside.user
    def me() -> str:
        return airside.token.subject

    @app.get("/things/<id>")
    @airside.require(scope="notes:read", permission="note:{id}#editor")
    def thing(id: str) -> str:
        return f"{airside.token.subject} {id}"

    @app.get("/strong")
    @airside.require(acr="aal2")
    def strong() -> str:
        return "strong"

    @app.post("/things/<id>")
    @airside.require(scope="notes:write")
    def give(id: str) -> str:
        return airside.permission(lambda ask: ask.write([TupleKey("user:usr_1", "editor", f"note:{id}")]))

    @app.get("/open")
    def open_() -> str:
        return airside.token.subject

    try:
        async with serve_wsgi(around(app), tls) as address:
            yield address
    finally:
        airside.close()


def _django(airside: DjangoAirside) -> None:
    @airside.user
    def me(request: HttpRequest) -> HttpResponse:
        return HttpResponse(airside.token(request).subject.encode())

    @airside.require(scope="notes:read", permission="note:{id}#editor")
    def thing(request: HttpRequest, id: str) -> HttpResponse:
        return HttpResponse(f"{airside.token(request).subject} {id}".encode())

    @airside.require(acr="aal2")
    async def strong(request: HttpRequest) -> HttpResponse:
        return HttpResponse(b"strong")

    @airside.require(scope="notes:write")
    def give(request: HttpRequest, id: str) -> HttpResponse:
        key = TupleKey("user:usr_1", "editor", f"note:{id}")
        return HttpResponse(airside.permission(lambda ask: ask.write([key])).encode())

    def thing_or_give(request: HttpRequest, id: str) -> HttpResponse:
        return (give if str(request.method) == "POST" else thing)(request, id=id)

    def open_(request: HttpRequest) -> HttpResponse:
        return HttpResponse(airside.token(request).subject.encode())

    class Plain(View):
        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse(airside.token(request).subject.encode())

    class Awaiting(View):
        async def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse(airside.token(request).subject.encode())

    def of_class(kind: type[View], *decorators: Any) -> Any:
        own: Any = type(kind.__name__, (kind,), {})
        method_decorator(decorators, name="dispatch")(own)
        return own.as_view()

    urlpatterns[:] = [
        path("plain", of_class(Plain, airside.user)),
        path("awaiting", of_class(Awaiting, airside.user)),
        path("exempt-above", of_class(Awaiting, csrf_exempt, airside.user)),
        path("exempt-below", of_class(Awaiting, airside.user, csrf_exempt)),
        path("me", me),
        path("things/<id>", thing_or_give),
        path("strong", strong),
        path("open", open_),
    ]


@asynccontextmanager
async def django_wsgi(
    make: Make,
    *,
    certificates: CertificateSource = of_nobody,
    tls: ssl.SSLContext | None = None,
    around: Callable[[Any], Any] = lambda app: app,
) -> AsyncGenerator[str]:
    airside = DjangoAirside(make, certificates=certificates)
    _django(airside)
    try:
        with configured_django():
            async with serve_wsgi(around(WSGIHandler()), tls) as address:
                yield address
    finally:
        airside.close()


@asynccontextmanager
async def django_asgi(
    make: Make,
    *,
    certificates: CertificateSource = of_nobody,
    around: Callable[[Any], Any] = lambda app: app,
) -> AsyncGenerator[str]:
    airside = DjangoAirside(make, certificates=certificates)
    _django(airside)
    try:
        with configured_django():
            async with serve(around(ASGIHandler())) as port:
                yield f"http://127.0.0.1:{port}"
    finally:
        airside.close()
