"""Plays a history over again, minute by minute, as the server would judge it, without a database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from airside.audit import Event
from airside.audit.alerts import (
    Alert,
    Fact,
    FactKind,
    Past,
    RuleName,
    Terms,
    concerned,
    extended,
    extends,
    fact_of,
    judge,
    raised,
)
from airside.audit.alerts.rules import KEPT
from airside.audit.model import Record
from airside.core.strict_json import Json, dumps

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday."""
MINUTE = timedelta(minutes=1)


def member(word: str) -> bytes:
    """As an account or a network is counted: not by its name."""
    return sha256(word.encode()).digest()[:8]


@dataclass
class History:
    """A tenant's alerts as its history goes on. Facts are noted, and judged when their minute is over."""

    terms: Terms = field(default_factory=Terms)
    alerts: list[Alert] = field(default_factory=list[Alert])
    facts: dict[FactKind, list[Fact]] = field(default_factory=dict[FactKind, list[Fact]])
    known: dict[tuple[FactKind, str], dict[bytes, datetime]] = field(
        default_factory=dict[tuple[FactKind, str], dict[bytes, datetime]]
    )
    _waiting: list[Fact] = field(default_factory=list[Fact])
    _count: int = 0

    def happens(
        self, at: datetime, event: Event, *, subject: str = "", actor: str = "", details: Mapping[str, Json] = {}
    ) -> None:
        """The journal recorded something."""
        record_id, text = self._id(), dumps(dict(details)).decode()
        record = Record(UUID(int=1), record_id, at, event, actor, subject, "success", "", "", "-", text, "", None, b"")
        fact = fact_of(record)
        if fact is not None:
            self._waiting.append(fact)

    def counts(
        self, at: datetime, kind: FactKind, subject: str, count: int = 1, *, asked: int = 0, members: Iterable[str] = ()
    ) -> None:
        """A process counted something within the minute before `at`."""
        found = frozenset(map(member, members))
        self._waiting.append(Fact(self._id(), kind, subject, at, count, asked, found))

    def judges(self, at: datetime) -> None:
        """The minute is over."""
        fresh, self._waiting = self._waiting, []
        before = [fact for kind in concerned(fresh) for fact in self._kept(kind, at)]
        closed: dict[tuple[RuleName, str], datetime] = {
            (alert.rule, alert.subject): alert.changed_at for alert in self.alerts if alert.state == "closed"
        }
        for finding in judge(before, fresh, self.terms, Past(self.known, closed)):
            about = [a for a in self.alerts if (a.rule, a.subject) == (finding.rule.name, finding.subject)]
            last = about[-1] if about else None
            if last is not None and extends(last, finding):
                self.alerts[self.alerts.index(last)] = extended(last, finding)
            else:
                self.alerts.append(raised(self._id(), finding))
        for fact in fresh:
            self.facts.setdefault(fact.kind, []).append(fact)
            if fact.kind == "key_used":
                for each in fact.members:
                    self.known.setdefault((fact.kind, fact.subject), {}).setdefault(each, fact.at)

    def _kept(self, kind: FactKind, at: datetime) -> list[Fact]:
        self.facts[kind] = [fact for fact in self.facts.get(kind, ()) if fact.at > at - KEPT]
        return self.facts[kind]

    def closes(self, at: datetime, place: int = -1) -> None:
        """An administrator closed an alert."""
        self.alerts[place] = replace(self.alerts[place], state="closed", changed_at=at)

    @property
    def told(self) -> list[tuple[str, str]]:
        """Rule and subject of every alert, in the order they were raised."""
        return [(alert.rule, alert.subject) for alert in self.alerts]

    def _id(self) -> UUID:
        self._count += 1
        return UUID(int=self._count)
