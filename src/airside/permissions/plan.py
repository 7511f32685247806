"""A model compiled for a graph: what to look up, in which order, so that a question meets no name and no tree.

Unions dissolve: the plan of a relation lists every slot of the same object that gives it directly, every
`x from y`, and only what can't dissolve (intersection, exclusion) as parts of their own. A relation is *flat* if
it consists of direct slots alone, whose usersets are flat too: then a subject's memberships are collected from
its own side once (`memberships.py`), and a direct lookup needs no descent.
"""

from dataclasses import dataclass, field

from airside.permissions.graph import Graph
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


@dataclass(slots=True, eq=False)
class Plan:
    """How one relation (or one operand) of a type is decided. Filled by the compiler, then only read.

    Attributes:
        number: distinguishes the plans and parts of one compiled model. name: of the relation.
        own: the slot of the relation; -1 for an operand.
        same: the slots of the relations that this one contains on the same object: whose usersets are in it.
        direct: slots whose every kind of subject the model allows.
        filtered: slots that hold kinds of subject the model no longer allows, with those it does.
        deep: slots with usersets that aren't flat, and the plans of those usersets by kind.
        hops: tupleset slots, and the plans of what they name by type.
        parts: intersections and exclusions.
    """

    number: int
    name: str
    own: int = -1
    same: set[int] = field(default_factory=set[int])
    direct: list[int] = field(default_factory=list[int])
    filtered: list[tuple[int, frozenset[str]]] = field(default_factory=list[tuple[int, frozenset[str]]])
    deep: "list[tuple[int, dict[str, Plan]]]" = field(default_factory=list["tuple[int, dict[str, Plan]]"])
    hops: "list[tuple[int, dict[str, Plan]]]" = field(default_factory=list["tuple[int, dict[str, Plan]]"])
    parts: "list[Part]" = field(default_factory=list["Part"])

    def include(self, other: "Plan") -> None:
        """Whatever decides `other` decides this one too."""
        self.same |= other.same
        self.direct += [each for each in other.direct if each not in self.direct]
        self.filtered += [each for each in other.filtered if each not in self.filtered]
        self.deep += [each for each in other.deep if each not in self.deep]
        self.hops += [each for each in other.hops if each not in self.hops]
        self.parts += [each for each in other.parts if each not in self.parts]


@dataclass(slots=True, eq=False)
class Part:
    """All of the operands, and none of `unless` if there is one."""

    number: int
    all: tuple[Plan, ...]
    unless: Plan | None = None


