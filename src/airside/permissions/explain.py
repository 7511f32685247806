"""Why a question is answered as it is: the path of relations and conditions that decided, or what is missing.

A yes tells the one path on which the subject was found. A no tells what was tried, one step at a time, and the tuples
that would make it a yes: as few as there are, tried out on the store before they are told. Every step's answer is the
engine's own.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from airside.core.strict_json import Json
from airside.permissions.condition_values import values_of
from airside.permissions.ends import each
from airside.permissions.explanation import Explanation, Holds, Step, all_of, any_of, none_of, that_decide
from airside.permissions.given import Given
from airside.permissions.index import MAX_CONTEXTUAL, Ready
from airside.permissions.language import rule_of
from airside.permissions.limits import MAX_DEPTH
from airside.permissions.model import (
    NO_TERMS,
    Computed,
    Difference,
    Direct,
    Grant,
    Intersection,
    Relation,
    Rewrite,
    Terms,
    TupleKey,
    TupleToUserset,
    Union,
)
from airside.permissions.refusals import ConditionFailed, InvalidQuestion, TooComplex
from airside.permissions.words import WILDCARD, kind_of, spell

MAX_STEPS: Final = 200
"""Steps that are told."""
MAX_TRIED: Final = 20
"""Objects that a relation leads to, and tuples under terms, that are looked at one by one."""
MAX_ASKED: Final = 1_000
"""Questions to the engine, over which nothing more is looked at."""


def explain(ready: Ready, asked: TupleKey, context: Mapping[str, Json], now: datetime, revision: int) -> Explanation:
    """Why the question whether `asked.user` may is answered as it is.

    Raises:
        InvalidQuestion: words that the model can't mean.
    """
    ready.rules.check_subject(asked.user)
    ready.plan(asked.relation, asked.object)
    explainer = _Explainer(ready, asked.user, context, now)
    step = explainer.userset(asked.relation, asked.object, 0)
    missing: tuple[TupleKey, ...] = ()
    if step.holds != "yes":
        found = explainer.missing(asked.relation, asked.object)
        missing = tuple(found) if found and _suffice(ready, asked, context, now, found) else ()
    return Explanation(step.holds == "yes", step, missing, revision)


def _suffice(
    ready: Ready, asked: TupleKey, context: Mapping[str, Json], now: datetime, found: Sequence[TupleKey]
) -> bool:
    """Whether the answer with `found` is yes."""
    try:
        trial = ready.with_contextual([Grant(key) for key in found])
        return trial.check(asked.user, asked.relation, asked.object, context, now)
    except (InvalidQuestion, TooComplex):
        return False


class _Explainer:
    """One subject's question, taken apart."""

    def __init__(self, ready: Ready, subject: str, context: Mapping[str, Json], now: datetime) -> None:
        self._ready = ready
        self._subject = subject
        self._context = context
        self._now = now
        self._told: set[tuple[str, str]] = set()
        self._steps = 0
        self._answers: dict[tuple[str, str], Holds] = {}
        self._lacks: dict[tuple[str, str], list[TupleKey] | None] = {}

    @property
    def is_spent(self) -> bool:
        """Whether `MAX_ASKED` questions were asked."""
        return len(self._answers) >= MAX_ASKED

    def asks(self, relation: str, object_: str) -> Holds:
        """The engine's answer; `unknown` too if it would be one question too many."""
        known = self._answers.get((relation, object_))
        if known is None:
            known = "unknown" if self.is_spent else self._asks(relation, object_)
            self._answers[relation, object_] = known
        return known

    def _asks(self, relation: str, object_: str) -> Holds:
        try:
            return "yes" if self._ready.check(self._subject, relation, object_, self._context, self._now) else "no"
        except (ConditionFailed, TooComplex):
            return "unknown"

    def userset(self, relation: str, object_: str, depth: int) -> Step:
        """A relation of an object: its rule, and what that rests on."""
        definition = self._relation(relation, object_)
        name, holds = f"{object_}#{relation}", self.asks(relation, object_)
        self._steps += 1
        if (relation, object_) in self._told or depth > MAX_DEPTH or self._steps > MAX_STEPS:
            return Step(name, holds, "told above" if (relation, object_) in self._told else "not followed further")
        self._told.add((relation, object_))
        if self._subject == name:
            return Step(name, holds, "the subject itself")
        inner = self._rewrite(definition.rewrite, definition, object_, depth + 1)
        return Step(name, holds, rule_of(definition), that_decide(inner, holds))

    def _rewrite(self, rewrite: Rewrite, relation: Relation, object_: str, depth: int) -> tuple[Step, ...]:
        match rewrite:
            case Direct():
                return self._direct(relation, object_, depth)
            case Computed(name):
                return (self.userset(name, object_, depth),)
            case TupleToUserset(name, tupleset):
                return self._from(name, tupleset, object_, depth)
            case Union(children):
                return tuple(step for child in children for step in self._rewrite(child, relation, object_, depth))
            case Intersection(children):
                found = [self._operand(child, relation, object_, depth) for child in children]
                return (Step("and", all_of(found), steps=tuple(found)),)
            case Difference(base, subtract):
                left = self._operand(base, relation, object_, depth)
                right = self._operand(subtract, relation, object_, depth)
                holds = all_of([left, Step("", none_of(right))])
                return (Step("but not", holds, steps=(left, right)),)

    def _operand(self, rewrite: Rewrite, relation: Relation, object_: str, depth: int) -> Step:
        steps = self._rewrite(rewrite, relation, object_, depth)
        if len(steps) == 1:
            return steps[0]
        holds = any_of(steps)
        return Step("or", holds, "" if steps else "nobody", that_decide(steps, holds))

    def _direct(self, relation: Relation, object_: str, depth: int) -> tuple[Step, ...]:
        """Tuples of the relation that name the subject, its type's wildcard, or a userset that it is in."""
        allowed = {(restriction.kind, restriction.condition) for restriction in relation.restrictions}
        steps: list[Step] = []
        tuples = self._tuples(relation.name, object_)
        for place, (word, terms) in enumerate(tuples):
            if (kind_of(word), terms.condition) not in allowed:
                continue
            key = TupleKey(word, relation.name, object_)
            name, _, inner = word.partition("#")
            if word == self._subject or self._is_everybody(word):
                steps.append(self._tuple(key, terms))
            elif inner and self.is_spent:
                left = len(tuples) - place
                return (*steps, Step(f"{object_}#{relation.name}", "unknown", f"{left} more tuples not looked at"))
            elif inner and self.asks(inner, name) != "no":
                steps.append(self._tuple(key, terms, self.userset(inner, name, depth)))
        return tuple(steps)

    def _from(self, name: str, tupleset: str, object_: str, depth: int) -> tuple[Step, ...]:
        steps: list[Step] = []
        for word, terms in self._tuples(tupleset, object_)[:MAX_TRIED]:
            if self._ready.rules.has(kind_of(word), name):
                key = TupleKey(word, tupleset, object_)
                steps.append(self._tuple(key, terms, self.userset(name, word, depth)))
        return tuple(steps)

    def _tuple(self, key: TupleKey, terms: Terms, *inner: Step) -> Step:
        holds, why = self._under(terms)
        together = all_of([Step("", holds), *inner])
        return Step(spell(key), together, why, inner)

    def _under(self, terms: Terms) -> tuple[Holds, str]:
        if terms == NO_TERMS:
            return "yes", ""
        given = Given(self._ready.rules.conditions, self._context, self._now)
        answers: dict[int, Holds] = {1: "yes", 0: "no", -1: "unknown"}
        holds = answers[given.holds(terms)]
        if terms.expires_at is not None and terms.expires_at <= self._now:
            return "no", f"expired at {terms.expires_at.isoformat()}"
        if given.failure is not None:
            return holds, given.failure.reason
        if not terms.condition:
            return holds, f"until {terms.expires_at.isoformat() if terms.expires_at else 'ever'}"
        stored = ", ".join(f"{name}={value!r}" for name, value in values_of(terms).items())
        return holds, f"condition {terms.condition}({stored}) is {'true' if holds == 'yes' else 'false'}"

    def missing(
        self, relation: str, object_: str, passed: frozenset[tuple[str, str]] = frozenset()
    ) -> list[TupleKey] | None:
        """The fewest tuples that would give the relation, as far as the definition tells; None if there are none.
        Found once: what a way back to `passed` would add is never fewer."""
        place = (relation, object_)
        if place in passed or len(passed) > MAX_DEPTH or self.is_spent:
            return None
        if place not in self._lacks:
            definition = self._relation(relation, object_)
            self._lacks[place] = self._lacking(definition.rewrite, definition, object_, passed | {place})
        return self._lacks[place]

    def _lacking(
        self, rewrite: Rewrite, relation: Relation, object_: str, passed: frozenset[tuple[str, str]]
    ) -> list[TupleKey] | None:
        match rewrite:
            case Direct():
                if any(step.holds == "yes" for step in self._direct(relation, object_, MAX_DEPTH)):
                    return []
                kinds = {restriction.kind for restriction in relation.restrictions if not restriction.condition}
                given = kind_of(self._subject) in kinds
                return [TupleKey(self._subject, relation.name, object_)] if given else None
            case Computed(name):
                return self._or_nothing(name, object_, passed)
            case TupleToUserset(name, tupleset):
                words = [word for word, _ in self._tuples(tupleset, object_)[:MAX_TRIED]]
                lawful = [word for word in words if self._ready.rules.has(kind_of(word), name)]
                return _fewest([self._or_nothing(name, word, passed) for word in lawful])
            case Union(children):
                return _fewest([self._lacking(child, relation, object_, passed) for child in children])
            case Intersection(children):
                found = [self._lacking(child, relation, object_, passed) for child in children]
                needed = [lack for lack in found if lack is not None]
                keys = list(dict.fromkeys(key for lack in needed for key in lack))
                return keys if len(needed) == len(found) and len(keys) <= MAX_CONTEXTUAL else None
            case Difference(base, _):
                return self._lacking(base, relation, object_, passed)

    def _or_nothing(self, relation: str, object_: str, passed: frozenset[tuple[str, str]]) -> list[TupleKey] | None:
        return [] if self.asks(relation, object_) == "yes" else self.missing(relation, object_, passed)

    def _relation(self, relation: str, object_: str) -> Relation:
        return self._ready.rules.relation(object_.partition(":")[0], relation)

    def _is_everybody(self, word: str) -> bool:
        type_name, _, name = word.partition(":")
        return name == WILDCARD and "#" not in self._subject and self._subject.partition(":")[0] == type_name

    def _tuples(self, relation: str, object_: str) -> list[tuple[str, Terms]]:
        graph = self._ready.graph
        slot, node = graph.slots.get(f"{object_.partition(':')[0]}#{relation}"), graph.nodes.get(object_)
        if slot is None or node is None:
            return []
        found = [(graph.words[other], NO_TERMS) for other in each(graph.forward[slot].get(node))]
        found += [(graph.words[other], terms) for other, terms in (graph.termed[slot].get(node) or {}).items()]
        return sorted(found, key=lambda pair: pair[0])


def _fewest(found: Sequence[list[TupleKey] | None]) -> list[TupleKey] | None:
    known = [each for each in found if each is not None]
    return min(known, key=len) if known else None
