"""Finding records: by who, to whom, what, how it ended and when."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from airside.audit import records, records_search
from airside.audit.events import matching
from airside.audit.model import OUTCOMES, Found, Head, Placed, Record, Search
from airside.audit.personal import Whence, opened
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import first_id
from airside.store.context import RequestContext
from airside.vault import Vault

MAX_WORD: Final = 512
"""Characters of an actor or subject that is looked for: as many as a record keeps."""
MAX_FOUND: Final = 200
"""Records of one page."""
EARLIER: Final = timedelta(minutes=1)
"""How much earlier than its record an id may say it is: a refusal is recorded once a minute, under an id of its
beginning."""
_KINDS: Final = {"usr": "user", "cli": "client", "svc": "service_account"}
_ID: Final = re.compile(r"([a-z]{3})_[0-9a-z]{26}")


def search_for(
    *,
    actor: str = "",
    subject: str = "",
    event: str = "",
    outcome: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> Search:
    """What to look for; what is left out narrows nothing. `actor` and `subject` are words as records carry them, and
    an actor's bare id (`usr_…`, `cli_…`, `svc_…`) is read as one; `event` may have `*` for its parts.

    Raises:
        InvalidInput: an event or outcome that there can't be, a word too long, a time without its zone.
    """
    for name, word in (("actor", actor), ("subject", subject)):
        if len(word) > MAX_WORD or not word.isprintable():
            raise InvalidInput(f"at most {MAX_WORD} printable characters", pointer=name)
    for name, at in (("since", since), ("until", until)):
        if at is not None and at.utcoffset() is None:
            raise InvalidInput("a time with its zone is expected", pointer=name)
    events = matching(event) if event else []
    if event and not events:
        raise InvalidInput("no event is called so: source:subject:action, each a word or *", pointer="event")
    if outcome and outcome not in OUTCOMES:
        raise InvalidInput(f"one of {', '.join(OUTCOMES)}", pointer="outcome")
    bare = _ID.fullmatch(actor)
    kind = None if bare is None else _KINDS.get(bare[1])
    return Search(
        actor=f"{kind}:{actor}" if kind else actor,
        subject=subject,
        pattern=event,
        events=tuple(sorted(each.value for each in events)),
        outcome=outcome,
        since=since,
        until=until,
    )


class AuditLog:
    """Reads a tenant's log, newest first. What is sealed is opened where the caller says that it may be."""

    def __init__(self, *, vault: Vault) -> None:
        self._vault = vault

    async def search(
        self, ctx: RequestContext, wanted: Search, after: UUID | None, limit: int, *, opening: bool
    ) -> list[Found]:
        """Up to `limit` records that fit, older than the one named.

        Raises:
            InvalidInput: a limit out of range.
        """
        if not 0 < limit <= MAX_FOUND:
            raise InvalidInput(f"between 1 and {MAX_FOUND}", pointer="limit")
        oldest = None if wanted.since is None else first_id(wanted.since - EARLIER)
        newest = after
        if wanted.until is not None:
            end = first_id(wanted.until + timedelta(milliseconds=1))
            newest = end if after is None else min(after, end)
        rows = await records_search.search(ctx, wanted, oldest=oldest, newest=newest, limit=limit)
        return await self.found(ctx, rows, opening=opening)

    async def get(self, ctx: RequestContext, record_id: UUID, *, opening: bool) -> Found:
        """Raises: NotFound."""
        rows = await records.records(ctx, [record_id])
        if record_id not in rows:
            raise NotFound("record")
        return (await self.found(ctx, [rows[record_id]], opening=opening))[0]

    async def after(self, ctx: RequestContext, seq: int, limit: int, *, opening: bool) -> list[Placed]:
        """The log in its own order from leaf `seq`, at most `limit` leaves."""
        leaves = await records.leaves(ctx, start=seq, end=records_search.MAX_SIZE, limit=limit)
        rows = await records.records(ctx, [leaf.record_id for leaf in leaves])
        found = {each.record.record_id: each for each in await self.found(ctx, list(rows.values()), opening=opening)}
        return [Placed(leaf.seq, found.get(leaf.record_id)) for leaf in leaves]

    async def head(self, ctx: RequestContext, size: int | None = None) -> Head:
        """The newest signed head, or the one of a size. Raises: NotFound."""
        fits = size is None or 0 < size <= records_search.MAX_SIZE
        found = await (records.last_head(ctx) if size is None else records_search.head(ctx, size)) if fits else None
        if found is None:
            raise NotFound("head")
        return found

    async def heads(self, ctx: RequestContext, before: int | None, limit: int) -> list[Head]:
        """Up to `limit` heads smaller than that size, largest first."""
        return await records_search.heads_before(ctx, before, limit)

    async def keys(self, ctx: RequestContext) -> list[str]:
        """The public keys that heads are signed with, as JWKs, oldest first."""
        return [key.public_jwk for key in await records.keys(ctx)]

    async def found(self, ctx: RequestContext, rows: Sequence[Record], *, opening: bool) -> list[Found]:
        """`rows`, opened where they may be."""
        if not opening:
            return [Found(row, None, None) for row in rows]
        shut = [Whence(row.record_id, row.origin, row.personal_sealed) for row in rows]
        told = await opened(ctx, self._vault, shut)
        return [Found(row, each.origin, each.personal) for row, each in zip(rows, told, strict=True)]
