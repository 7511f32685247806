"""The revocation feed: what SDKs and gateways follow to forget tokens within a second; by pages or as a stream."""

import re
from contextlib import ExitStack
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from airside.access import Authorise
from airside.access.rights import READ_REVOCATIONS
from airside.api.event_stream import moment_in, news_before, waiting
from airside.api.routes.oauth_forms import read_query
from airside.api.routes.revocations_stream import BearerContexts, RevocationStream
from airside.core.errors import InvalidInput
from airside.core.strict_json import Json, dumps
from airside.revocation import MAX_WAIT, Page, Revocations

REVOCATIONS: Final = "/t/{slug}/oauth2/revocations"
STREAM: Final = "text/event-stream"
_CURSOR: Final = re.compile(r"[A-Za-z0-9._~-]{0,128}")
_WAIT: Final = re.compile(r"[0-9]{1,3}")


class RevocationRoutes:
    """`GET …/revocations?after=CURSOR&wait=SECONDS`, or with `Accept: text/event-stream`."""

    def __init__(self, *, contexts: BearerContexts, authorise: Authorise, revocations: Revocations) -> None:
        self._contexts = contexts
        self._authorise = authorise
        self._revocations = revocations
        self._stream = RevocationStream(contexts=contexts, authorise=authorise, revocations=revocations)

    def routes(self) -> list[BaseRoute]:
        """The route."""
        return [Route(REVOCATIONS, self.follow, methods=["GET"])]

    async def follow(self, request: Request) -> Response | ASGIApp:
        """What was revoked since the cursor, at once if there is anything, else as soon as there is, or an empty
        page after `wait` seconds; as server-sent events it goes on, from `Last-Event-ID` or the cursor. Without a
        cursor, or with one of another process, everything in force: entries are idempotent.
        `before` null means every token of that id.

        Raises:
            NotFound, Unauthenticated, Forbidden: not for this caller.
            InvalidInput: a malformed parameter.
            Unavailable: what is revoked isn't known just now.
        """
        query = read_query(request)
        streams = STREAM in request.headers.get("accept", "").lower()
        after, wait = query.get("after", ""), query.get("wait", "0")
        if streams:
            after = request.headers.get("last-event-id", after)
        if not _CURSOR.fullmatch(after):
            raise InvalidInput("malformed cursor", pointer="after")
        if not _WAIT.fullmatch(wait):
            raise InvalidInput("seconds are expected", pointer="wait")
        if streams:
            return await self._stream.open(request, after)
        page = await self._page(request, after, min(float(wait), MAX_WAIT))
        body: dict[str, Json] = {"cursor": page.cursor, "entries": [entry.wire() for entry in page.entries]}
        return Response(dumps(body), 200, {"cache-control": "no-store"}, "application/json")

    async def _page(self, request: Request, after: str, wait: float) -> Page:
        """Whoever waits holds nothing of the database, and whoever has lost the right meanwhile is told nothing."""
        with ExitStack() as stack:
            async with self._contexts.bearer(request) as ctx:
                await self._authorise(ctx, READ_REVOCATIONS)
                # Before anything is read: news of this very moment must find it waiting.
                follower = waiting(stack, self._revocations.polls.follow(ctx.tenant_id)) if wait else None
                page = await self._revocations.follow(ctx, after)
            ends = moment_in(wait)
            while follower is not None and not page.entries and await news_before(ends, request, follower):
                page = await self._page(request, after, 0)
        return page
