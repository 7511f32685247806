"""The definition of the language, on one page and without a thought for speed: every relation of every object for
one subject, by fixpoints. `but not` takes the well-founded reading: what depends on its own absence is no."""

from collections.abc import Iterable

from airside.permissions.model import (
    Computed,
    Difference,
    Direct,
    Intersection,
    Model,
    Relation,
    Rewrite,
    TupleKey,
    TupleToUserset,
    Union,
)
from airside.permissions.words import kind_of

Facts = frozenset[tuple[str, str]]


class Naive:
    def __init__(self, model: Model, tuples: Iterable[TupleKey], subject: str, extra: Iterable[str] = ()) -> None:
        self.relations = {(each.name, relation.name): relation for each in model.types for relation in each.relations}
        self.tuples = [key for key in tuples if self._lawful(key)]
        self.subject = subject
        words = {word for key in self.tuples for word in (key.object, key.user)} | {subject, *extra}
        self.objects = {word.partition("#")[0] for word in words if not word.endswith(":*")}
        self.true: Facts = frozenset()
        while True:
            possible = self._least(self.true)
            true = self._least(possible)
            if true == self.true:
                return
            self.true = true

    def check(self, relation: str, object_: str) -> bool:
        return (object_, relation) in self.true

    def _lawful(self, key: TupleKey) -> bool:
        relation = self.relations.get((key.object.partition(":")[0], key.relation))
        return relation is not None and kind_of(key.user) in [each.kind for each in relation.restrictions]

    def _least(self, denied: Facts) -> Facts:
        """The least facts, if exactly those of `denied` count where `but not` asks."""
        facts: Facts = frozenset()
        while True:
            more = frozenset(
                (word, name)
                for word in self.objects
                for (type_name, name), relation in self.relations.items()
                if word.partition(":")[0] == type_name
                and (self.subject == f"{word}#{name}" or self._holds(relation.rewrite, relation, word, facts, denied))
            )
            if more == facts:
                return facts
            facts = more

    def _holds(self, rewrite: Rewrite, relation: Relation, word: str, facts: Facts, denied: Facts) -> bool:
        match rewrite:
            case Direct():
                return any(self._is_in(user, facts) for user in self._users(word, relation.name))
            case Computed(name):
                return (word, name) in facts
            case TupleToUserset(name, tupleset):
                return any((user, name) in facts for user in self._users(word, tupleset))
            case Union(children):
                return any(self._holds(child, relation, word, facts, denied) for child in children)
            case Intersection(children):
                return all(self._holds(child, relation, word, facts, denied) for child in children)
            case Difference(base, subtract):
                return self._holds(base, relation, word, facts, denied) and not self._holds(
                    subtract, relation, word, denied, facts
                )

    def _users(self, word: str, relation: str) -> list[str]:
        return [key.user for key in self.tuples if (key.object, key.relation) == (word, relation)]

    def _is_in(self, user: str, facts: Facts) -> bool:
        if user.endswith(":*"):
            return user == self.subject or kind_of(self.subject) == user.partition(":")[0]
        name, _, relation = user.partition("#")
        return user == self.subject or (relation != "" and (name, relation) in facts)
