"""Whether a model means something: every word defined, every relation reachable. Rules and words are OpenFGA's."""

import re
from collections.abc import Iterator
from typing import Final

from airside.permissions.language.entrypoints import entry_problems
from airside.permissions.language.problems import ModelProblems, Problem
from airside.permissions.model import (
    Computed,
    Difference,
    Direct,
    Intersection,
    Model,
    Relation,
    Restriction,
    Rewrite,
    Source,
    Span,
    TupleToUserset,
    TypeDefinition,
    Union,
)
from airside.permissions.refusals import UnsupportedSchema

SCHEMA_VERSIONS: Final = ("1.1", "1.2")
RESERVED_NAMES: Final = ("self", "this")
_TYPE_RULE: Final = r"^[^:#@\*\s]{1,254}$"
_RELATION_RULE: Final = r"^[^:#@\*\s]{1,50}$"
_TYPE_NAME: Final = re.compile(r"[^:#@*\s\x00]{1,254}\Z")
_RELATION_NAME: Final = re.compile(r"[^:#@*\s\x00]{1,50}\Z")


def validate(model: Model) -> None:
    """Refuse a model that breaks a rule.

    Raises:
        UnsupportedSchema: a schema version other than those in `SCHEMA_VERSIONS`.
        ModelProblems: the rules broken, each with its place.
    """
    if model.schema_version not in SCHEMA_VERSIONS:
        raise UnsupportedSchema(_schema_problem(model).message)
    problems = problems_of(model)
    if problems:
        raise ModelProblems(problems)


def problems_of(model: Model) -> list[Problem]:
    """Every broken rule. Entry points are judged only where nothing else is wrong: else they'd echo it."""
    problems = [problem for definition in model.types for problem in _names(definition)]
    if model.schema_version not in SCHEMA_VERSIONS:
        return [*problems, _schema_problem(model)]
    if not problems:
        problems = list(_references(model))
    if not problems:
        problems = [*_duplicate_types(model), *_duplicates(model), *_mixed_files(model)]
    if not problems:
        problems = entry_problems(model)
    return problems + list(_unused_conditions(model))


def _schema_problem(model: Model) -> Problem:
    if not model.schema_version:
        return Problem("schema-version-required", "schema version required", model.version_span)
    return Problem("invalid-schema", f"invalid schema {model.schema_version}", model.version_span)


def _names(definition: TypeDefinition) -> Iterator[Problem]:
    if definition.name in RESERVED_NAMES:
        yield Problem("reserved-type-keywords", "a type cannot be named 'self' or 'this'.", definition.span)
    if not _TYPE_NAME.match(definition.name):
        message = f"type '{definition.name}' does not match naming rule: '{_TYPE_RULE}'."
        yield Problem("invalid-name", message, definition.span)
    for relation in definition.relations:
        if relation.name in RESERVED_NAMES:
            message = "a relation cannot be named 'self' or 'this'."
            yield Problem("reserved-relation-keywords", message, relation.span)
        elif not _RELATION_NAME.match(relation.name):
            message = (
                f"relation '{relation.name}' of type '{definition.name}'"
                f" does not match naming rule: '{_RELATION_RULE}'."
            )
            yield Problem("invalid-name", message, relation.span)


def _references(model: Model) -> Iterator[Problem]:
    judged = _References(model)
    for definition in model.types:
        for relation in definition.relations:
            yield from judged.problems(definition, relation)


class _References:
    """What the words of definitions refer to."""

    def __init__(self, model: Model) -> None:
        self._types = {definition.name for definition in model.types}
        self._relations = {(each.name, relation.name): relation for each in model.types for relation in each.relations}
        self._conditions = {condition.name for condition in model.conditions}

    def problems(self, definition: TypeDefinition, relation: Relation) -> Iterator[Problem]:
        for restriction in relation.restrictions:
            yield from self._restriction(restriction)
        direct = False
        for leaf in leaves(relation.rewrite):
            if isinstance(leaf, Computed):
                if (definition.name, leaf.relation) not in self._relations:
                    message = f"the relation `{leaf.relation}` does not exist."
                    yield Problem("missing-definition", message, leaf.span)
            elif isinstance(leaf, TupleToUserset):
                yield from self._tupleset(leaf, definition)
            else:
                direct = True
        if direct and not relation.restrictions:
            message = f"assignable relation '{relation.name}' must have types"
            yield Problem("assignable-relation-must-have-type", message, relation.span)
        if relation.restrictions and not direct:
            message = (
                f"the non-assignable relation '{relation.name}' in object type '{definition.name}'"
                " should not contain a relation type"
            )
            yield Problem("non-assignable-relation-with-type", message, relation.span)

    def _restriction(self, restriction: Restriction) -> Iterator[Problem]:
        if restriction.type not in self._types:
            yield Problem("invalid-type", f"`{restriction.type}` is not a valid type.", restriction.type_span)
        elif restriction.relation and (restriction.type, restriction.relation) not in self._relations:
            yield _no_such_relation(restriction.relation, restriction.type, restriction.span)
        if restriction.condition and restriction.condition not in self._conditions:
            message = f"`{restriction.condition}` is not a defined condition in the model."
            yield Problem("condition-not-defined", message, restriction.condition_span)

    def _tupleset(self, leaf: TupleToUserset, definition: TypeDefinition) -> Iterator[Problem]:
        tupleset = self._relations.get((definition.name, leaf.tupleset))
        if tupleset is None:
            yield _no_such_relation(leaf.tupleset, definition.name, leaf.span)
            return
        if not only_objects(tupleset):
            message = f"`{leaf.tupleset}` relation used inside from allows only direct relation."
            yield Problem("tupleuserset-not-direct", message, leaf.tupleset_span)
            return
        if any((each.type, leaf.relation) in self._relations for each in tupleset.restrictions):
            return
        for restriction in tupleset.restrictions:
            message = (
                f"the `{leaf.relation}` relation definition on type `{definition.name}` is not valid:"
                f" `{leaf.relation}` does not exist on `{leaf.tupleset}`, which is of type `{restriction.type}`."
            )
            yield Problem("invalid-relation-on-tupleset", message, leaf.span)