class Compiled:
    """The plans of a valid model on one graph, at one `shape` of it."""

    def __init__(self, model: Model, graph: Graph) -> None:
        self.types = {definition.name: definition for definition in model.types}
        self.plans: dict[tuple[str, str], Plan] = {}
        self.membership: dict[int, list[int]] = {}
        """Flat slot → the slots, used as usersets somewhere, whose relation contains it."""
        self._graph = graph
        self._numbers = 0
        self._made: list[Plan] = []
        self._filled: set[tuple[str, str]] = set()
        places = [(definition, relation) for definition in model.types for relation in definition.relations]
        for definition, relation in places:
            slot = graph.slot(f"{definition.name}#{relation.name}")
            self.plans[definition.name, relation.name] = self._new(relation.name, slot)
        self._flat = _flat_relations(self.types, graph)
        for definition, relation in places:
            self._filled_plan(definition, relation)
        for plan in self._made:
            plan.hops = _widest(plan.hops)
        self._collect_membership(model)
        self.shape = graph.shape

    def _new(self, name: str, own: int = -1) -> Plan:
        self._numbers += 1
        self._made.append(Plan(self._numbers, name, own))
        return self._made[-1]

    def _slot(self, definition: TypeDefinition, relation: str) -> int:
        return self._graph.slot(f"{definition.name}#{relation}")

    def _filled_plan(self, definition: TypeDefinition, relation: Relation) -> Plan:
        """The plan of a relation, complete but for the plans it leads to: they exist and are filled in turn."""
        place = (definition.name, relation.name)
        plan = self.plans[place]
        if place not in self._filled:
            self._filled.add(place)
            plan.same.add(self._slot(definition, relation.name))
            self._fill(plan, relation, definition, relation.rewrite)
        return plan

    def _fill(self, plan: Plan, relation: Relation, definition: TypeDefinition, rewrite: Rewrite) -> None:
        match rewrite:
            case Direct():
                self._direct(plan, relation, definition)
            case Computed(name):
                inner = definition.relation(name)
                if inner is not None:
                    plan.include(self._filled_plan(definition, inner))
            case TupleToUserset(name, tupleset):
                self._hop(plan, definition, name, tupleset)
            case Union(children):
                for child in children:
                    self._fill(plan, relation, definition, child)
            case Intersection(children):
                operands = tuple(self._operand(plan, relation, definition, child) for child in children)
                plan.parts.append(self._part(operands, None))
            case Difference(base, subtract):
                operand = self._operand(plan, relation, definition, base)
                plan.parts.append(self._part((operand,), self._operand(plan, relation, definition, subtract)))

    def _part(self, operands: tuple[Plan, ...], unless: Plan | None) -> Part:
        self._numbers += 1
        return Part(self._numbers, operands, unless)

    def _operand(self, plan: Plan, relation: Relation, definition: TypeDefinition, rewrite: Rewrite) -> Plan:
        operand = self._new(plan.name)
        self._fill(operand, relation, definition, rewrite)
        return operand

    def _direct(self, plan: Plan, relation: Relation, definition: TypeDefinition) -> None:
        slot = self._slot(definition, relation.name)
        allowed = frozenset(each.kind for each in relation.restrictions)
        if self._graph.present[slot] <= allowed:
            plan.direct.append(slot)
        else:
            plan.filtered.append((slot, allowed))
        deep = {
            each.kind: self.plans[each.type, each.relation]
            for each in relation.restrictions
            if each.relation and (each.type, each.relation) not in self._flat
        }
        if deep:
            plan.deep.append((slot, deep))

    def _hop(self, plan: Plan, definition: TypeDefinition, name: str, tupleset: str) -> None:
        source = definition.relation(tupleset)
        restrictions = source.restrictions if source is not None else ()
        targets = {each.type: self.plans[each.type, name] for each in restrictions if (each.type, name) in self.plans}
        hop = (self._slot(definition, tupleset), targets)
        if hop not in plan.hops:
            plan.hops.append(hop)

    def _collect_membership(self, model: Model) -> None:
        used = {
            (restriction.type, restriction.relation)
            for definition in model.types
            for relation in definition.relations
            for restriction in relation.restrictions
            if restriction.relation
        }
        for type_name, name in sorted(used & self._flat):
            outer = self._slot(self.types[type_name], name)
            for inner in self.plans[type_name, name].same:
                self.membership.setdefault(inner, []).append(outer)


def _widest(hops: list[tuple[int, dict[str, Plan]]]) -> list[tuple[int, dict[str, Plan]]]:
    """Without the hops whose every target another hop through the same tupleset contains: `editor from parent`
    beside `viewer from parent`, where editors are viewers."""
    kept: list[tuple[int, dict[str, Plan]]] = []
    for place, (slot, targets) in enumerate(hops):
        others = [wider for other, (at, wider) in enumerate(hops) if at == slot and other != place]
        if not any(_contains(wider, targets) and not _contains(targets, wider) for wider in others):
            kept.append((slot, targets))
    return kept


def _contains(wider: dict[str, Plan], targets: dict[str, Plan]) -> bool:
    return all(name in wider and target.own in wider[name].same for name, target in targets.items())


def _flat_relations(types: dict[str, TypeDefinition], graph: Graph) -> set[tuple[str, str]]:
    """The largest set of relations that are unions of direct slots and whose usersets stay in the set."""
    flat = {(definition.name, relation.name) for definition in types.values() for relation in definition.relations}
    shrank = True
    while shrank:
        kept = {place for place in flat if _is_flat(types[place[0]], place[1], flat, graph)}
        shrank = len(kept) < len(flat)
        flat = kept
    return flat


def _is_flat(definition: TypeDefinition, name: str, flat: set[tuple[str, str]], graph: Graph) -> bool:
    relation = definition.relation(name)
    if relation is None:
        return False
    allowed = {each.kind for each in relation.restrictions}
    clean = graph.present[graph.slot(f"{definition.name}#{name}")] <= allowed
    usersets = {(each.type, each.relation) for each in relation.restrictions if each.relation}
    return clean and usersets <= flat and _only_unions(relation.rewrite, definition, flat)


def _only_unions(rewrite: Rewrite, definition: TypeDefinition, flat: set[tuple[str, str]]) -> bool:
    match rewrite:
        case Direct():
            return True
        case Computed(name):
            return (definition.name, name) in flat
        case Union(children):
            return all(_only_unions(child, definition, flat) for child in children)
        case _:
            return False
