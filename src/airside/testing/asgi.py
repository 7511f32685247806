"""Requests to an ASGI application in this process, without a socket (ASGI specification, HTTP)."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import unquote

from airside.testing.attack import Answer, Send

Application = Callable[[Any, Any, Any], Awaitable[None]]
_CLIENT: Final = ("127.0.0.1", 50_000)


def asgi_sender(application: Application, *, host: str, scheme: str = "https") -> Send:
    """Sends to `application`, whose lifespan is its owner's to run, as if it stood at `host`."""

    async def send(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        path, _, query = target.partition("?")
        lines = [(b"host", host.encode()), (b"content-length", str(len(body)).encode())]
        lines += [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": scheme,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": lines,
            "client": _CLIENT,
            "server": (host, 443),
        }
        asked = [{"type": "http.request", "body": body, "more_body": False}]
        status, chunks = 0, bytearray()

        async def receive() -> dict[str, Any]:
            return asked.pop() if asked else {"type": "http.disconnect"}

        async def take(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                chunks.extend(message.get("body", b""))

        await application(scope, receive, take)
        return Answer(status, bytes(chunks))

    return send
