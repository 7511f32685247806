"""What Shield costs: CPU microseconds a request on an empty Starlette endpoint, with and without it, in one run: a page
that is asked for, and JSON that is sent; and what importing it costs, in milliseconds of a process of its own."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airside.shield import Policy, Rate, protect
from bench.calibration import loop_seconds

REQUESTS = 2_000
ROUNDS = 15
HEADERS = [
    (b"host", b"id.example.com"),
    (b"user-agent", b"bench/1"),
    (b"accept", b"application/json"),
    (b"authorization", b"Bearer token"),
    (b"content-type", b"application/json"),
    (b"content-length", b"100"),
]


PAGE = HEADERS[:3]


async def _empty(_request: Request) -> Response:
    return Response(b"")


BODY = b'{"tuple_key":{"user":"user:anne","relation":"viewer","object":"document:roadmap"},"context":{"a":1}}'


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": BODY, "more_body": False}


async def _send(_message: MutableMapping[str, Any]) -> None:
    return


def _scope(method: str) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": "/stores/check",
        "raw_path": b"/stores/check",
        "query_string": b"",
        "root_path": "",
        "headers": list(HEADERS if method == "POST" else PAGE),
        "client": ("192.0.2.1", 50000),
        "server": ("192.0.2.2", 443),
        "state": {},
    }


async def _round(app: Callable[..., Awaitable[None]], method: str = "POST") -> float:
    started = time.process_time()
    for _ in range(REQUESTS):
        await app(_scope(method), _receive, _send)
    return (time.process_time() - started) / REQUESTS * 1e6


HOSTS = frozenset({"id.example.com"})
POLICIES = {
    "by default": Policy(allowed_hosts=HOSTS),
    "as the server has it": Policy(
        allowed_hosts=HOSTS,
        strict_json=False,
        harden_cookies=False,
        error_pages=True,
        body_seconds=0,
        max_fields=0,
    ),
    "rate and slow bodies": Policy(allowed_hosts=HOSTS, strict_json=False, rate=Rate(10**9, 1)),
    "by default, with a rate": Policy(allowed_hosts=HOSTS, rate=Rate(10**9, 1)),
}
IMPORTS = ("pass", "import airside", "import airside.shield", "import airside.sdk")
BEST_OF = 7


def _import_time(statement: str) -> float:
    """The best of several whole processes, in milliseconds of wall-clock time."""
    spans: list[float] = []
    for _ in range(BEST_OF):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        spans.append((time.perf_counter() - started) * 1e3)
    return min(spans)


async def main() -> None:
    """Interleave rounds of all, so that a noisy neighbour disturbs all alike; print each one's best."""
    bare = Starlette(routes=[Route("/stores/check", _empty, methods=["GET", "POST"])])
    apps: dict[str, Callable[..., Awaitable[None]]] = {"": bare}
    apps |= {name: protect(bare, policy) for name, policy in POLICIES.items()}
    best = {(method, name): float("inf") for method in ("GET", "POST") for name in apps}
    for _ in range(ROUNDS):
        for (method, name), before in best.items():
            best[method, name] = min(before, await _round(apps[name], method))
    print(f"10^7 additions in Python {loop_seconds():5.2f} s of CPU")
    for (method, name), spent in best.items():
        if not name:
            print(f"starlette alone         {spent:6.2f} µs of CPU a {method}")
        else:
            print(f"{name:<23} {spent - best[method, '']:+6.2f} µs (budget 15)")
    empty = _import_time(IMPORTS[0])
    for statement in IMPORTS[1:]:
        print(f"{statement:<23} {_import_time(statement) - empty:+6.0f} ms (budget 150), over {empty:.0f} of Python")


if __name__ == "__main__":
    asyncio.run(main())
