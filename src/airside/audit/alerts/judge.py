"""Rules × a window of facts → findings. Pure, so that any history can be played again."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, TypeAlias
from uuid import UUID

from airside.audit.alerts.model import MAX_EVIDENCE, OTHERS, TENANT, Fact, FactKind, Facts, Finding, Rule, RuleName
from airside.audit.alerts.rules import BY_NAME, RULES, USUAL_FROM, USUAL_OVER

MAX_ABOUT: Final = 20
"""Addresses that one finding names."""

Known: TypeAlias = Mapping[tuple[FactKind, str], Mapping[bytes, datetime]]
"""By which members a subject is known, and since when."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a tenant wants of the rules: which are off, and other thresholds. Bounds are checked where it is set."""

    off: frozenset[RuleName] = frozenset()
    thresholds: Mapping[RuleName, int] = field(default_factory=dict[RuleName, int])

    def threshold(self, rule: Rule) -> int:
        """The tenant's, or the rule's own."""
        return self.thresholds.get(rule.name, rule.threshold)

    def each_below(self, rule: Rule) -> int | None:
        """How many members a subject has at least that is another rule's; None where there is no such rule in force."""
        return None if rule.beside is None or rule.beside in self.off else self.threshold(BY_NAME[rule.beside])


@dataclass(frozen=True, slots=True)
class Past:
    """What is known beside the facts: members that subjects are known by, and when somebody closed the last alert of a
    rule about a subject: what was before that counts for no new one."""

    known: Known = field(default_factory=dict[tuple[FactKind, str], Mapping[bytes, datetime]])
    closed: Mapping[tuple[RuleName, str], datetime] = field(default_factory=dict[tuple[RuleName, str], datetime])


def concerned(fresh: Facts) -> frozenset[FactKind]:
    """Of which kinds facts are needed to judge `fresh` ones."""
    kinds = {fact.kind for fact in fresh}
    rules = [rule for rule in RULES if rule.facts in kinds]
    return frozenset(kind for rule in rules for kind in (rule.facts, rule.excused) if kind is not None)


def judge(before: Facts, fresh: Facts, terms: Terms, past: Past) -> list[Finding]:
    """What the rules find in `fresh` facts: one finding a rule and subject. Those of `before`, of the kinds that are
    `concerned`, were judged and count with them. Both come in any order."""
    found: list[Finding] = []
    for rule in RULES:
        news = [fact for fact in fresh if fact.kind == rule.facts]
        if rule.name in terms.off or not news:
            continue
        ids, subjects = {fact.fact_id for fact in news}, {fact.subject for fact in news}
        for subject, about in _by_subject(rule, (*before, *fresh), subjects).items():
            finding = _judge(rule, terms, subject, about, ids, past)
            if finding is not None:
                found.append(finding)
    return found


def _by_subject(rule: Rule, facts: Facts, subjects: Collection[str]) -> dict[str, list[Fact]]:
    """What concerns the rule, in order, for each of `subjects`, of whom there is something new."""
    found: dict[str, list[Fact]] = {}
    for fact in facts:
        mine = rule.whole or (fact.subject in subjects and fact.subject != OTHERS)
        if mine and fact.kind in (rule.facts, rule.excused):
            found.setdefault(TENANT if rule.whole else fact.subject, []).append(fact)
    return {subject: sorted(about, key=lambda fact: (fact.at, fact.fact_id)) for subject, about in found.items()}


def _judge(rule: Rule, terms: Terms, subject: str, facts: Facts, fresh: Collection[UUID], past: Past) -> Finding | None:
    threshold, each_below = terms.threshold(rule), terms.each_below(rule)
    closed = past.closed.get((rule.name, subject))
    facts = [fact for fact in facts if closed is None or fact.at > closed]
    known = past.known.get((rule.facts, subject), {})
    hit: dict[UUID, Fact] = {}
    height = 0
    for moment in _moments(rule, facts, fresh):
        window = [fact for fact in facts if moment - rule.window < fact.at <= moment]
        measured = _measured(rule, each_below, window, known, moment)
        if measured >= threshold and not _is_usual(rule, facts, window, moment):
            height = max(height, measured)
            hit |= {fact.fact_id: fact for fact in window if fact.kind == rule.facts}
    if not hit:
        return None
    told = list(hit.values())
    new = [fact for fact in told if fact.fact_id in fresh]
    return Finding(
        rule=rule,
        subject=subject,
        began=told[0].at,
        first_seen=new[0].at,
        last_seen=new[-1].at,
        total=sum(fact.count for fact in told),
        count=sum(fact.count for fact in new),
        measured=height,
        threshold=threshold,
        records=tuple(fact.record_id for fact in told if fact.record_id is not None)[-MAX_EVIDENCE:],
        about=tuple(dict.fromkeys(fact.about for fact in told if fact.about))[-MAX_ABOUT:],
    )


def _moments(rule: Rule, facts: Facts, fresh: Collection[UUID]) -> list[datetime]:
    """At which moments to look: after the last fresh fact of each minute."""
    new = [fact.at for fact in facts if fact.kind == rule.facts and fact.fact_id in fresh]
    minutes = groupby(new, key=lambda at: at.replace(second=0, microsecond=0))
    return [max(group) for _, group in minutes]


def _measured(
    rule: Rule, each_below: int | None, window: Facts, known: Mapping[bytes, datetime], moment: datetime
) -> int:
    own = [fact for fact in window if fact.kind == rule.facts]
    if rule.measure == "members":
        return _different(rule, each_below, window)
    if rule.measure == "news":
        learnt = bool(known) and min(known.values()) <= moment - rule.learns
        return len(_members(own) - known.keys()) if learnt else 0
    count, asked = sum(fact.count for fact in own), sum(fact.asked for fact in own)
    return count if count >= rule.share * asked else 0


def _different(rule: Rule, each_below: int | None, window: Facts) -> int:
    """How many members there are, without those that were excused; 0 where as many were excused or they are spread too
    little."""
    failed: dict[str, set[bytes]] = {}
    for fact in window:
        if fact.kind == rule.facts:
            failed.setdefault(fact.subject, set()).update(fact.members)
    passed = _members(fact for fact in window if fact.kind == rule.excused)
    left = {subject: members - passed for subject, members in failed.items()}
    if each_below is not None:
        left = {each: members for each, members in left.items() if each == OTHERS or len(members) < each_below}
    spread = sum(1 for members in left.values() if members)
    count = len(frozenset[bytes]().union(*left.values()))
    return count if spread >= rule.spread and count > len(passed) else 0


def _members(facts: Iterable[Fact]) -> frozenset[bytes]:
    return frozenset[bytes]().union(*(fact.members for fact in facts))


def _is_usual(rule: Rule, facts: Facts, window: Facts, moment: datetime) -> bool:
    """Whether so much within `window` is nothing remarkable for the subject, as far as its facts reach back."""
    if not rule.usual:
        return False
    begins = moment - rule.window
    before = [fact for fact in facts if fact.kind == rule.facts and begins - USUAL_OVER < fact.at <= begins]
    span = begins - before[0].at if before else timedelta(0)
    if span < USUAL_FROM:
        return False
    usual = sum(fact.count for fact in before) * (rule.window / span)
    return sum(fact.count for fact in window if fact.kind == rule.facts) < rule.usual * usual
