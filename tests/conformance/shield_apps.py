"""One small application, four times: in Starlette, Flask and Django (by ASGI and by WSGI), each as careless as all.

Frameworks are in debug mode, hosts are anybody's, cookies have no attributes: what holds is what the shield holds.
"""

# Django has no types of its own.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from threading import Thread
from typing import Any, Final

import flask
import uvicorn
import waitress.server
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from airside.shield import STRICT, CorsRule, Policy, Rate, Shield, WsgiShield, passage, protect
from tests.django_settings import django_settings

HOST: Final = "app.example"
FRONT: Final = "https://front.example"
CANARY: Final = "canary-7f3a9c"
POLICY: Final = Policy(
    allowed_hosts=frozenset({HOST}),
    trusted_proxies=("127.0.0.1/32",),
    max_body=1000,
    body_caps={"/upload": 5000},
    max_fields=20,
    body_seconds=0.5,
    rates={"/limited": Rate(2, 60)},
    csps={"/widget": STRICT.adding("img-src", "https://img.example")},
    cors=(CorsRule(prefix="/api", origins=frozenset({FRONT})),),
    foreign_posts=frozenset({"/foreign"}),
    script_cookies=frozenset({"shown"}),
)
PATHS: Final = (
    "fail",
    "page",
    "cookies",
    "length",
    "upload",
    "echo",
    "who",
    "foreign",
    "limited",
    "widget",
    "half",
    "api",
)
Answered = tuple[int, str, bytes | Iterator[bytes], list[tuple[str, str]]]


def answer(where: str, body: Callable[[], bytes], seen: Any, client: str, scheme: str, cookies: bool) -> Answered:
    """What every one of them answers: status, content type, body, header lines."""
    match where:
        case "fail":
            raise RuntimeError(f"password={CANARY}")
        case "half":
            return 200, "text/plain", _half(), []
        case "page":
            nonce = seen.nonce()
            return 200, "text/html", f"<script nonce={nonce}>1</script>".encode(), [("X-Nonce", nonce)]
        case "cookies":
            lines = ["plain=1", "shown=1; SameSite=Strict", "whole=1; Secure; HttpOnly; SameSite=None"]
            return 200, "text/plain", b"", [("Set-Cookie", line) for line in lines]
        case "length" | "upload":
            return 200, "text/plain", str(len(body())).encode(), []
        case "echo":
            return 200, "application/json", json.dumps(json.loads(body())).encode(), []
        case "who":
            return 200, "text/plain", f"{client} {scheme} {seen.client}".encode(), []
        case "foreign":
            return 200, "text/plain", b"cookies" if cookies else b"no cookies", []
        case _:
            return 200, "text/plain", b"here", [("X-Frame-Options", "ALLOWALL"), ("X-Powered-By", "PHP")]


async def _slowly(chunks: Iterator[bytes]) -> AsyncGenerator[bytes]:
    for chunk in chunks:
        yield chunk


def _half() -> Iterator[bytes]:
    yield b"half"
    raise RuntimeError(f"password={CANARY}")


def _starlette() -> Starlette:
    async def view(request: Request) -> Response:
        data = await request.body()
        client = request.client.host if request.client else ""
        cookies = "cookie" in request.headers
        where = request.url.path[1:]
        status, kind, body, lines = answer(
            where, lambda: data, passage(request.scope), client, request.url.scheme, cookies
        )
        made = (
            PlainTextResponse(body, status, media_type=kind)
            if isinstance(body, bytes)
            else StreamingResponse(body, status, media_type=kind)
        )
        for name, value in lines:
            made.headers.append(name, value)
        return made

    return Starlette(debug=True, routes=[Route(f"/{name}", view, methods=["GET", "POST"]) for name in PATHS])


def _flask() -> Callable[..., Any]:
    app = flask.Flask(__name__)
    app.debug = True

    def view() -> flask.Response:
        asked = flask.request
        seen = passage(asked.environ)
        status, kind, body, lines = answer(
            asked.path[1:], asked.get_data, seen, asked.remote_addr or "", asked.scheme, "Cookie" in asked.headers
        )
        made = flask.Response(body, status, content_type=kind)
        for name, value in lines:
            made.headers.add(name, value)
        return made

    for name in PATHS:
        app.add_url_rule(f"/{name}", name, view, methods=["GET", "POST"])
    return app.wsgi_app


def _view(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    meta: dict[str, Any] = request.META
    seen = passage(meta) if "airside" in meta else passage(request.scope)  # pyright: ignore[reportAttributeAccessIssue]
    cookies = bool(request.COOKIES)
    status, kind, body, lines = answer(
        request.path[1:], lambda: request.body, seen, meta["REMOTE_ADDR"], request.scheme or "", cookies
    )
    made = (
        HttpResponse(body, status=status, content_type=kind)
        if isinstance(body, bytes)
        else StreamingHttpResponse(body if "airside" in meta else _slowly(body), status=status, content_type=kind)
    )
    for name, value in lines:
        if name == "Set-Cookie":  # Django keeps one line a name, and cookies apart
            made.cookies.load(value)
        else:
            made[name] = value
    return made


urlpatterns = [path(name, _view) for name in PATHS]


def _django() -> AbstractContextManager[None]:
    return django_settings(DEBUG=True, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__)


def made(name: str) -> Shield | WsgiShield:
    """The application of that name behind the shield."""
    match name:
        case "starlette":
            return protect(_starlette(), POLICY)
        case "flask":
            return protect(_flask(), POLICY)
        case "django-asgi":
            with _django():
                return protect(get_asgi_application(), POLICY)
        case _:
            with _django():
                return protect(get_wsgi_application(), POLICY)


@asynccontextmanager
async def served(app: Shield | WsgiShield) -> AsyncGenerator[int]:
    """`app` on a port of loopback, by uvicorn or by waitress."""
    with _django():
        listener = socket.create_server(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        if isinstance(app, Shield):
            server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", proxy_headers=False))
            task = asyncio.create_task(server.serve([listener]))
            while not server.started:  # noqa: ASYNC110 - uvicorn offers a flag, not an event
                await asyncio.sleep(0.01)
            yield port
            server.should_exit = True
            await task
        else:
            # Its own way with forwarded headers is to take them away.
            waiting: Any = waitress.server.create_server(app, sockets=[listener], clear_untrusted_proxy_headers=False)
            thread = Thread(target=waiting.run, daemon=True)
            thread.start()
            yield port
            waiting.trigger.pull_trigger(waiting.close)
            await asyncio.to_thread(thread.join, 5)
            waiting.task_dispatcher.shutdown()
