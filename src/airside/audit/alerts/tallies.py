"""What is counted where a row for each would cost too much: sign-ins that failed, refusals, permission checks that were
answered with no, networks that keys come from. In the memory of each process, and written at most once a minute.

Nothing waits for it, and a process that dies takes the counts of its last minute with it. What is counted of a tenant
is bounded; beyond the bound it counts together, so that a flood of addresses or callers fills neither memory nor table.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from airside.audit.alerts import records_facts
from airside.audit.alerts.model import MEMBER_BYTES, OTHERS, Fact, FactKind
from airside.audit.alerts.records_facts import SEEN_EVERY, Seen
from airside.audit.redaction import clean, clean_word
from airside.core.entropy import Entropy
from airside.core.ids import uuid7
from airside.store.context import RequestContext
from airside.vault import Keyset, Vault

EVERY: Final = timedelta(minutes=1)
MAX_SUBJECTS: Final = 500
"""Subjects of one kind that a tenant's minute tells apart in one process; the others count together."""
MAX_MEMBERS: Final = 64
"""Members that one of them tells."""
MAX_TENANTS: Final = 20_000
"""Tenants that are counted at once."""
MAX_CALLERS: Final = 100_000
"""Callers whose permission checks are counted at once; those beyond aren't."""
LEAST_DENIED: Final = 20
"""Fewer noes within a minute are told to nobody."""

_HASHED: Final[frozenset[FactKind]] = frozenset({"signin_failed", "signin_passed"})
"""Kinds whose subjects are addresses: they are told by their keyed hash, and sealed beside it."""


class _Tally(Struct):
    count: int = 0
    asked: int = 0
    members: set[str] = set()


_Kept = dict[tuple[FactKind, str], _Tally]


class Tallies:
    """Counts. `note` and `checked` never wait and never refuse."""

    def __init__(self, *, vault: Vault, entropy: Entropy) -> None:
        self._vault = vault
        self._entropy = entropy
        self._kept: dict[UUID, _Kept] = {}
        self._checked: dict[tuple[int, str], list[int]] = {}
        self._written: dict[UUID, datetime] = {}
        self._gathered: datetime | None = None

    def note(self, ctx: RequestContext, kind: FactKind, subject: str, member: str = "") -> None:
        """It happened once more to `subject`; `member` is what is counted once however often it comes."""
        kept = self._kept.get(ctx.tenant_id)
        if kept is None:
            if len(self._kept) >= MAX_TENANTS:
                return
            kept = self._kept[ctx.tenant_id] = {}
        tally = kept.get((kind, subject))
        if tally is None:
            full = sum(1 for each, _ in kept if each == kind) >= MAX_SUBJECTS
            tally = kept.setdefault((kind, OTHERS if full else subject), _Tally())
        tally.count += 1
        if member and len(tally.members) < MAX_MEMBERS:
            tally.members.add(member)

    def checked(self, ctx: RequestContext, allowed: bool) -> None:
        """A permission check of the context's caller was answered. The hottest path of the server leads through
        here."""
        key = (ctx.tenant_id.int, ctx.principal.subject)
        answers = self._checked.get(key)
        if answers is None:
            if len(self._checked) >= MAX_CALLERS:
                return
            answers = self._checked[key] = [0, 0]
        answers[allowed] += 1

    def due(self, now: datetime) -> list[UUID]:
        """The tenants that something was counted of, and whose last minute is over."""
        if self._gathered is None or not timedelta(0) <= now - self._gathered < EVERY:
            self._gathered = now
            self._gather()
        self._written = {tenant: at for tenant, at in self._written.items() if timedelta(0) <= now - at < EVERY}
        return [tenant for tenant in self._kept if tenant not in self._written]

    async def write(self, ctx: RequestContext) -> int:
        """Make facts of what was counted of the context's tenant; how many. What fails is lost: it was a minute's."""
        kept = self._kept.pop(ctx.tenant_id, {})
        self._written[ctx.tenant_id] = ctx.now
        if not kept:
            return 0
        keyset = await self._vault.keyset(ctx)
        facts = [self._fact(ctx, keyset, kind, subject, tally) for (kind, subject), tally in kept.items()]
        new = await self._unknown(ctx, [fact for fact in facts if fact.kind == "key_used"])
        told = [fact for fact in facts if fact.kind != "key_used"] + new
        await records_facts.insert(ctx, keyset, told)
        return len(told)

    def _gather(self) -> None:
        """What callers were answered becomes a tally like the others."""
        checked, self._checked = self._checked, {}
        for (tenant, subject), (denied, allowed) in checked.items():
            if denied >= LEAST_DENIED:
                kept = self._kept.setdefault(UUID(int=tenant), {})
                tally = kept.setdefault(("denied", subject), _Tally())
                tally.count, tally.asked = tally.count + denied, tally.asked + denied + allowed

    def _fact(self, ctx: RequestContext, keyset: Keyset, kind: FactKind, subject: str, tally: _Tally) -> Fact:
        hidden = kind in _HASHED and subject != OTHERS
        word = f"origin:{keyset.keyed_hash('alert/origin', _bytes(subject)).hex()}" if hidden else clean_word(subject)
        use = "alert/account" if kind in _HASHED else "alert/network"
        members = (keyset.keyed_hash(use, _bytes(member))[:MEMBER_BYTES] for member in tally.members)
        about = subject if hidden else ", ".join(sorted(tally.members)) if kind == "key_used" else ""
        return Fact(
            fact_id=uuid7(ctx.now, self._entropy),
            kind=kind,
            subject=word,
            at=ctx.now,
            count=tally.count,
            asked=tally.asked,
            members=frozenset(members),
            about=clean(about),
        )

    async def _unknown(self, ctx: RequestContext, facts: list[Fact]) -> list[Fact]:
        """Those with a member that their subject isn't known by; that the other members were seen again is written."""
        if not facts:
            return []
        seen = await records_facts.known(ctx, "key_used", {fact.subject for fact in facts})
        last = {(each.subject, each.member): each for each in seen}
        again: list[Seen] = []
        for fact in facts:
            for member in fact.members:
                each = last.get((fact.subject, member))
                if each is not None and ctx.now - each.last_seen >= SEEN_EVERY:
                    again.append(Seen(each.kind, each.subject, each.member, each.first_seen, ctx.now))
        await records_facts.learn(ctx, again)
        return [fact for fact in facts if any((fact.subject, member) not in last for member in fact.members)]


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")
