"""What Shield costs: CPU microseconds a request on an empty Starlette endpoint, with and without it, in one run."""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airside.shield import Policy, Shield

REQUESTS = 2_000
ROUNDS = 15
HEADERS = [
    (b"host", b"id.example.com"),
    (b"user-agent", b"bench/1"),
    (b"accept", b"application/json"),
    (b"authorization", b"Bearer token"),
    (b"content-type", b"application/json"),
    (b"content-length", b"200"),
]


async def _empty(_request: Request) -> Response:
    return Response(b"")


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(_message: MutableMapping[str, Any]) -> None:
    return


def _scope() -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": "/stores/check",
        "raw_path": b"/stores/check",
        "query_string": b"",
        "root_path": "",
        "headers": list(HEADERS),
        "client": ("192.0.2.1", 50000),
        "server": ("192.0.2.2", 443),
        "state": {},
    }


async def _round(app: Callable[..., Awaitable[None]]) -> float:
    started = time.process_time()
    for _ in range(REQUESTS):
        await app(_scope(), _receive, _send)
    return (time.process_time() - started) / REQUESTS * 1e6


async def main() -> None:
    """Interleave rounds of both, so that a noisy neighbour disturbs both alike; print each one's best."""
    bare = Starlette(routes=[Route("/stores/check", _empty, methods=["POST"])])
    shielded = Shield(bare, Policy(allowed_hosts=frozenset({"id.example.com"})))
    await bare(_scope(), _receive, _send)
    await shielded(_scope(), _receive, _send)
    without: list[float] = []
    within: list[float] = []
    for _ in range(ROUNDS):
        without.append(await _round(bare))
        within.append(await _round(shielded))
    alone, behind = min(without), min(within)
    print(f"starlette alone    {alone:6.2f} µs of CPU a request")
    print(f"behind Shield      {behind:6.2f} µs")
    print(f"Shield costs       {behind - alone:6.2f} µs (budget 5)")


if __name__ == "__main__":
    asyncio.run(main())
