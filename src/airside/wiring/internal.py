"""The internal listener's application: `/metrics` and nothing else, for whoever runs the machine."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

METRICS = "/metrics"

Exposition: TypeAlias = Callable[[str], tuple[bytes, str]]
"""By what the reader accepts (`Accept`): the text, and its content type."""


@dataclass(frozen=True)
class Internal:
    """What is served inside, and where."""

    app: ASGIApp
    host: str
    port: int


def internal(exposition: Exposition, *, host: str, port: int) -> Internal:
    """`exposition` at `/metrics`. Rendering some thousand lines is done beside the loop, not under the requests."""

    async def metrics(request: Request) -> Response:
        body, kind = await asyncio.to_thread(exposition, request.headers.get("accept", ""))
        return Response(body, headers={"content-type": kind, "cache-control": "no-store"})

    served = Starlette(routes=[Route(METRICS, metrics)])
    served.router.redirect_slashes = False
    return Internal(served, host, port)
