"""Continuation tokens in OpenFGA's words: signed, and good for one tenant, one store and one query."""

from bisect import bisect_right
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec

from airside.api.cursors import Cursors
from airside.core.errors import InvalidInput
from airside.permissions import AtLeast
from airside.permissions.lists import Listed
from airside.permissions.refusals import InvalidCursor
from airside.store import RequestContext

_INTERFACE: Final = "openfga"


@dataclass(frozen=True, slots=True)
class Turn:
    """One page of a list that is worked out anew for each: what comes after `after`, at most `size` of it.

    `revision` is what the first page had seen: no later page has seen less, but it may have seen more. Each page is
    right as of the revision told with it; where all tell the same, together they are the list at that revision.
    """

    query: str
    after: str = ""
    revision: int = 0
    size: int | None = None

    def at_least(self, wanted: AtLeast) -> AtLeast:
        """What the page must have seen: what the question demands, and what the first page had seen."""
        return wanted if wanted == "head" else max(wanted or 0, self.revision) or None


class Pages:
    """Tells where a page ended, and reads it back."""

    def __init__(self, cursors: Cursors) -> None:
        self._cursors = cursors

    async def token(self, ctx: RequestContext, query: str, *position: str) -> str:
        """Where a page of `query` ended. The query names everything that the next page must ask again."""
        return await self._cursors.sign(ctx, f"{_INTERFACE} {query}", msgspec.json.encode(position))

    async def position(self, ctx: RequestContext, token: str, query: str) -> list[str] | None:
        """The place that `token` names; None without one.

        Raises:
            InvalidCursor: not a token that this tenant was given for this query.
        """
        if not token:
            return None
        try:
            return msgspec.json.decode(await self._cursors.verify(ctx, f"{_INTERFACE} {query}", token), type=list[str])
        except InvalidInput:
            raise InvalidCursor("invalid continuation token") from None

    async def turn(self, ctx: RequestContext, query: str, token: str, size: int | None) -> Turn:
        """The page that `token` leads to; the first without one. `size` None for all of it.

        Raises:
            InvalidCursor: not a token of this query.
        """
        position = await self.position(ctx, token, query)
        if position is None:
            return Turn(query, size=size)
        revision, after = position
        return Turn(query, after, int(revision), size)

    async def cut(self, ctx: RequestContext, turn: Turn, listed: Listed) -> tuple[list[str], str]:
        """The words of this page, and the token of the next; empty where this is the last."""
        start = bisect_right(listed.words, turn.after) if turn.after else 0
        if turn.size is None or len(listed.words) - start <= turn.size:
            return listed.words[start:], ""
        words = listed.words[start : start + turn.size]
        return words, await self.token(ctx, turn.query, str(turn.revision or listed.revision), words[-1])


def query_of(verb: str, store_id: str, *parts: object) -> str:
    """A question in few characters: two that differ in anything have two names."""
    asked = sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()
    return f"{verb} {store_id} {asked}"
