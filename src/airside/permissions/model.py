"""The values of the permissions room: authorization models, tuples, questions and answers. Pure.

A subject is a word (`user:anne`, `user:*`, `group:eng#member`): nothing here knows a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import msgspec

from airside.core.strict_json import Json


@dataclass(frozen=True, slots=True)
class Span:
    """Where something stands in a text: line, first column and the column after the last; all from 0. `file` is the
    module's, in a model of several."""

    line: int
    start: int
    end: int
    file: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """What a part of a modular model comes from: a module, and the file that spells it."""

    module: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Direct:
    """The tuples written for the relation itself (`[user, group#member]`)."""


@dataclass(frozen=True, slots=True)
class Computed:
    """Whoever has `relation` on the same object."""

    relation: str
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TupleToUserset:
    """`relation from tupleset`: whoever has `relation` on an object that `tupleset` names."""

    relation: str
    tupleset: str
    span: Span | None = field(default=None, compare=False, repr=False)
    tupleset_span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Union:
    """Any of the children."""

    children: "tuple[Rewrite, ...]"


@dataclass(frozen=True, slots=True)
class Intersection:
    """All of the children."""

    children: "tuple[Rewrite, ...]"


@dataclass(frozen=True, slots=True)
class Difference:
    """`base but not subtract`."""

    base: "Rewrite"
    subtract: "Rewrite"


Rewrite: TypeAlias = Direct | Computed | TupleToUserset | Union | Intersection | Difference


@dataclass(frozen=True, slots=True)
class Restriction:
    """One kind of subject a relation may be given to: `user`, `user:*` or `group#member`, perhaps conditional."""

    type: str
    relation: str = ""
    wildcard: bool = False
    condition: str = ""
    span: Span | None = field(default=None, compare=False, repr=False)
    type_span: Span | None = field(default=None, compare=False, repr=False)
    condition_span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def kind(self) -> str:
        """The kind of subject as the graph names it."""
        if self.wildcard:
            return f"{self.type}:*"
        return f"{self.type}#{self.relation}" if self.relation else self.type

    def __str__(self) -> str:
        return f"{self.kind} with {self.condition}" if self.condition else self.kind


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of a type: how it is computed, and to whom it may be given directly. `source` is told where another
    module than the type's own adds it."""

    name: str
    rewrite: Rewrite
    restrictions: tuple[Restriction, ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class TypeDefinition:
    """A type of object and its relations, in the order written."""

    name: str
    relations: tuple[Relation, ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)
    source: Source | None = None

    def relation(self, name: str) -> Relation | None:
        """The relation of that name, if the type has one."""
        return next((relation for relation in self.relations if relation.name == name), None)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a condition: `type` is a scalar name, or `list<…>` or `map<…>` of one."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A named CEL expression over declared parameters."""

    name: str
    parameters: tuple[Parameter, ...]
    expression: str
    span: Span | None = field(default=None, compare=False, repr=False)
    expression_span: Span | None = field(default=None, compare=False, repr=False)
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """An authorization model, as the language writes it."""

    schema_version: str
    types: tuple[TypeDefinition, ...] = ()
    conditions: tuple[Condition, ...] = ()
    version_span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def uses_conditions(self) -> bool:
        """Whether a condition is declared, or named by a type restriction."""
        return bool(self.conditions) or any(
            restriction.condition
            for definition in self.types
            for relation in definition.relations
            for restriction in relation.restrictions
        )


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model as a store keeps it: never changed, never deleted."""

    id: str
    model: Model
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Store:
    """A store of tuples and models. A `system` store is Airside's own: the stores API doesn't see it."""

    id: str
    name: str
    system: bool
    revision: int
    model_id: str
    created_at: datetime
    updated_at: datetime


class TupleKey(msgspec.Struct, frozen=True, order=True):
    """`user` has `relation` on `object`: the words of OpenFGA's API."""

    user: str
    relation: str
    object: str


class Terms(msgspec.Struct, frozen=True):
    """Under what terms a tuple holds. Hashable, so that equal terms can be kept once.

    Attributes:
        condition: the name of one of the model's conditions; empty for none.
        context: the values that were stored for it, as canonical JSON (sorted keys, no spaces); empty for none.
        expires_at: the moment at and after which the tuple is not there; None for never.
    """

    condition: str = ""
    context: bytes = b""
    expires_at: datetime | None = None


NO_TERMS: Final = Terms()
"""Those of an ordinary tuple: it holds until it is deleted."""


class Grant(msgspec.Struct, frozen=True):
    """A tuple as it is written: a key, and the terms under which it holds."""

    key: TupleKey
    terms: Terms = NO_TERMS


@dataclass(frozen=True, slots=True)
class StoredTuple:
    """A tuple and when it was written."""

    key: TupleKey
    created_at: datetime
    terms: Terms = NO_TERMS


Operation: TypeAlias = Literal["write", "delete", "model", "drop"]


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a store's change log. `key` for `write` and `delete`, `model_id` for `model`.

    `terms` are those that a tuple was written with. Writing a key anew, once the tuple there has expired, replaces
    its terms.
    """

    revision: int
    operation: Operation
    key: TupleKey | None
    model_id: str
    created_at: datetime
    terms: Terms = NO_TERMS


NO_CONTEXT: Final[Mapping[str, Json]] = MappingProxyType({})

AtLeast: TypeAlias = int | Literal["head"] | None


class Question(msgspec.Struct, frozen=True):
    """May `subject` as `relation` on `object`?

    `model_id`: None for the store's latest. `at_least`: a revision the answer must have seen, or "head" for
    every commit so far. `contextual`: tuples that count for this question alone. `context`: values for conditions;
    where a tuple has its own, those win.

    A msgspec struct, not a dataclass: one is made for every check, and it is made five times faster.
    """

    store_id: str
    subject: str
    relation: str
    object: str
    model_id: str | None = None
    at_least: AtLeast = None
    contextual: tuple[Grant, ...] = ()
    context: Mapping[str, Json] = NO_CONTEXT


class Verdict(msgspec.Struct, frozen=True):
    """The answer; `revision` was seen.

    `lasting`: whether it rests on tuples that hold always; otherwise it is the answer for the question's own context
    and moment alone.
    """

    allowed: bool
    revision: int
    lasting: bool = True
