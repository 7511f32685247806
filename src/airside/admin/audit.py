"""Reading the audit log. Whoever reads records leaves one: of a search or an export its first page does, for a signed
cursor goes on with nothing else. Heads and proofs tell of no record and leave none."""

import re
from typing import Final
from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.admin import users
from airside.admin.exports import Exports
from airside.admin.verb import Verbs, requires
from airside.audit import (
    AuditLog,
    ConsistencyProof,
    Entry,
    Event,
    Found,
    Head,
    InclusionProof,
    Journal,
    Leaf,
    Loose,
    Position,
    Search,
    Sequencer,
    consistency,
    inclusion,
    pages,
)
from airside.core.errors import Forbidden
from airside.core.ids import EVENT, format_id
from airside.core.strict_json import Json
from airside.store import RequestContext

READ: Final = Right("audit:read", "can_read_audit")
EXPORT_PAGE: Final = 1000
"""Entries of one page of an export, about: it ends where the log's own pages do."""
_ID: Final = re.compile(r"(?:[a-z_]+:)?[a-z]{3}_[0-9a-z]{26}")


class AuditAdmin(Verbs):
    """Search, read, prove and export the log. What is sealed of people is opened for whoever may see the tenant's
    people."""

    def __init__(
        self, *, authorise: Authorise, log: AuditLog, journal: Journal, sequencer: Sequencer, exports: Exports
    ) -> None:
        super().__init__(authorise)
        self.exports = exports
        self._log = log
        self._journal = journal
        self._sequencer = sequencer

    @requires(READ)
    async def search(
        self, ctx: RequestContext, wanted: Search, after: UUID | None = None, limit: int = 50
    ) -> list[Found]:
        """Up to `limit` records that fit, newest first; `after` goes on with a search that was recorded.

        Raises:
            InvalidInput: a limit out of range.
        """
        found = await self._log.search(ctx, wanted, after, limit, opening=await self._sees_people(ctx))
        if after is None:  # after it was done, so that no search finds itself
            await self._journal.record(ctx, Event.AUDIT_SEARCHED, details=_told(wanted))
        return found

    @requires(READ)
    async def get(self, ctx: RequestContext, record_id: UUID) -> Found:
        """One record. Raises: NotFound."""
        found = await self._log.get(ctx, record_id, opening=await self._sees_people(ctx))
        await self._journal.record(ctx, Event.AUDIT_EVENT_READ, subject=format_id(EVENT, record_id))
        return found

    @requires(READ)
    async def export(
        self, ctx: RequestContext, position: Position | None = None
    ) -> tuple[list[Entry], Position | None]:
        """A page of the whole log as a verifier takes it, and where the next one begins; None after the last.

        Raises:
            LimitExceeded: the tenant has exported as much as it may for now.
        """
        return await self._page(ctx, position)

    @requires(READ)
    async def export_events(
        self, ctx: RequestContext, position: Position | None = None
    ) -> tuple[list[Found], Position | None]:
        """As `export`, of the records alone, for other systems: what is sealed is opened for whoever may see people.

        Raises:
            LimitExceeded: the tenant has exported as much as it may for now.
        """
        entries, following = await self._page(ctx, position)
        rows = [each.record for each in entries if isinstance(each, Leaf | Loose) and each.record is not None]
        return await self._log.found(ctx, rows, opening=await self._sees_people(ctx)), following

    @requires(READ)
    async def inclusion(self, ctx: RequestContext, record_id: UUID) -> InclusionProof:
        """That a record is in the log, under its newest head. Raises: NotFound: no such record, or no head yet."""
        return await inclusion(ctx, record_id)

    @requires(READ)
    async def consistency(self, ctx: RequestContext, first: int, second: int) -> ConsistencyProof:
        """That the log of `first` records is the beginning of that of `second`. Raises: InvalidInput; NotFound."""
        return await consistency(ctx, first, second)

    @requires(READ)
    async def head(self, ctx: RequestContext, size: int | None = None) -> Head:
        """The newest signed head, or the one of a size. Raises: NotFound."""
        return await self._log.head(ctx, size)

    @requires(READ)
    async def heads(self, ctx: RequestContext, before: int | None = None, limit: int = 50) -> list[Head]:
        """Signed heads smaller than that size, largest first."""
        return await self._log.heads(ctx, before, limit)

    @requires(READ)
    async def keys(self, ctx: RequestContext) -> list[str]:
        """The public keys of heads, as JWKs, oldest first."""
        return await self._log.keys(ctx)

    @requires(READ)
    async def sign(self, ctx: RequestContext) -> Head:
        """A head over everything that was recorded before this request, signed now if there is none yet.

        Raises:
            NotFound: nothing has been recorded.
        """
        await self._sequencer.sign(ctx)
        return await self._log.head(ctx)

    async def _page(self, ctx: RequestContext, position: Position | None) -> tuple[list[Entry], Position | None]:
        await self.exports.charge(ctx, EXPORT_PAGE)
        if position is None:
            await self._journal.record(ctx, Event.AUDIT_EXPORTED)
            await self._sequencer.sign(ctx)  # so that it stands in the export itself, under a head
            await ctx.tx.checkpoint()
        found = list[Entry]()
        async for entries, following in pages(ctx, position):
            found += entries
            if len(found) >= EXPORT_PAGE:
                return found, following
        return found, None

    async def _sees_people(self, ctx: RequestContext) -> bool:
        try:
            await self.authorise(ctx, users.READ)
        except Forbidden:
            return False
        return True


def _told(wanted: Search) -> dict[str, Json]:
    """A search, as the log may keep it in clear: what isn't an id could be anybody's name."""
    told: dict[str, Json] = {}
    for name, word in (("actor", wanted.actor), ("subject", wanted.subject)):
        if word:
            told[name] = word if _ID.fullmatch(word) else "another word"
    if wanted.pattern:
        told["event"] = wanted.pattern
    if wanted.outcome:
        told["outcome"] = wanted.outcome
    for name, at in (("since", wanted.since), ("until", wanted.until)):
        if at is not None:
            told[name] = at.isoformat()
    return told
