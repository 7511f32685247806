"""A browser made of dictionaries: asks an ASGI application in one process, and keeps what it sent."""

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from airside.shield import Policy

HOST = "id.example.com"
Pairs = Sequence[tuple[str, str]]

LAWFUL = [
    "Bonjour\u00a0!",  # no-break space
    "日本\u3000語",  # ideographic space
    "می\u200cخواهم",  # Persian, which joins no letters there
    "👨\u200d👩\u200d👧",
    "\U0001fae8",  # an emoji of 2022, of which Python 3.11 knows nothing
    "co\u00adoperate",  # soft hyphen
]
MISLEADING = "\0\t\n\r\f\x1b\x7f\x85\u2028\u2029\u200e\u200f\u202a\u202e\u2066\u2069\ud800"


@dataclass(frozen=True)
class Reply:
    status: int
    lines: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.lines if key == name]

    def __getitem__(self, name: str) -> str:
        """The header, which must be there exactly once."""
        (value,) = self.all(name)
        return value

    @property
    def code(self) -> str:
        assert self["content-type"] == "application/problem+json"
        return json.loads(self.body)["code"]


def policy(**settings: Any) -> Policy:
    known: dict[str, Any] = {"allowed_hosts": frozenset({HOST})}
    return Policy(**{**known, **settings})


def scope_of(method: str, target: str, headers: Pairs, **more: Any) -> dict[str, Any]:
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": ("192.0.2.7", 40000),
        **more,
    }


async def ask(
    app: Callable[..., Awaitable[None]],
    method: str = "GET",
    target: str = "/",
    headers: Iterable[tuple[str, str]] = (),
    *,
    body: Sequence[bytes] = (b"",),
    host: str | None = HOST,
    **more: Any,
) -> Reply:
    lines = [*headers, *([] if host is None else [("host", host)])]
    sent: list[dict[str, Any]] = []
    chunks = list(body)

    async def receive() -> dict[str, Any]:
        if not chunks:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope_of(method, target, lines, **more), receive, send)
    assert [message["type"] for message in sent[:1]] == ["http.response.start"]
    text = b"".join(message.get("body", b"") for message in sent[1:])
    return Reply(sent[0]["status"], [(k.decode(), v.decode("latin-1")) for k, v in sent[0]["headers"]], text)


class Echo:
    """Answers 200, reads the body to its end, and keeps the scopes and bodies that reached it."""

    def __init__(self, *headers: tuple[bytes, bytes], status: int = 200) -> None:
        self.headers = headers
        self.status = status
        self.scopes: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.bodies.append(body)
        await send({"type": "http.response.start", "status": self.status, "headers": list(self.headers)})
        await send({"type": "http.response.body", "body": b"app"})

    @property
    def cookies(self) -> list[bytes]:
        return [value for scope in self.scopes for name, value in scope["headers"] if name == b"cookie"]
