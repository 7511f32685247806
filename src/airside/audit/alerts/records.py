"""Rows of `alert` ↔ `Alert`, and the audit log as alerts read it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from airside.audit.alerts.model import Alert, Evidence, RuleName, Severity, State
from airside.audit.model import Record
from airside.core.ids import first_id
from airside.store.context import RequestContext
from airside.vault import Keyset, Place

INSERT: Final = """
insert into airside.alert (tenant_id, alert_id, rule, subject, severity, state, first_seen, last_seen, count,
                           evidence_sealed, changed_at, changed_by)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
EXTEND: Final = """
update airside.alert set last_seen = %s, count = %s, evidence_sealed = %s where tenant_id = %s and alert_id = %s
"""
MOVE: Final = """
update airside.alert set state = %s, changed_at = %s, changed_by = %s
where tenant_id = %s and alert_id = %s and state = any(%s)
"""
SELECT: Final = """
select alert_id, rule, subject, severity, state, first_seen, last_seen, count, evidence_sealed, changed_at, changed_by
from airside.alert where tenant_id = %s and alert_id = %s
"""
LIST: Final = """
select alert_id, rule, subject, severity, state, first_seen, last_seen, count, evidence_sealed, changed_at, changed_by
from airside.alert
where tenant_id = %s and (%s::uuid is null or alert_id < %s::uuid)
  and (%s::text is null or state = %s) and (%s::text is null or severity = %s) and (%s::text is null or rule = %s)
order by alert_id desc
limit %s
"""
# The row lock keeps whoever closes one and whoever extends it apart.
LAST: Final = """
select alert_id, rule, subject, severity, state, first_seen, last_seen, count, evidence_sealed, changed_at, changed_by
from airside.alert a
where tenant_id = %s and subject = any(%s)
  and not exists (select from airside.alert later
                  where later.tenant_id = %s and later.subject = a.subject and later.rule = a.rule
                    and later.alert_id > a.alert_id)
for update
"""
RAISED: Final = """
select exists (select 1 from airside.alert where tenant_id = %s and rule = %s and alert_id >= %s) as raised
"""
SWEEP: Final = "delete from airside.alert where tenant_id = %s and last_seen < %s"

TREE_SIZE: Final = "select tree_size from airside.audit_tree where tenant_id = %s"
LOG: Final = """
select l.seq, l.record_id as leaf_id, l.leaf_hash as leaf, r.tenant_id, r.record_id, r.at, r.event, r.actor, r.subject,
       r.outcome, r.reason, r.request_id, r.origin, r.details, r.person, r.personal_sealed, r.leaf_hash
from airside.audit_leaf l
left join airside.audit_record r on r.tenant_id = l.tenant_id and r.record_id = l.record_id
where l.tenant_id = %s and l.seq >= %s
order by l.seq
limit %s
"""


@dataclass(frozen=True, slots=True)
class Logged:
    """A leaf of the log, and its record, or None where that is gone."""

    seq: int
    leaf: bytes
    record: Record | None


@dataclass(frozen=True, slots=True)
class _Row:
    alert_id: UUID
    rule: RuleName
    subject: str
    severity: Severity
    state: State
    first_seen: datetime
    last_seen: datetime
    count: int
    evidence_sealed: bytes
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class _Logged:
    seq: int
    leaf_id: UUID
    leaf: bytes
    tenant_id: UUID | None
    record_id: UUID | None
    at: datetime | None
    event: str | None
    actor: str | None
    subject: str | None
    outcome: str | None
    reason: str | None
    request_id: str | None
    origin: str | None
    details: str | None
    person: str | None
    personal_sealed: bytes | None
    leaf_hash: bytes | None


@dataclass(frozen=True, slots=True)
class _Raised:
    raised: bool


@dataclass(frozen=True, slots=True)
class _Size:
    tree_size: int


async def insert(ctx: RequestContext, keyset: Keyset, alert: Alert) -> None:
    """Store a new alert."""
    values = (alert.rule, alert.subject, alert.severity, alert.state, alert.first_seen, alert.last_seen, alert.count)
    change = (_sealed(keyset, alert), alert.changed_at, alert.changed_by)
    await ctx.tx.run(INSERT, (ctx.tenant_id, alert.alert_id, *values, *change))


