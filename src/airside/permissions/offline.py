"""A model and its tuples in memory, asked without a server and without a database: what `airside fga test` runs on.

The engine is the server's own: the index, its rules and its search.
"""

from collections.abc import Iterable, Mapping

from airside.core.strict_json import Json
from airside.permissions.index import Index
from airside.permissions.model import NO_CONTEXT, Grant, Model, Question
from airside.permissions.reachable import reachable
from airside.permissions.refusals import ConditionsUnavailable

MAX_CANDIDATES = 50_000


class Offline:
    """One valid model, and tuples that it allows.

    Raises:
        InvalidTuple, InvalidQuestion: a tuple that the model doesn't allow.
    """

    def __init__(self, model: Model, grants: Iterable[Grant]) -> None:
        if model.uses_conditions:
            raise ConditionsUnavailable
        self._index = Index(0, "offline", ())
        self._ready = self._index.keep("offline", model)
        for grant in grants:
            self._ready.rules.check_tuple(grant.key)
            self._index.graph.add(grant.key)

    def check(self, subject: str, relation: str, object_: str, context: Mapping[str, Json] = NO_CONTEXT) -> bool:
        """May the subject?

        Raises:
            InvalidQuestion: words that the model can't mean, or values that a condition lacks.
            TooComplex: no answer within the bounds.
        """
        question = Question("offline", subject, relation, object_, context=context)
        return self._index.answer(question, self._ready).allowed

    def objects(
        self, subject: str, relation: str, type_name: str, context: Mapping[str, Json] = NO_CONTEXT
    ) -> list[str]:
        """Every object of a type on which the subject has the relation, sorted.

        Raises:
            as `check`.
        """
        graph, rules = self._index.graph, self._ready.rules
        rules.relation(type_name, relation)
        rules.check_subject(subject)
        candidates = {graph.words[node] for node in graph.objects(type_name)}
        if subject.partition(":")[0] == type_name and "#" in subject:
            candidates.add(subject.partition("#")[0])
        return [word for word in sorted(candidates) if self.check(subject, relation, word, context)]

    def users(self, object_: str, relation: str, kind: str, context: Mapping[str, Json] = NO_CONTEXT) -> list[str]:
        """Every subject of a kind (`user`, `group#member`) that has the relation on the object, sorted.

        Raises:
            as `check`.
        """
        ready = self._ready
        type_name, _, subject_relation = kind.partition("#")
        kinds = {kind}
        if subject_relation:
            ready.rules.relation(type_name, subject_relation)
        else:
            ready.rules.check_type(type_name)
            kinds.add(f"{type_name}:*")
        plan = ready.plan(relation, object_)
        candidates = reachable(plan, object_, ready.graph, ready.plans, kinds, MAX_CANDIDATES)
        return [word for word in sorted(candidates) if self.check(word, relation, object_, context)]
