"""Random models that are valid, tuples that they allow, and questions about them; the same for the same seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from random import Random

from airside.core.strict_json import Json
from airside.permissions.language import ModelProblems, validate
from airside.permissions.model import (
    NO_TERMS,
    Computed,
    Condition,
    Difference,
    Direct,
    Grant,
    Intersection,
    Model,
    Parameter,
    Relation,
    Restriction,
    Rewrite,
    Terms,
    TupleKey,
    TupleToUserset,
    TypeDefinition,
    Union,
)
from airside.permissions.storetests import Assertion, CheckAssertion, ObjectsAssertion, UsersAssertion
from tests.permissions.naive import Meanings

TYPES = ("group", "doc")
RELATIONS = ("r0", "r1", "r2", "r3")
OBJECTS = [f"{type_name}:{number}" for number in range(3) for type_name in TYPES]
USERS = ["user:a", "user:b", "user:*"]
CONDITIONS = (
    Condition("small", (Parameter("x", "int"),), "x < 3"),
    Condition("named", (Parameter("x", "int"), Parameter("y", "string")), 'x > 1 && y == "a"'),
)


def _small(values: Mapping[str, Json]) -> bool | None:
    x = values.get("x")
    return x < 3 if isinstance(x, int) else None


def _named(values: Mapping[str, Json]) -> bool | None:
    x, y = values.get("x"), values.get("y")
    return x > 1 and y == "a" if isinstance(x, int) and y is not None else None


MEANINGS: Meanings = {"small": _small, "named": _named}
"""What `CONDITIONS` mean, said without CEL."""
STORED = {"small": (b"", b'{"x":1}', b'{"x":5}'), "named": (b"", b'{"x":2}', b'{"y":"a"}', b'{"x":2,"y":"a"}')}
CONTEXTS: tuple[dict[str, Json], ...] = ({}, {"x": 2}, {"x": 7, "y": "a"}, {"y": "a"})
TUPLES = 30
ATTEMPTS = 1000


@dataclass(frozen=True)
class RandomStore:
    """A valid model, tuples that it allows, and questions whose answers nobody has said yet."""

    model: Model
    grants: tuple[Grant, ...]
    questions: tuple[Assertion, ...]


class RandomStores:
    """Draws stores; `conditional` of ten of them have conditions. Without `circles` every tuple leads to an object
    further down."""

    def __init__(self, seed: int, *, conditional: int, circles: bool) -> None:
        self._random = Random(seed)
        self._conditional = conditional
        self._circles = circles

    def store(self, checks: int) -> RandomStore:
        """The next store, with as many checks and a tenth as many of each list."""
        model = self._model()
        grants = self._grants(model)
        subjects = [*USERS, *(f"{word}#{relation}" for word, relation in product(OBJECTS, RELATIONS))]
        draw = self._random
        questions: list[Assertion] = [
            CheckAssertion(
                self._mostly_plain(subjects), draw.choice(RELATIONS), draw.choice(OBJECTS), draw.choice(CONTEXTS), False
            )
            for _ in range(checks)
        ]
        questions += [
            ObjectsAssertion(
                self._mostly_plain(subjects), draw.choice(RELATIONS), draw.choice(TYPES), draw.choice(CONTEXTS), []
            )
            for _ in range(checks // 10)
        ]
        questions += [
            UsersAssertion(draw.choice(OBJECTS), draw.choice(RELATIONS), self._kind(), draw.choice(CONTEXTS), [])
            for _ in range(checks // 10)
        ]
        return RandomStore(model, grants, tuple(questions))

    def _mostly_plain(self, subjects: list[str]) -> str:
        return self._random.choice(subjects if self._random.random() < 0.25 else USERS)

    def _kind(self) -> str:
        kinds = [f"{type_name}#{relation}" for type_name, relation in product(TYPES, RELATIONS)]
        return self._random.choice(kinds) if self._random.random() < 0.25 else "user"

    def _model(self) -> Model:
        conditional = self._random.randrange(10) < self._conditional
        for _ in range(ATTEMPTS):
            types = (TypeDefinition("user"), *(self._type(name, conditional) for name in TYPES))
            used = {each.condition for place in types for relation in place.relations for each in relation.restrictions}
            model = Model("1.1", types, tuple(each for each in CONDITIONS if each.name in used))
            try:
                validate(model)
            except ModelProblems:
                continue
            return model
        raise AssertionError("no valid model")

    def _type(self, name: str, conditional: bool) -> TypeDefinition:
        parents = tuple(Restriction(each) for each in TYPES)
        relations = [Relation("parent", Direct(), parents)]
        for level, relation in enumerate(RELATIONS):
            rewrite = self._rewrite(level, 2, first=True)
            restrictions = self._restrictions(conditional) if _has_direct(rewrite) else ()
            relations.append(Relation(relation, rewrite, restrictions))
        return TypeDefinition(name, tuple(relations))

    def _restrictions(self, conditional: bool) -> tuple[Restriction, ...]:
        kinds = [("user", "", False), ("user", "", True)]
        kinds += [(type_name, relation, False) for type_name, relation in product(TYPES, RELATIONS)]
        chosen = [kinds[0], *self._random.sample(kinds, self._random.randint(1, 3))]
        names = ("", "", "small", "named") if conditional else ("",)
        found = [Restriction(*kind, self._random.choice(names)) for kind in chosen]
        return tuple({str(each): each for each in found}.values())

    def _rewrite(self, level: int, depth: int, *, first: bool) -> Rewrite:
        """Definitions that refer, on the same object, only to relations before them; `[…]` stands first only."""
        draw = self._random.random()
        if depth and draw < 0.45:
            left = self._rewrite(level, depth - 1, first=first)
            right = self._rewrite(level, depth - 1, first=False)
            made: list[Rewrite] = [Union((left, right)), Intersection((left, right)), Difference(left, right)]
            return self._random.choice(made)
        if first and draw < 0.8:
            return Direct()
        if level and draw < 0.9:
            return Computed(self._random.choice(RELATIONS[:level]))
        return TupleToUserset(self._random.choice(RELATIONS), "parent")

    def _grants(self, model: Model) -> tuple[Grant, ...]:
        places = [
            (definition.name, relation.name, restriction)
            for definition in model.types
            for relation in definition.relations
            for restriction in relation.restrictions
        ]
        found: dict[TupleKey, Grant] = {}
        for _ in range(TUPLES):
            type_name, relation, restriction = self._random.choice(places)
            user = self._word(restriction)
            key = TupleKey(user, relation, f"{type_name}:{self._random.randrange(3)}")
            if self._is_wanted(key):
                found[key] = Grant(key, self._terms(restriction))
        return tuple(found.values())

    def _is_wanted(self, key: TupleKey) -> bool:
        word = key.user.partition("#")[0]
        if self._circles or word not in OBJECTS:
            return key.user != f"{key.object}#{key.relation}"  # it says nothing, and OpenFGA refuses it
        return OBJECTS.index(word) < OBJECTS.index(key.object)

    def _word(self, restriction: Restriction) -> str:
        if restriction.wildcard:
            return f"{restriction.type}:*"
        if restriction.type == "user":
            return self._random.choice(USERS[:2])
        word = f"{restriction.type}:{self._random.randrange(3)}"
        return f"{word}#{restriction.relation}" if restriction.relation else word

    def _terms(self, restriction: Restriction) -> Terms:
        name = restriction.condition
        return Terms(name, self._random.choice(STORED[name])) if name else NO_TERMS


def _has_direct(rewrite: Rewrite) -> bool:
    match rewrite:
        case Direct():
            return True
        case Union(children) | Intersection(children):
            return any(map(_has_direct, children))
        case Difference(base, subtract):
            return _has_direct(base) or _has_direct(subtract)
        case _:
            return False
