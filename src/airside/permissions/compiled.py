"""A model compiled into plans, for one graph at one shape of it."""

from airside.permissions.graph import Graph
from airside.permissions.model import (
    Computed,
    Difference,
    Direct,
    Intersection,
    Model,
    Relation,
    Restriction,
    Rewrite,
    TupleToUserset,
    TypeDefinition,
    Union,
)
from airside.permissions.plan import Part, Plan, Termed
from airside.permissions.quick import find_quick


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
        self.crowded = find_quick(self._made)
        """The pure plans that others lead to."""
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
        allowed = frozenset(each.kind for each in relation.restrictions if not each.condition)
        if self._graph.present[slot] <= allowed:
            plan.direct.append(slot)
        else:
            plan.filtered.append((slot, allowed))
        deep = [each for each in relation.restrictions if each.relation and self._place(each) not in self._flat]
        always = {each.kind: self.plans[self._place(each)] for each in deep if not each.condition}
        if always:
            plan.deep.append((slot, always))
        if self._has_terms(slot):
            targets = {each.kind: self.plans[self._place(each)] for each in deep}
            plan.termed.append(Termed(slot, _kinds_allowed(relation), targets))

    @staticmethod
    def _place(restriction: Restriction) -> tuple[str, str]:
        return (restriction.type, restriction.relation)

    def _hop(self, plan: Plan, definition: TypeDefinition, name: str, tupleset: str) -> None:
        source = definition.relation(tupleset)
        if source is None:
            return
        targets = {
            each.type: self.plans[each.type, name] for each in source.restrictions if (each.type, name) in self.plans
        }
        slot = self._slot(definition, tupleset)
        lawful = {each.type for each in source.restrictions if not each.condition}
        hop = (slot, {kind: target for kind, target in targets.items() if kind in lawful})
        if hop not in plan.hops:
            plan.hops.append(hop)
        if self._has_terms(slot):
            plan.termed_hops.append(Termed(slot, _kinds_allowed(source), targets))

    def _has_terms(self, slot: int) -> bool:
        return next(iter(self._graph.termed[slot]), None) is not None

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


def _kinds_allowed(relation: Relation) -> frozenset[tuple[str, str]]:
    return frozenset((each.kind, each.condition) for each in relation.restrictions)


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
    allowed = {each.kind for each in relation.restrictions if not each.condition}
    slot = graph.slot(f"{definition.name}#{name}")
    clean = graph.present[slot] <= allowed and next(iter(graph.termed[slot]), None) is None
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
