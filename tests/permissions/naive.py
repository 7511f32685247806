"""The definition of the language, on one page and without a thought for speed: every relation of every object for
one subject, by fixpoints. `but not` takes the well-founded reading: what depends on its own absence is no, and what
depends on a condition without an answer has none."""

from collections.abc import Callable, Iterable, Mapping

from airside.core.strict_json import Json, loads_object
from airside.permissions.model import (
    Computed,
    Difference,
    Direct,
    Grant,
    Intersection,
    Model,
    Relation,
    Rewrite,
    Terms,
    TupleKey,
    TupleToUserset,
    Union,
)
from airside.permissions.words import kind_of

Facts = frozenset[tuple[str, str]]
Meanings = Mapping[str, Callable[[Mapping[str, Json]], bool | None]]
"""What conditions mean, by name: a bool for values, or None where they haven't one."""


class Naive:
    def __init__(
        self,
        model: Model,
        tuples: Iterable[Grant | TupleKey],
        subject: str,
        extra: Iterable[str] = (),
        context: Mapping[str, Json] | None = None,
        meanings: Meanings | None = None,
    ) -> None:
        self.relations = {(each.name, relation.name): relation for each in model.types for relation in each.relations}
        grants = [each if isinstance(each, Grant) else Grant(each) for each in tuples]
        self.tuples = [
            (grant.key, holds)
            for grant in grants
            if self._lawful(grant)
            if (holds := _holds(grant.terms, context or {}, meanings or {})) is not False
        ]
        self.subject = subject
        words = {word for key, _ in self.tuples for word in (key.object, key.user)} | {subject, *extra}
        self.objects = {word.partition("#")[0] for word in words if not word.endswith(":*")}
        self.true: Facts = frozenset()
        while True:
            self.possible = self._least(self.true, lenient=True)
            true = self._least(self.possible, lenient=False)
            if true == self.true:
                return
            self.true = true

    def check(self, relation: str, object_: str) -> bool:
        return (object_, relation) in self.true

    def answer(self, relation: str, object_: str) -> bool | None:
        """As `check`; None where there is no lawful answer."""
        return self.check(relation, object_) or (None if (object_, relation) in self.possible else False)

    def _lawful(self, grant: Grant) -> bool:
        relation = self.relations.get((grant.key.object.partition(":")[0], grant.key.relation))
        allowed = [] if relation is None else [(each.kind, each.condition) for each in relation.restrictions]
        return (kind_of(grant.key.user), grant.terms.condition) in allowed

    def _least(self, denied: Facts, *, lenient: bool) -> Facts:
        """The least facts, if exactly those of `denied` count where `but not` asks, and tuples whose condition has no
        answer count where `lenient`."""
        facts: Facts = frozenset()
        users: dict[tuple[str, str], list[str]] = {}
        for key, holds in self.tuples:
            if holds or lenient:
                users.setdefault((key.object, key.relation), []).append(key.user)
        while True:
            more = frozenset(
                (word, name)
                for word in self.objects
                for (type_name, name), relation in self.relations.items()
                if word.partition(":")[0] == type_name
                and (
                    self.subject == f"{word}#{name}"
                    or self._has(relation.rewrite, relation, word, facts, denied, users)
                )
            )
            if more == facts:
                return facts
            facts = more

    def _has(
        self,
        rewrite: Rewrite,
        relation: Relation,
        word: str,
        facts: Facts,
        denied: Facts,
        users: dict[tuple[str, str], list[str]],
    ) -> bool:
        def has(part: Rewrite, so_far: Facts = facts, without: Facts = denied) -> bool:
            return self._has(part, relation, word, so_far, without, users)

        match rewrite:
            case Direct():
                return any(self._is_in(user, facts) for user in users.get((word, relation.name), ()))
            case Computed(name):
                return (word, name) in facts
            case TupleToUserset(name, tupleset):
                return any((user, name) in facts for user in users.get((word, tupleset), ()))
            case Union(children):
                return any(map(has, children))
            case Intersection(children):
                return all(map(has, children))
            case Difference(base, subtract):
                return has(base) and not has(subtract, denied, facts)

    def _is_in(self, user: str, facts: Facts) -> bool:
        if user.endswith(":*"):
            return user == self.subject or kind_of(self.subject) == user.partition(":")[0]
        name, _, relation = user.partition("#")
        return user == self.subject or (relation != "" and (name, relation) in facts)


def _holds(terms: Terms, context: Mapping[str, Json], meanings: Meanings) -> bool | None:
    if not terms.condition:
        return True
    stored = loads_object(terms.context) if terms.context else {}
    return meanings[terms.condition]({**context, **stored})
