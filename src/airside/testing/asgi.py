"""Requests to an ASGI application in this process, without a socket (ASGI specification, HTTP)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import unquote

from airside.testing.attack import Answer, Send

Application = Callable[[Any, Any, Any], Awaitable[None]]
BROKEN: Final = 500
PATIENCE: Final = 10.0
"""Seconds after which an application is told that nobody waits for its answer any more."""
_CLIENT: Final = ("127.0.0.1", 50_000)
_LOG: Final = logging.getLogger("airside.testing")


def asgi_sender(application: Application, *, host: str, scheme: str = "https") -> Send:
    """Sends to `application`, whose lifespan is its owner's to run, as if it stood at `host`.

    What it raises is an answer of 500, as a server would give, or the status that it had already sent: the attack goes
    on, and finds the fault.
    """

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
        answered = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if asked:
                return asked.pop()
            # A client that has gone gets no whole answer; one that waits for a stream without an end never gets it.
            with suppress(TimeoutError):
                await asyncio.wait_for(answered.wait(), PATIENCE)
            return {"type": "http.disconnect"}

        async def take(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                chunks.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    answered.set()

        try:
            await application(scope, receive, take)
        except Exception:  # noqa: BLE001 — whatever it raises, a server answers
            _LOG.exception("the application raised at %s %s", method, path)
            status = status or BROKEN
        return Answer(status or BROKEN, bytes(chunks))

    return send