def only_objects(relation: Relation) -> bool:
    """Whether a relation is given to plain objects alone, as the right side of `from` must be."""
    plain = all(not each.relation and not each.wildcard for each in relation.restrictions)
    return plain and isinstance(relation.rewrite, Direct)


def _no_such_relation(relation: str, type_name: str, span: Span | None) -> Problem:
    return Problem("invalid-relation-type", f"`{relation}` is not a valid relation for `{type_name}`.", span)


def _duplicate_types(model: Model) -> Iterator[Problem]:
    first: dict[str, TypeDefinition] = {}
    for definition in model.types:
        if definition.name in first:
            message = f"the type `{definition.name}` is a duplicate."
            yield Problem("duplicated-error", message, first[definition.name].span)
        first.setdefault(definition.name, definition)


def _duplicates(model: Model) -> Iterator[Problem]:
    for definition in model.types:
        for relation in definition.relations:
            first: dict[str, Restriction] = {}
            for restriction in relation.restrictions:
                name = str(restriction)
                if name in first:
                    message = f"the type restriction `{name}` is a duplicate in the relation `{relation.name}`."
                    yield Problem("duplicated-error", message, first[name].span)
                first.setdefault(name, restriction)
            yield from _duplicate_parts(relation)


def _duplicate_parts(relation: Relation) -> Iterator[Problem]:
    match relation.rewrite:
        case Union(children) | Intersection(children):
            parts = children
        case Difference(base, subtract):
            parts = (base, subtract)
        case _:
            return
    first: dict[str, Span | None] = {}
    for part in parts:
        match part:
            case Computed(name, span):
                word = name
            case TupleToUserset(name, tupleset, span):
                word = f"{name} from {tupleset}"
            case _:
                continue
        if word in first:
            message = f"the partial relation definition `{word}` is a duplicate in the relation `{relation.name}`."
            yield Problem("duplicated-error", message, first[word])
        first.setdefault(word, span)


def _mixed_files(model: Model) -> Iterator[Problem]:
    """One file spells one module: else the model couldn't be taken apart into its files again."""
    modules: dict[str, list[str]] = {}
    for source in _sources(model):
        known = modules.setdefault(source.file, [])
        if source.module not in known:
            known.append(source.module)
    for file, names in modules.items():
        if file and len(names) > 1:
            message = (
                f"file {file} would contain multiple module definitions ({', '.join(names)}) when transforming to DSL."
                " Only one module can be defined per file."
            )
            yield Problem("multiple-modules-in-file", message)


def _sources(model: Model) -> Iterator[Source]:
    for part in (*(each for found in model.types for each in (found, *found.relations)), *model.conditions):
        if part.source is not None:
            yield part.source


def _unused_conditions(model: Model) -> Iterator[Problem]:
    used = {
        restriction.condition
        for definition in model.types
        for relation in definition.relations
        for restriction in relation.restrictions
    }
    for condition in model.conditions:
        if condition.name not in used:
            message = f"`{condition.name}` condition is not used in the model."
            yield Problem("condition-not-used", message, condition.span)


def leaves(rewrite: Rewrite) -> Iterator[Rewrite]:
    """The parts of a definition that aren't operators."""
    match rewrite:
        case Union(children) | Intersection(children):
            for child in children:
                yield from leaves(child)
        case Difference(base, subtract):
            yield from leaves(base)
            yield from leaves(subtract)
        case _:
            yield rewrite
