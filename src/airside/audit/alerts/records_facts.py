"""Rows of `alert_fact`, `alert_known` and `alert_progress`: what rules look at, and how far it was looked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from airside.audit.alerts.model import MEMBER_BYTES, Fact, FactKind
from airside.store.context import RequestContext, Statement
from airside.vault import Keyset, Place

SEEN_EVERY: Final = timedelta(days=1)
"""A known member is written again at most this often."""

INSERT: Final = """
insert into airside.alert_fact (tenant_id, fact_id, kind, subject, at, count, asked, members, record_id, about_sealed,
                                judged)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, false)
on conflict (tenant_id, fact_id) do nothing
"""
WAITING: Final = """
select fact_id, kind, subject, at, count, asked, members, record_id, about_sealed
from airside.alert_fact where tenant_id = %s and not judged order by fact_id limit %s
"""
BEFORE: Final = """
select fact_id, kind, subject, at, count, asked, members, record_id, about_sealed
from airside.alert_fact where tenant_id = %s and kind = any(%s) and at >= %s and judged order by at desc limit %s
"""
JUDGED: Final = "update airside.alert_fact set judged = true where tenant_id = %s and fact_id = any(%s)"
SWEEP: Final = "delete from airside.alert_fact where tenant_id = %s and at < %s and judged"

KNOWN: Final = """
select kind, subject, member, first_seen, last_seen
from airside.alert_known where tenant_id = %s and kind = %s and subject = any(%s)
"""
LEARN: Final = """
insert into airside.alert_known (tenant_id, kind, subject, member, first_seen, last_seen)
values (%s, %s, %s, %s, %s, %s)
on conflict (tenant_id, kind, subject, member) do update set last_seen = excluded.last_seen
"""
FORGET: Final = "delete from airside.alert_known where tenant_id = %s and last_seen < %s"

MAKE: Final = """
insert into airside.alert_progress (tenant_id, read_to, head_size, head_root) values (%s, %s, 0, '')
on conflict (tenant_id) do nothing
"""
PROGRESS: Final = """
select read_to, head_size, head_root from airside.alert_progress where tenant_id = %s for update
"""
REACHED: Final = """
update airside.alert_progress set read_to = %s, head_size = %s, head_root = %s where tenant_id = %s
"""
BEHIND: Final = """
select exists (select from airside.audit_tree t
               left join airside.alert_progress p on p.tenant_id = t.tenant_id
               where t.tenant_id = %s and t.tree_size > coalesce(p.read_to, 0))
    or exists (select from airside.alert_fact f where f.tenant_id = %s and not f.judged) as waits
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How many leaves were read, and the size and root of the head that the log agreed with last."""

    read_to: int
    head_size: int
    head_root: bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """By what a subject is known, since when and until when."""

    kind: FactKind
    subject: str
    member: bytes
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class _Row:
    fact_id: UUID
    kind: FactKind
    subject: str
    at: datetime
    count: int
    asked: int
    members: bytes
    record_id: UUID | None
    about_sealed: bytes | None


@dataclass(frozen=True, slots=True)
class _Waits:
    waits: bool


async def insert(ctx: RequestContext, keyset: Keyset, facts: Sequence[Fact]) -> None:
    """Store facts that nobody has judged; one that is there already stays as it is."""
    if facts:
        await ctx.tx.run_many([_insert(ctx, keyset, fact) for fact in facts])


async def waiting(ctx: RequestContext, keyset: Keyset, limit: int) -> list[Fact]:
    """Those that nobody has judged, oldest first."""
    return [_fact(keyset, row) for row in await ctx.tx.all(_Row, WAITING, (ctx.tenant_id, limit))]


async def before(
    ctx: RequestContext, keyset: Keyset, kinds: Collection[FactKind], since: datetime, limit: int
) -> list[Fact]:
    """Judged ones of `kinds` since a moment, the newest `limit` of them."""
    params = (ctx.tenant_id, sorted(kinds), since, limit)
    return [_fact(keyset, row) for row in await ctx.tx.all(_Row, BEFORE, params)]


async def judged(ctx: RequestContext, facts: Sequence[Fact]) -> None:
    """They were judged: from now on they only count with others."""
    await ctx.tx.run(JUDGED, (ctx.tenant_id, [fact.fact_id for fact in facts]))


async def known(ctx: RequestContext, kind: FactKind, subjects: Collection[str]) -> list[Seen]:
    """By what these subjects are known."""
    return await ctx.tx.all(Seen, KNOWN, (ctx.tenant_id, kind, sorted(subjects)))


async def learn(ctx: RequestContext, seen: Sequence[Seen]) -> None:
    """They are known by these from now on, or still."""
    if seen:
        await ctx.tx.run_many(
            [(LEARN, (ctx.tenant_id, s.kind, s.subject, s.member, s.first_seen, s.last_seen)) for s in seen]
        )


async def progress(ctx: RequestContext, start: int) -> Progress:
    """How far it was read, at first `start`; held until the transaction ends, so that one process judges at a time."""
    found = await ctx.tx.one(Progress, PROGRESS, (ctx.tenant_id,))
    while found is None:
        await ctx.tx.run(MAKE, (ctx.tenant_id, start))
        found = await ctx.tx.one(Progress, PROGRESS, (ctx.tenant_id,))
    return found


async def reached(ctx: RequestContext, now: Progress) -> None:
    """It was read as far as that."""
    await ctx.tx.run(REACHED, (now.read_to, now.head_size, now.head_root, ctx.tenant_id))


async def work_waits(ctx: RequestContext) -> bool:
    """Whether there is anything to read or to judge; takes no lock."""
    found = await ctx.tx.one(_Waits, BEHIND, (ctx.tenant_id,) * 2)
    return found is not None and found.waits


async def sweep(ctx: RequestContext, facts: datetime, known: datetime) -> int:
    """Delete judged facts from before `facts`, and what nobody was known by since `known`; how many rows."""
    return sum(await ctx.tx.run_many([(SWEEP, (ctx.tenant_id, facts)), (FORGET, (ctx.tenant_id, known))]))


def _insert(ctx: RequestContext, keyset: Keyset, fact: Fact) -> Statement:
    about = keyset.seal(_place(fact.fact_id), fact.about.encode()) if fact.about else None
    members = b"".join(sorted(fact.members))
    values = (fact.kind, fact.subject, fact.at, fact.count, fact.asked, members, fact.record_id, about)
    return INSERT, (ctx.tenant_id, fact.fact_id, *values)


def _fact(keyset: Keyset, row: _Row) -> Fact:
    members = frozenset(row.members[at : at + MEMBER_BYTES] for at in range(0, len(row.members), MEMBER_BYTES))
    about = "" if row.about_sealed is None else keyset.open(_place(row.fact_id), row.about_sealed).decode()
    return Fact(row.fact_id, row.kind, row.subject, row.at, row.count, row.asked, members, row.record_id, about)


def _place(fact_id: UUID) -> Place:
    return Place("alert_fact", "about_sealed", fact_id)
