"""One store in memory: its graph at one revision, and its models compiled for that graph."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Final

from airside.core.errors import Inconsistent
from airside.core.strict_json import Json
from airside.permissions.compiled import Compiled
from airside.permissions.given import NEITHER, YES, Given
from airside.permissions.graph import UNKNOWN, Graph
from airside.permissions.holdings import Holder
from airside.permissions.memberships import Memberships
from airside.permissions.model import Change, Grant, Model, Question, Verdict
from airside.permissions.plan import Plan
from airside.permissions.quick import decide, forget
from airside.permissions.reachable import reachable
from airside.permissions.refusals import (
    InvalidContextualTuple,
    InvalidQuestion,
    NoModelYet,
    TooComplex,
    TooManyTuples,
)
from airside.permissions.rules import Rules
from airside.permissions.search import found
from airside.permissions.words import kind_of, spell, split_object

MAX_CONTEXTUAL: Final = 100
MAX_MODELS: Final = 16
"""Models of a store that are kept compiled; the oldest leaves."""


MAX_CANDIDATES: Final = 50_000
"""Candidates that one question may check. Over it the question is refused: an answer is never cut."""
_STAMPS: Final = count()
_LASTING_YES: Final = (True, True)
_LASTING_NO: Final = (False, True)


class Ready:
    """A model ready for questions on one graph."""

    def __init__(self, rules: Rules, graph: Graph, compiled: Compiled | None = None) -> None:
        self.rules = rules
        self.graph = graph
        self._compiled = compiled or Compiled(rules.model, graph)
        self._memberships = Memberships(self._compiled, graph)
        self._borrowed = compiled is not None
        self._version = -1
        self._stamps: dict[int, int] = {}

    def check(self, subject: str, relation: str, object_: str, context: Mapping[str, Json], now: datetime) -> bool:
        """May the subject, as `answer` says."""
        return self.answer(subject, relation, object_, context, now)[0]

    def answer(
        self, subject: str, relation: str, object_: str, context: Mapping[str, Json], now: datetime
    ) -> tuple[bool, bool]:
        """May the subject; and whether that rests on tuples alone that hold always, for any context and moment.

        Raises:
            InvalidQuestion: words that the model can't mean, or a condition without an answer.
            TooComplex: no answer within the bounds.
        """
        graph = self.graph
        plan = self.plans.get((object_.partition(":")[0], relation))
        node = graph.nodes.get(object_)
        if plan is None or node is None:
            plan = self.plan(relation, object_)
        known = self._memberships.known(subject)
        if known is None:
            self.rules.check_subject(subject)
            known = self._memberships.collect(subject)
        if plan.quick and node is not None and known.slot == UNKNOWN and known.complete and not self._borrowed:
            if graph.version != self._version:
                self._version = graph.version
                forget(self._compiled.crowded, graph, self._stamps)
            answer = decide(plan, node, known.nodes, graph)
            if answer != NEITHER:
                return _LASTING_YES if answer == YES else _LASTING_NO
        given = Given(self.rules.conditions, context, now)
        return found(plan, object_, known, graph, given) == YES, not given.used

    def objects(
        self, subject: str, relation: str, type_name: str, context: Mapping[str, Json], now: datetime
    ) -> list[str]:
        """Every object of a type on which the subject has the relation, sorted.

        Raises:
            as `answer`; TooComplex also for over `MAX_CANDIDATES` objects to be checked.
        """
        self.rules.relation(type_name, relation)
        self.rules.check_subject(subject)
        plan = self.plans[type_name, relation]
        known = self._memberships.known(subject) or self._memberships.collect(subject)
        held = Holder(known, self.graph).holdings(plan)
        words = self.graph.words
        candidates = {words[node] for node in held.likely}
        if known.name and type_name == kind_of(known.name):
            candidates.add(known.name)
        _refuse_too_many(candidates)
        found = {words[node] for node in held.sure}
        found |= {word for word in candidates - found if self.check(subject, relation, word, context, now)}
        return sorted(found)

    def users(self, object_: str, relation: str, kind: str, context: Mapping[str, Json], now: datetime) -> list[str]:
        """Every subject of a kind (`user`, `group#member`) that has the relation on the object, sorted. A wildcard
        stands for everybody of its type.

        Raises:
            as `answer`; TooComplex also for over `MAX_CANDIDATES` subjects.
        """
        type_name, _, subject_relation = kind.partition("#")
        kinds = {kind}
        if subject_relation:
            self.rules.relation(type_name, subject_relation)
        else:
            self.rules.check_type(type_name)
            kinds.add(f"{type_name}:*")
        plan = self.plan(relation, object_)
        candidates = reachable(plan, object_, self.graph, self.plans, kinds, MAX_CANDIDATES)
        return [word for word in sorted(candidates) if self.check(word, relation, object_, context, now)]

    def with_contextual(self, contextual: Sequence[Grant]) -> "Ready":
        """The model on its graph and `contextual`, for one question.

        Raises:
            TooManyTuples: over `MAX_CONTEXTUAL`.
            InvalidContextualTuple: one that the model doesn't allow, or the same one twice.
        """
        if len(contextual) > MAX_CONTEXTUAL:
            raise TooManyTuples(f"at most {MAX_CONTEXTUAL} contextual tuples", max_tuples=MAX_CONTEXTUAL)
        keys = [grant.key for grant in contextual]
        if len(set(keys)) != len(keys):
            raise InvalidContextualTuple("duplicate contextual tuple")
        for grant in contextual:
            try:
                self.rules.check_tuple(grant.key, grant.terms)
            except InvalidQuestion as refusal:
                raise InvalidContextualTuple(f"{spell(grant.key)}: {refusal.reason}") from refusal
        graph = self.graph.overlaid(contextual)
        return Ready(self.rules, graph, self._compiled if graph.shape == self._compiled.shape else None)

    @property
    def plans(self) -> dict[tuple[str, str], Plan]:
        """Every relation's plan, compiled anew if the graph's shape has changed."""
        if self._compiled.shape != self.graph.shape:
            self._compiled = Compiled(self.rules.model, self.graph)
            self._memberships = Memberships(self._compiled, self.graph)
            self._stamps.clear()
            self._version = -1
        return self._compiled.plans

    def plan(self, relation: str, object_: str) -> Plan:
        """The plan of a relation of an object; every word is looked at.

        Raises:
            InvalidQuestion: words that the model can't mean.
        """
        type_name, _ = split_object(object_)
        self.rules.relation(type_name, relation)
        return self.plans[type_name, relation]


class Index:
    """The tuples and models of one store, at `revision`. Changes come in commit order, without a gap."""

    def __init__(self, revision: int, model_id: str, graph: Graph) -> None:
        self.revision: int = revision
        self.stamp: int = next(_STAMPS)
        """No other index has it, nor this one at another revision."""
        self.model_id = model_id
        """The latest model; empty before the first."""
        self.dropped = False
        self.graph = graph
        self._ready: dict[str, Ready] = {}

    def apply(self, changes: Sequence[Change]) -> None:
        """Follow the change log.

        Raises:
            Inconsistent: a revision is missing. Nothing after the gap is applied.
        """
        self.stamp = next(_STAMPS)
        for change in changes:
            if change.revision <= self.revision:
                continue
            if change.revision != self.revision + 1:
                raise Inconsistent("gap in a store's change log", revision=self.revision)
            if change.operation == "model":
                self.model_id = change.model_id
            elif change.operation == "drop":
                self.dropped = True
            elif change.operation == "write" and change.key is not None:
                self.graph.add(change.key, change.terms)
            elif change.key is not None:
                self.graph.remove(change.key)
            self.revision = change.revision

    def latest(self, model_id: str | None) -> str:
        """`model_id`, or the latest.

        Raises:
            NoModelYet: the store has none.
        """
        name = model_id or self.model_id
        if not name:
            raise NoModelYet("the store has no authorization model yet")
        return name

    def ready(self, model_id: str) -> Ready | None:
        """The model, if it is in memory."""
        return self._ready.get(model_id)

    def keep(self, model_id: str, model: Model) -> Ready:
        """Compile a model and keep it."""
        if len(self._ready) >= MAX_MODELS:
            del self._ready[next(iter(self._ready))]
        ready = self._ready[model_id] = Ready(Rules(model), self.graph)
        return ready

    def answer(self, question: Question, ready: Ready, now: datetime) -> Verdict:
        """Decide a question at this revision and this moment, with no wait.

        Raises:
            InvalidQuestion: words or contextual tuples that the model can't mean, or a condition without an answer.
            TooComplex: no answer within the bounds.
        """
        if question.contextual:
            ready = ready.with_contextual(question.contextual)
        allowed, lasting = ready.answer(question.subject, question.relation, question.object, question.context, now)
        return Verdict(allowed, self.revision, lasting)


def _refuse_too_many(candidates: set[str]) -> None:
    if len(candidates) > MAX_CANDIDATES:
        raise TooComplex("the question has too many candidates", max_candidates=MAX_CANDIDATES)