async def extend(ctx: RequestContext, keyset: Keyset, alert: Alert) -> None:
    """Store what an alert grew by; its state is somebody else's."""
    values = (alert.last_seen, alert.count, _sealed(keyset, alert))
    await ctx.tx.run(EXTEND, (*values, ctx.tenant_id, alert.alert_id))


async def move(ctx: RequestContext, alert_id: UUID, state: State, before: Collection[State]) -> bool:
    """Into `state`, by the context's principal, from one of `before`; whether it was there."""
    params = (state, ctx.now, ctx.principal.subject, ctx.tenant_id, alert_id, sorted(before))
    return await ctx.tx.run(MOVE, params) == 1


async def find(ctx: RequestContext, keyset: Keyset, alert_id: UUID) -> Alert | None:
    """The alert of that id."""
    row = await ctx.tx.one(_Row, SELECT, (ctx.tenant_id, alert_id))
    return None if row is None else _alert(keyset, row)


async def page(
    ctx: RequestContext,
    keyset: Keyset,
    before: UUID | None,
    limit: int,
    state: State | None,
    severity: Severity | None,
    rule: RuleName | None,
) -> list[Alert]:
    """Newest first, those older than `before`."""
    chosen = (before, before, state, state, severity, severity, rule, rule)
    return [_alert(keyset, row) for row in await ctx.tx.all(_Row, LIST, (ctx.tenant_id, *chosen, limit))]


async def last(ctx: RequestContext, keyset: Keyset, subjects: Collection[str]) -> list[Alert]:
    """The last alert of every rule about each of these subjects, held until the transaction ends."""
    rows = await ctx.tx.all(_Row, LAST, (ctx.tenant_id, sorted(subjects), ctx.tenant_id))
    return [_alert(keyset, row) for row in rows]


async def was_raised(ctx: RequestContext, rule: RuleName, since: datetime) -> bool:
    """Whether one of this rule was raised since then, about whomever."""
    found = await ctx.tx.one(_Raised, RAISED, (ctx.tenant_id, rule, first_id(since)))
    return found is not None and found.raised


async def sweep(ctx: RequestContext, before: datetime) -> int:
    """Delete alerts that were last seen before; how many."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, before))


async def tree_size(ctx: RequestContext) -> int:
    """How many leaves the log has."""
    found = await ctx.tx.one(_Size, TREE_SIZE, (ctx.tenant_id,))
    return 0 if found is None else found.tree_size


async def log(ctx: RequestContext, start: int, limit: int) -> list[Logged]:
    """A page of the log from leaf `start`."""
    return [_logged(row) for row in await ctx.tx.all(_Logged, LOG, (ctx.tenant_id, start, limit))]


def _logged(row: _Logged) -> Logged:
    match row:
        case _Logged(
            seq,
            _,
            leaf,
            UUID() as tenant_id,
            UUID() as record_id,
            datetime() as at,
            str(event),
            str(actor),
            str(subject),
            str(outcome),
            str(reason),
            str(request_id),
            str(origin),
            str(details),
            str(person),
            sealed,
            bytes(hashed),
        ):
            names = (event, actor, subject, outcome, reason, request_id, origin, details, person)
            return Logged(seq, leaf, Record(tenant_id, record_id, at, *names, sealed, hashed))
        case _:
            return Logged(row.seq, row.leaf, None)


def _alert(keyset: Keyset, row: _Row) -> Alert:
    evidence = msgspec.json.decode(keyset.open(_place(row.alert_id), row.evidence_sealed), type=Evidence)
    return Alert(
        alert_id=row.alert_id,
        rule=row.rule,
        subject=row.subject,
        severity=row.severity,
        state=row.state,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        count=row.count,
        evidence=evidence,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )


def _sealed(keyset: Keyset, alert: Alert) -> bytes:
    return keyset.seal(_place(alert.alert_id), msgspec.json.encode(alert.evidence))


def _place(alert_id: UUID) -> Place:
    return Place("alert", "evidence_sealed", alert_id)
