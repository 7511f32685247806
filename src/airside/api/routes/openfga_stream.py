"""A store's changes as they happen, by server-sent events (HTML Living Standard §9.2): our own beside OpenFGA's.

Every event's id is a continuation token of `GET …/changes`, so that either goes on where the other ended.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from airside.api.event_stream import stream
from airside.api.routes.openfga_data import change_told, changes_query, start_time
from airside.api.routes.openfga_pages import Pages
from airside.api.routes.openfga_problems import refused
from airside.api.routes.openfga_wire import ContextFor, store_of
from airside.core.errors import LimitExceeded, Unavailable
from airside.permissions import Permissions
from airside.store import RequestContext

PAGE: Final = 100
"""Changes read at a time."""


@dataclass(frozen=True, slots=True)
class _Asked:
    store_id: str
    type_name: str
    since: datetime
    position: int


class StreamRoutes:
    """The one handler."""

    def __init__(self, permissions: Permissions, context: ContextFor, pages: Pages) -> None:
        self._permissions = permissions
        self._context = context
        self._pages = pages

    async def changes(self, request: Request) -> ASGIApp:
        """`GET …/changes/stream`: from the position in `Last-Event-ID` or `continuation_token`, else from the first."""
        async with self._context(request, "permissions:read") as ctx:
            store_id, type_name = store_of(request), request.query_params.get("type", "")
            await self._permissions.stores.get(ctx, store_id)
            token = request.headers.get("last-event-id") or request.query_params.get("continuation_token", "")
            position = await self._pages.position(ctx, token, changes_query(store_id, type_name)) or ["0"]
            asked = _Asked(store_id, type_name, start_time(request), int(position[0]))
            tenant_id = ctx.tenant_id

        async def respond(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                with self._permissions.feed.follow(tenant_id, store_id) as follower:
                    await stream(follower, receive, send, self._reader(request, asked))
            except (LimitExceeded, Unavailable) as refusal:  # before anything was sent: `stream` folds its own
                await refused(refusal)(scope, receive, send)

        return respond

    def _reader(self, request: Request, asked: _Asked) -> Callable[[], Awaitable[tuple[bytes, bool]]]:
        reached = asked.position

        async def read() -> tuple[bytes, bool]:
            nonlocal reached
            # A context for each page: whose token has run out or been revoked since gets nothing more.
            async with self._context(request, "permissions:read") as ctx:
                events, reached, more = await self._page(ctx, asked, reached)
            if events:
                async with self._context(request, "permissions:read"):
                    pass  # still allowed: reading the page may have taken longer than the right lasted
            return events, more

        return read

    async def _page(self, ctx: RequestContext, asked: _Asked, reached: int) -> tuple[bytes, int, bool]:
        changes = await self._permissions.tuples.changes(
            ctx, asked.store_id, after=reached, object_type=asked.type_name, since=asked.since, limit=PAGE
        )
        query = changes_query(asked.store_id, asked.type_name)
        events: list[bytes] = []
        for change in changes:
            token = await self._pages.token(ctx, query, str(change.revision))
            data = msgspec.json.encode(change_told(change))
            events.append(b"id: " + token.encode() + b"\nevent: change\ndata: " + data + b"\n\n")
        return b"".join(events), changes[-1].revision if changes else reached, len(changes) == PAGE
