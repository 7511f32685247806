"""The watch: reads what the log got and what was counted, judges it, and raises alerts. Nobody has to ask for it.

Any number of processes may keep it: the row that says how far a tenant's log was read makes them take turns.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

import structlog

from airside.audit.alerts import heads, records, records_facts
from airside.audit.alerts.facts import fact_of
from airside.audit.alerts.judge import Past, Terms, concerned, judge
from airside.audit.alerts.model import TENANT, Alert, Fact, FactKind, Finding, RuleName
from airside.audit.alerts.raising import extended, extends, raised
from airside.audit.alerts.records import Logged
from airside.audit.alerts.records_facts import Progress, Seen
from airside.audit.alerts.rules import KEPT, OLD, RULES, USUAL_OVER
from airside.audit.alerts.tallies import Tallies
from airside.audit.events import Event
from airside.audit.journal import Journal
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Refusal
from airside.core.ids import ALERT, format_id, uuid7
from airside.core.principal import Principal
from airside.store.context import RequestContext
from airside.store.engine import Engine
from airside.store.pace import rounds
from airside.vault import Keyset, Vault

WATCH: Final = Principal("job", subject="job:alerts")
MAX_READ: Final = 1_000
"""Records read in one turn."""
MAX_JUDGED: Final = 2_000
"""Facts judged in one turn."""
MAX_BEFORE: Final = 10_000
"""Judged facts that they are judged with; in a flood, the newest."""
PASS_EVERY: Final = 0.5
"""Seconds between two passes over the tenants in whose logs something happened."""
COUNTS_EVERY: Final = 5.0
"""Seconds between two looks for tenants whose counts are due."""
KNOWN_FOR: Final = timedelta(days=90)
KEPT_FOR: Final = timedelta(days=365)
"""How long an alert is kept after it was last seen, closed or not."""
LETTER: Final = "alert_raised"
LETTER_EVERY: Final = timedelta(minutes=15)
"""Of one rule there is no other letter for so long: each of an attack's thousand addresses may raise an alert."""
_LONGEST: Final = max(rule.window for rule in RULES)

_log = structlog.get_logger("airside.audit.alerts")


class AlertPolicies(Protocol):
    """Who knows what a tenant wants of the rules; tenancy does."""

    async def alerts(self, ctx: RequestContext) -> Terms:
        """What the context's tenant wants."""
        ...


class Notices(Protocol):
    """Who writes to a tenant's administrators."""

    async def tell(self, ctx: RequestContext, kind: str) -> None:
        """Put a letter of `kind` to each of them into the outbox."""
        ...


