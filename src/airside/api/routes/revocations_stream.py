"""The revocation feed as server-sent events (HTML Living Standard §9.2), for whoever can hold a connection open."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from airside.access import Authorise
from airside.access.problems import refusal_response
from airside.access.rights import READ_REVOCATIONS
from airside.api.event_stream import stream
from airside.core.errors import LimitExceeded, Unavailable
from airside.core.strict_json import dumps
from airside.revocation import Page, Revocations
from airside.store import RequestContext


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
                    await stream(follower, receive, send, self._reader(request, after))
            except (LimitExceeded, Unavailable) as refusal:  # before anything was sent: `stream` folds its own
                answer = await refusal_response(request, refusal)
                await answer(scope, receive, send)

        return respond

    def _reader(self, request: Request, cursor: str) -> Callable[[], Awaitable[tuple[bytes, bool]]]:
        async def read() -> tuple[bytes, bool]:
            nonlocal cursor
            # A context for each page: whose token has run out or been revoked since gets nothing more.
            async with self._contexts.bearer(request) as ctx:
                await self._authorise(ctx, READ_REVOCATIONS)
                page = await self._revocations.follow(ctx, cursor)
            cursor = page.cursor
            return events(page), bool(page.entries)

        return read


def events(page: Page) -> bytes:
    """The page's entries, one event each."""
    told = zip(page.cursors(), page.entries, strict=True)
    return b"".join(
        b"id: " + cursor.encode() + b"\nevent: revocation\ndata: " + dumps(entry.wire()) + b"\n\n"
        for cursor, entry in told
    )
