"""Whether anybody can ever have a relation, and whether a relation is defined by itself.

A relation nobody can reach is a mistake of whoever wrote it. A relation that computes itself on the same object
through other relations has no meaning at all once exclusion is in the circle, so every such circle is refused.
"""

from typing import TypeAlias

from airside.permissions.language.problems import Problem
from airside.permissions.model import (
    Computed,
    Difference,
    Direct,
    Intersection,
    Model,
    Relation,
    Rewrite,
    TupleToUserset,
    TypeDefinition,
    Union,
)

Place: TypeAlias = tuple[str, str]


def entry_problems(model: Model) -> list[Problem]:
    """A problem for each relation without an entry point, and for each that leads into a circle."""
    types = {definition.name: definition for definition in model.types}
    reached = _reached(types)
    problems: list[Problem] = []
    for definition in model.types:
        circular = _circular(definition)
        for relation in definition.relations:
            if relation.name in circular:
                why = "potential loop"
            elif (definition.name, relation.name) not in reached:
                why = "no entrypoint"
            else:
                continue
            message = f"`{relation.name}` is an impossible relation for `{definition.name}` ({why})."
            problems.append(Problem("relation-no-entry-point", message, relation.span))
    return problems


def _reached(types: dict[str, TypeDefinition]) -> set[Place]:
    """The least set of relations that somebody can have."""
    reached: set[Place] = set()
    grew = True
    while grew:
        grew = False
        for definition in types.values():
            for relation in definition.relations:
                place = (definition.name, relation.name)
                if place not in reached and _has_entry(relation.rewrite, relation, definition, reached):
                    reached.add(place)
                    grew = True
    return reached


def _has_entry(rewrite: Rewrite, relation: Relation, definition: TypeDefinition, reached: set[Place]) -> bool:
    match rewrite:
        case Direct():
            return any(not each.relation or (each.type, each.relation) in reached for each in relation.restrictions)
        case Computed(name):
            return (definition.name, name) in reached
        case TupleToUserset(name, tupleset):
            source = definition.relation(tupleset)
            return source is not None and any((each.type, name) in reached for each in source.restrictions)
        case Union(children):
            return any(_has_entry(child, relation, definition, reached) for child in children)
        case Intersection(children):
            return all(_has_entry(child, relation, definition, reached) for child in children)
        case Difference(base, subtract):
            return all(_has_entry(child, relation, definition, reached) for child in (base, subtract))


def _circular(definition: TypeDefinition) -> set[str]:
    """The relations from which computed relations lead into a circle: what is left when every relation that
    leads only to settled ones has been settled."""
    edges = {relation.name: set(_computed(relation.rewrite)) for relation in definition.relations}
    unsettled = dict(edges)
    settling = True
    while settling:
        done = [name for name, leads in unsettled.items() if not (leads & unsettled.keys())]
        for name in done:
            del unsettled[name]
        settling = bool(done)
    return set(unsettled)


def _computed(rewrite: Rewrite) -> list[str]:
    match rewrite:
        case Computed(relation):
            return [relation]
        case Union(children) | Intersection(children):
            return [name for child in children for name in _computed(child)]
        case Difference(base, subtract):
            return _computed(base) + _computed(subtract)
        case _:
            return []
