"""Whether anybody can ever have a relation, and whether a relation is defined by itself.

A relation nobody can reach is a mistake of whoever wrote it. A relation that computes itself on the same object
through other relations has no meaning at all once exclusion is in the circle, so every such circle is refused. Both
are found in time proportional to the model.
"""

from collections import defaultdict
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
    reached = _Circuit(model).reached()
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


class _Circuit:
    """A gate for each relation and each part of a definition: it opens once enough of its inputs are open."""

    def __init__(self, model: Model) -> None:
        self._missing: list[int] = []
        self._outputs: defaultdict[int, list[int]] = defaultdict(list)
        self._relations = {(each.name, relation.name): relation for each in model.types for relation in each.relations}
        self._places = {place: self._gate(1) for place in self._relations}
        self._open: list[int] = []
        for (type_name, name), gate in self._places.items():
            relation = self._relations[type_name, name]
            self._outputs[self._part(relation.rewrite, relation, type_name)].append(gate)

    def reached(self) -> set[Place]:
        """The least set of relations that somebody can have."""
        pending = list(self._open)
        while pending:
            for output in self._outputs[pending.pop()]:
                self._missing[output] -= 1
                if self._missing[output] == 0:
                    pending.append(output)
        return {place for place, gate in self._places.items() if self._missing[gate] <= 0}

    def _gate(self, needed: int) -> int:
        self._missing.append(needed)
        return len(self._missing) - 1

    def _any(self, places: list[Place]) -> int:
        gate = self._gate(1)
        for place in places:
            if place in self._places:
                self._outputs[self._places[place]].append(gate)
        return gate

    def _part(self, rewrite: Rewrite, relation: Relation, type_name: str) -> int:
        match rewrite:
            case Direct():
                if all(each.relation for each in relation.restrictions):
                    return self._any([(each.type, each.relation) for each in relation.restrictions])
                gate = self._gate(0)
                self._open.append(gate)
                return gate
            case Computed(name):
                return self._any([(type_name, name)])
            case TupleToUserset(name, tupleset):
                source = self._relations.get((type_name, tupleset))
                return self._any([(each.type, name) for each in source.restrictions] if source else [])
            case Union(children):
                gate = self._gate(1)
            case Intersection(children):
                gate = self._gate(len(children))
            case Difference(base, subtract):
                children = (base, subtract)
                gate = self._gate(2)
        for child in children:
            self._outputs[self._part(child, relation, type_name)].append(gate)
        return gate


def _circular(definition: TypeDefinition) -> set[str]:
    """The relations from which computed relations lead into a circle: what is left when every relation that
    leads only to settled ones has been settled."""
    names = {relation.name for relation in definition.relations}
    unsettled = {relation.name: names.intersection(_computed(relation.rewrite)) for relation in definition.relations}
    waiting: defaultdict[str, list[str]] = defaultdict(list)
    for name, leads in unsettled.items():
        for other in leads:
            waiting[other].append(name)
    settled = [name for name, leads in unsettled.items() if not leads]
    while settled:
        done = settled.pop()
        del unsettled[done]
        for name in waiting[done]:
            unsettled[name].discard(done)
            if not unsettled[name]:
                settled.append(name)
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