class Watch:
    """Keeps watch over every tenant."""

    def __init__(
        self,
        *,
        vault: Vault,
        entropy: Entropy,
        journal: Journal,
        tallies: Tallies,
        policies: AlertPolicies,
        notices: Notices,
    ) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._tallies = tallies
        self._policies = policies
        self._notices = notices
        self._stirred: set[UUID] = set()

    def stir(self, tenant_id: UUID) -> None:
        """Something may have happened there."""
        self._stirred.add(tenant_id)

    async def turn(self, ctx: RequestContext) -> bool:
        """Read and judge what waits of the context's tenant, up to the caps; whether all of it."""
        if not await records_facts.work_waits(ctx):
            return True
        keyset = await self._vault.keyset(ctx)
        size = await records.tree_size(ctx)
        progress = await records_facts.progress(ctx, max(0, size - MAX_READ))
        logged = await records.log(ctx, progress.read_to, MAX_READ)
        agreed = await heads.agreed(ctx, progress)
        facts = self._facts(ctx, logged, await heads.unsound(ctx, logged), agreed is not None)
        await records_facts.insert(ctx, keyset, facts)
        waiting = await records_facts.waiting(ctx, keyset, MAX_JUDGED)
        if waiting:
            await self._judge(ctx, keyset, waiting)
        head = progress if agreed is None else agreed
        await records_facts.reached(ctx, Progress(progress.read_to + len(logged), head.head_size, head.head_root))
        return len(logged) < MAX_READ and len(waiting) < MAX_JUDGED

    async def count(self, ctx: RequestContext) -> int:
        """Write what this process counted of the context's tenant; how many facts."""
        ctx.tx.after_commit(lambda: self.stir(ctx.tenant_id))
        return await self._tallies.write(ctx)

    async def count_all(self, engine: Engine, tenants: Iterable[UUID]) -> None:
        """Write what this process counted of these tenants; whoever can't be written for holds up no other."""
        for tenant_id in tenants:
            try:
                async with engine.begin(tenant_id, principal=WATCH) as ctx:
                    await self.count(ctx)
            except Exception:  # noqa: BLE001 - it was a minute's counts; the next one is counted again
                _log.exception("counts_unwritten", tenant_id=str(tenant_id))

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget what is too old to count, and alerts of long ago, for a timer; how many rows."""
        kept = await records_facts.sweep(ctx, ctx.now - KEPT, ctx.now - KNOWN_FOR)
        return kept + await records.sweep(ctx, ctx.now - KEPT_FOR)

    async def run(self, *, engine: Engine, clock: Clock, tenants: Callable[[], Awaitable[Iterable[UUID]]]) -> None:
        """Watch for ever: at once where this process knows that something happened, and by rounds over all that
        `tenants` names."""

        async def look(tenant_id: UUID) -> None:
            async with engine.begin(tenant_id, principal=WATCH) as ctx:
                if await records_facts.work_waits(ctx):
                    self.stir(tenant_id)

        async with asyncio.TaskGroup() as group:
            group.create_task(rounds(tenants, clock, look))
            group.create_task(self._pass(engine))
            group.create_task(self._count(engine, clock))

    async def _count(self, engine: Engine, clock: Clock) -> None:
        while True:
            await asyncio.sleep(COUNTS_EVERY)
            await self.count_all(engine, self._tallies.due(clock.now()))

    async def _pass(self, engine: Engine) -> None:
        while True:
            stirred, self._stirred = self._stirred, set()
            for tenant_id in stirred:
                await self._turn(engine, tenant_id)
            await asyncio.sleep(PASS_EVERY)

    async def _turn(self, engine: Engine, tenant_id: UUID) -> None:
        """One turn. Whoever's fails, for its key is away say, holds up no other: the rounds find it again."""
        try:
            async with engine.begin(tenant_id, principal=WATCH) as ctx:
                done = await self.turn(ctx)
            if not done:
                self.stir(tenant_id)
        except Refusal as refusal:
            _log.warning("alerts_wait", code=refusal.code, reason=refusal.reason, tenant_id=str(tenant_id))
        except Exception:  # noqa: BLE001 - as above
            _log.exception("alerts_wait", tenant_id=str(tenant_id))

    def _facts(
        self, ctx: RequestContext, logged: Sequence[Logged], unsound: Sequence[Logged], agrees: bool
    ) -> list[Fact]:
        """What the log tells, and what it tells of itself."""
        facts: list[Fact] = []
        if unsound or not agrees:
            where = uuid7(ctx.now, self._entropy)
            about = f"record {unsound[0].seq}" if unsound else "head"
            facts.append(Fact(where, "audit_contradicted", TENANT, ctx.now, max(len(unsound), 1), about=about))
        for each in logged:
            if each.record is not None and ctx.now - each.record.at <= OLD:
                fact = fact_of(each.record)
                facts += [] if fact is None else [fact]
        return facts

    async def _judge(self, ctx: RequestContext, keyset: Keyset, waiting: Sequence[Fact]) -> None:
        terms = await self._policies.alerts(ctx)
        since = min(fact.at for fact in waiting) - _LONGEST - USUAL_OVER
        before = await records_facts.before(ctx, keyset, concerned(waiting), since, MAX_BEFORE)
        subjects = {TENANT, *(fact.subject for fact in waiting)}
        last: dict[tuple[RuleName, str], Alert] = {
            (alert.rule, alert.subject): alert for alert in await records.last(ctx, keyset, subjects)
        }
        users = [fact for fact in waiting if fact.kind == "key_used"]
        known = await records_facts.known(ctx, "key_used", {fact.subject for fact in users}) if users else []
        for finding in judge(before, waiting, terms, _past(known, last)):
            await self._found(ctx, keyset, last.get((finding.rule.name, finding.subject)), finding)
        await records_facts.learn(ctx, [_seen(fact, member) for fact in users for member in sorted(fact.members)])
        await records_facts.judged(ctx, waiting)

    async def _found(self, ctx: RequestContext, keyset: Keyset, last: Alert | None, finding: Finding) -> None:
        if last is not None and extends(last, finding):
            await records.extend(ctx, keyset, extended(last, finding))
            return
        alert = raised(uuid7(ctx.now, self._entropy), finding)
        told = alert.severity == "high" and not await records.was_raised(ctx, alert.rule, ctx.now - LETTER_EVERY)
        await records.insert(ctx, keyset, alert)
        await self._journal.record(
            ctx,
            Event.ALERT_RAISED,
            subject=format_id(ALERT, alert.alert_id),
            details={
                "rule": alert.rule,
                "severity": alert.severity,
                "about": alert.subject,
                "count": alert.count,
                "first_seen": alert.first_seen.isoformat(),
                "last_seen": alert.last_seen.isoformat(),
            },
        )
        if told:
            await self._notices.tell(ctx, LETTER)


def _past(known: Sequence[Seen], last: dict[tuple[RuleName, str], Alert]) -> Past:
    members: dict[tuple[FactKind, str], dict[bytes, datetime]] = {}
    for each in known:
        members.setdefault((each.kind, each.subject), {})[each.member] = each.first_seen
    closed = {key: alert.changed_at for key, alert in last.items() if alert.state == "closed"}
    return Past(members, closed)


def _seen(fact: Fact, member: bytes) -> Seen:
    return Seen(fact.kind, fact.subject, member, fact.at, fact.at)
