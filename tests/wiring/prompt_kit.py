"""Requests to ask a permission with, good and bad, and both ways in which they are answered."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from airside.shield import Reply, Shield
from airside.wiring.app import application
from airside.wiring.settings import Settings
from tests.running import Running

Pairs = list[tuple[bytes, bytes]]
HEADER = b"airside-consistency-token"
ELSEWHERE = b"OjE="
REQUEST_ID = re.compile(rb"req_[0-9a-z]+")
ANNE = {"user": "user:anne", "relation": "viewer", "object": "doc:1"}


@dataclass(frozen=True)
class Said:
    """An answer without what no two answers share."""

    status: int
    headers: Pairs
    body: bytes


@dataclass(frozen=True)
class Case:
    """A request, as it differs from a good one."""

    body: bytes
    headers: dict[bytes, bytes | None] = field(default_factory=dict[bytes, bytes | None])
    more: Pairs = field(default_factory=list[tuple[bytes, bytes]])
    scope: dict[str, Any] = field(default_factory=dict[str, Any])


def plain(**changes: str) -> bytes:
    return json.dumps({"tuple_key": ANNE | changes}).encode()


def asking(**more: Any) -> bytes:
    return json.dumps({"tuple_key": ANNE, **more}).encode()


AT_ONCE: dict[str, Case] = {
    "yes": Case(plain()),
    "no": Case(plain(user="user:nobody")),
    "an exclusion": Case(plain(user="user:bea", relation="reader")),
    "an object that no tuple names": Case(plain(object="doc:none")),
    "spaces and lines": Case(json.dumps({"tuple_key": ANNE}, indent=3).encode()),
    "least latency": Case(asking(consistency="MINIMIZE_LATENCY")),
    "unspecified": Case(asking(consistency="UNSPECIFIED")),
    "no model named": Case(asking(authorization_model_id="")),
    "a query": Case(plain(), scope={"query_string": b"a=b"}),
    "another scheme of authorization's spelling": Case(plain(), headers={b"authorization": b"bEARER %s"}),
    "an agent": Case(plain(), headers={b"user-agent": b"x" * 999, b"accept": b"*/*", b"x-request-id": b"mine"}),
    "a foreign origin": Case(plain(), headers={b"origin": b"https://evil.example"}),
    "an old client": Case(plain(), scope={"http_version": "1.0"}),
}
OTHERWISE: dict[str, Case] = {
    "a charset": Case(plain(), headers={b"content-type": b"application/json; charset=utf-8"}),
    "the head": Case(asking(consistency="HIGHER_CONSISTENCY")),
    "contextual tuples": Case(asking(contextual_tuples={"tuple_keys": [ANNE | {"user": "user:c"}]})),
    "no contextual tuples": Case(asking(contextual_tuples={"tuple_keys": []})),
    "a context": Case(asking(context={"hour": 23})),
    "a trace": Case(asking(trace=False)),
    "nulls": Case(asking(context=None, contextual_tuples=None, consistency=None)),
    "an unknown field": Case(asking(unknown=1)),
    "an unknown field of the key": Case(plain(unknown="1")),
    "an escape": Case(plain().replace(b"anne", b"\\u0061nne")),
    "a cookie": Case(plain(), headers={b"cookie": b"a=b", b"sec-fetch-site": b"same-origin"}),
    "a foreign cookie": Case(plain(), headers={b"cookie": b"a=b", b"origin": b"https://evil.example"}),
    "a condition without its value": Case(plain(object="doc:2")),
    "nothing": Case(b""),
    "an array": Case(b"[]"),
    "half an object": Case(plain()[:-1]),
    "two objects": Case(plain() * 2),
    "a key twice": Case(plain().replace(b'"user"', b'"user": "user:x", "user"')),
    "a question twice": Case(plain()[:-1] + b", " + plain()[1:]),
    "no number": Case(plain()[:-1] + b', "x": NaN}'),
    "no UTF-8": Case(plain().replace(b"anne", b"\xff")),
    "a key that isn't UTF-8": Case(plain().replace(b'"user"', b'"\xff"')),
    "a byte-order mark": Case(b"\xef\xbb\xbf" + plain()),
    "a control character": Case(plain().replace(b"anne", b"an\x01ne")),
    "a NUL": Case(plain(user="user:an\x00ne")),
    "a lone surrogate": Case(plain().replace(b"anne", b"\\ud800")),
    "depth": Case(asking(context=json.loads("[" * 40 + "]" * 40))),
    "a user that isn't a word": Case(plain(user="anne")),
    "an empty user": Case(plain(user="")),
    "a number for a user": Case(plain().replace(b'"user:anne"', b"7")),
    "an object that is everything": Case(plain(object="doc:*")),
    "an unknown relation": Case(plain(relation="owner")),
    "an unknown type": Case(plain(object="folder:1")),
    "a subject of an unknown type": Case(plain(user="group:1")),
    "no relation": Case(json.dumps({"tuple_key": {"user": "user:anne", "object": "doc:1"}}).encode()),
    "an unknown consistency": Case(asking(consistency="SOON")),
    "a model that isn't there": Case(asking(authorization_model_id="01ARZ3NDEKTSV4RRFFQ69G5FAV")),
    "a model that is a number": Case(asking(authorization_model_id=7)),
    "too many bytes": Case(plain(user="user:" + "x" * 70_000)),
    "a long user": Case(plain(user="user:" + "x" * 600)),
    "text": Case(plain(), headers={b"content-type": b"text/plain"}),
    "no type": Case(plain(), headers={b"content-type": None}),
    "no credential": Case(plain(), headers={b"authorization": None}),
    "an empty credential": Case(plain(), headers={b"authorization": b"Bearer "}),
    "a credential with a space": Case(plain(), headers={b"authorization": b"Bearer %s x"}),
    "another scheme": Case(plain(), headers={b"authorization": b"Basic %s"}),
    "a forged token": Case(plain(), headers={b"authorization": b"Bearer %sA"}),
    "junk for a token": Case(plain(), headers={b"authorization": b"Bearer junk"}),
    "another host": Case(plain(), headers={b"host": b"evil.example"}),
    "no host": Case(plain(), headers={b"host": None}),
    "a host of two": Case(plain(), headers={b"host": b"a, b"}),
    "two hosts": Case(plain(), more=[(b"host", b"evil.example")]),
    "two credentials": Case(plain(), more=[(b"authorization", b"Bearer x")]),
    "two of what may be two": Case(plain(), more=[(b"accept", b"a"), (b"accept", b"b")]),
    "a malformed consistency token": Case(plain(), headers={HEADER: b"\xff\xff"}),
    "another store's consistency token": Case(plain(), headers={HEADER: ELSEWHERE}),
    "no length": Case(plain(), headers={b"content-length": None, b"transfer-encoding": b"chunked"}),
    "a length and chunks": Case(plain(), headers={b"transfer-encoding": b"chunked"}),
    "a length that is none": Case(plain(), headers={b"content-length": b"+1"}),
    "a huge length": Case(plain(), headers={b"content-length": b"99999999"}),
    "clear text": Case(plain(), scope={"scheme": "http"}),
    "a GET": Case(plain(), scope={"method": "GET"}),
    "a PUT": Case(plain(), scope={"method": "PUT"}),
    "an unknown method": Case(plain(), scope={"method": "CHECK"}),
    "HTTP/2 without a length": Case(plain(), headers={b"content-length": None}, scope={"http_version": "2"}),
    "a store that isn't there": Case(plain(), scope={"path": "/stores/01ARZ3NDEKTSV4RRFFQ69G5FAV/check"}),
    "a store that can't be": Case(plain(), scope={"path": "/stores/x/check"}),
    "no store": Case(plain(), scope={"path": "/stores/check"}),
    "an empty store": Case(plain(), scope={"path": "/stores//check"}),
    "a path in the store": Case(plain(), scope={"path": "/stores/a/b/check"}),
    "a dotted path": Case(plain(), scope={"path": "/stores/../check"}),
}


@dataclass(frozen=True)
class Both:
    """The application and its prompt, and a good question to them."""

    app: Shield
    host: bytes
    path: str
    token: bytes

    async def ask(self, case: Case) -> tuple[Said | None, Said]:
        """What is known at once, and what the application says of the same request afterwards."""
        scope = self.scope(case)
        known = self.app.answer(scope, case.body) if self.app.takes(scope) else None
        return None if known is None else said(200, known), await ordinarily(self.app, scope, case.body)

    def scope(self, case: Case) -> dict[str, Any]:
        headers: dict[bytes, bytes | None] = {
            b"host": self.host,
            b"content-type": b"application/json",
            b"content-length": str(len(case.body)).encode(),
            b"authorization": b"Bearer %s",
            **case.headers,
        }
        lines = [(name, value.replace(b"%s", self.token)) for name, value in headers.items() if value is not None]
        path = case.scope.get("path", self.path)
        return {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "client": ("192.0.2.7", 40_000),
            "root_path": "",
            "headers": [*lines, *case.more],
            "state": {},
            **case.scope,
        }


def said(status: int, reply: Reply) -> Said:
    """Without the id of its request."""
    headers = [line for line in reply.headers if line[0] != b"x-request-id"]
    return Said(status, headers, REQUEST_ID.sub(b"", reply.body))


async def ordinarily(app: Callable[..., Awaitable[None]], scope: dict[str, Any], body: bytes) -> Said:
    """Through ASGI, the body in one event."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]
    events: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(event: dict[str, Any]) -> None:
        events.append(event)

    await app(scope, receive, send)
    start, *rest = events
    return said(start["status"], Reply(start["headers"], b"".join(event["body"] for event in rest)))


def application_of(server: Running, **settings: Any) -> Shield:
    made = application(server.services, Settings(mode="development", public_url=server.url, **settings))
    assert isinstance(made, Shield)
    return made
