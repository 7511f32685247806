"""The revocation feed as server-sent events (HTML Living Standard §9.2), for whoever can hold a connection open."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from airside.access import Authorise
from airside.access.problems import refusal_response
from airside.access.rights import READ_REVOCATIONS
from airside.core.errors import LimitExceeded, Refusal, Unavailable
from airside.core.strict_json import dumps
from airside.revocation import Page, Revocations
from airside.store import RequestContext
from airside.store.followers import Follower

HEARTBEAT: Final = 15.0
"""Seconds of silence after which a comment is sent, and the caller's right and what is revoked are looked at again."""
HEADERS: Final = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_BEAT: Final = b":\n\n"


class BearerContexts(Protocol):
    """Opens the context of the tenant in the path for the holder of a bearer token. `access.Contexts` does."""

    def bearer(self, request: Request) -> AbstractAsyncContextManager[RequestContext]:
        """Raises: NotFound, Unauthenticated."""
        ...


class RevocationStream:
    """Streams one tenant's revocations to one follower."""

    def __init__(self, *, contexts: BearerContexts, authorise: Authorise, revocations: Revocations) -> None:
        self._contexts = contexts
        self._authorise = authorise
        self._revocations = revocations

    async def open(self, request: Request, after: str) -> ASGIApp:
        """An answer that goes on: every entry in force that `after` hasn't seen, then each as it comes. An event's id
        is a cursor, of the stream as of the pages.

        Raises:
            NotFound, Unauthenticated, Forbidden: not for this caller.
        """
        async with self._contexts.bearer(request) as ctx:
            await self._authorise(ctx, READ_REVOCATIONS)
            tenant_id = ctx.tenant_id

        async def respond(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                with self._revocations.followers.follow(tenant_id) as follower:
                    await self._stream(request, after, follower, receive, send)
            except (LimitExceeded, Unavailable) as refusal:  # before anything was sent: `_follow` folds its own
                answer = await refusal_response(request, refusal)
                await answer(scope, receive, send)

        return respond

    async def _stream(self, request: Request, after: str, follower: Follower, receive: Receive, send: Send) -> None:
        leaving = asyncio.create_task(_until_gone(receive, follower))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await send({"type": "http.response.body", "body": _BEAT, "more_body": True})
            await self._follow(request, after, follower, send)
            await send({"type": "http.response.body", "body": b""})
        finally:
            leaving.cancel()

    async def _follow(
        self,
        request: Request,
        cursor: str,
        follower: Follower,
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        while not follower.ended:
            try:
                # A context for each page: whose token has run out or been revoked since gets nothing more.
                async with self._contexts.bearer(request) as ctx:
                    await self._authorise(ctx, READ_REVOCATIONS)
                    page = await self._revocations.follow(ctx, cursor)
            except Refusal:  # the stream ends; whoever comes back is told why
                return
            cursor = page.cursor
            if page.entries:
                await send({"type": "http.response.body", "body": events(page), "more_body": True})
            elif not await follower.news(HEARTBEAT):
                await send({"type": "http.response.body", "body": _BEAT, "more_body": True})


def events(page: Page) -> bytes:
    """The page's entries, one event each."""
    told = zip(page.cursors(), page.entries, strict=True)
    return b"".join(
        b"id: " + cursor.encode() + b"\nevent: revocation\ndata: " + dumps(entry.wire()) + b"\n\n"
        for cursor, entry in told
    )


async def _until_gone(receive: Receive, follower: Follower) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    follower.end()
