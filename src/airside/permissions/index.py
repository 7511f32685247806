"""One store in memory: its graph at one revision, and its models compiled for that graph."""

from collections.abc import Sequence
from typing import Final

from airside.core.errors import Inconsistent
from airside.permissions.graph import Graph
from airside.permissions.memberships import Memberships
from airside.permissions.model import NO_TERMS, Change, Grant, Model, Question, TupleKey, Verdict
from airside.permissions.plan import Compiled, Plan
from airside.permissions.refusals import InvalidContextualTuple, InvalidQuestion, NoModelYet, TooManyTuples
from airside.permissions.rules import Rules
from airside.permissions.search import decide
from airside.permissions.words import spell, split_object

MAX_CONTEXTUAL: Final = 100
MAX_MODELS: Final = 16
"""Models of a store that are kept compiled; the oldest leaves."""


class Ready:
    """A model ready for questions on one graph."""

    def __init__(self, rules: Rules, graph: Graph, compiled: Compiled | None = None) -> None:
        self.rules = rules
        self.graph = graph
        self._compiled = compiled or Compiled(rules.model, graph)
        self._memberships = Memberships(self._compiled, graph)

    def check(self, subject: str, relation: str, object_: str) -> str:
        """The userset at which the subject was found; empty for no.

        Raises:
            InvalidQuestion: words that the model can't mean.
            TooComplex: no answer within the bounds.
        """
        plan = self.plans.get((object_.partition(":")[0], relation))
        if plan is None or object_ not in self.graph.nodes:
            plan = self.plan(relation, object_)
        known = self._memberships.known(subject)
        if known is None:
            self.rules.check_subject(subject)
            known = self._memberships.collect(subject)
        return decide(plan, object_, known, self.graph)

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
        graph = self.graph.overlaid(grant.key for grant in contextual if grant.terms == NO_TERMS)
        return Ready(self.rules, graph, self._compiled if graph.shape == self._compiled.shape else None)

    @property
    def plans(self) -> dict[tuple[str, str], Plan]:
        """Every relation's plan, compiled anew if the graph's shape has changed."""
        if self._compiled.shape != self.graph.shape:
            self._compiled = Compiled(self.rules.model, self.graph)
            self._memberships = Memberships(self._compiled, self.graph)
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

    def __init__(self, revision: int, model_id: str, tuples: Sequence[TupleKey]) -> None:
        self.revision: int = revision
        self.model_id = model_id
        """The latest model; empty before the first."""
        self.dropped = False
        self.graph = Graph()
        self._ready: dict[str, Ready] = {}
        for key in tuples:
            self.graph.add(key)

    def apply(self, changes: Sequence[Change]) -> None:
        """Follow the change log.

        Raises:
            Inconsistent: a revision is missing. Nothing after the gap is applied.
        """
        for change in changes:
            if change.revision <= self.revision:
                continue
            if change.revision != self.revision + 1:
                raise Inconsistent("gap in a store's change log", revision=self.revision)
            if change.operation == "model":
                self.model_id = change.model_id
            elif change.operation == "drop":
                self.dropped = True
            elif change.key is not None and change.terms == NO_TERMS:
                (self.graph.add if change.operation == "write" else self.graph.remove)(change.key)
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

    def answer(self, question: Question, ready: Ready) -> Verdict:
        """Decide a question at this revision, with no wait.

        Raises:
            InvalidQuestion: words or contextual tuples that the model can't mean.
            TooComplex: no answer within the bounds.
        """
        if question.contextual:
            ready = ready.with_contextual(question.contextual)
        because = ready.check(question.subject, question.relation, question.object)
        return Verdict(because != "", because, self.revision)
