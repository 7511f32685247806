"""Every object on which a subject has a relation, found from the subject's side: the check's plans, walked backwards.

What is *sure* needs no check; what is only *likely* (it rests on terms, or on a circle of intersections and exclusions,
which can't be combined as sets) has to be checked one by one. Nothing else can be an answer.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from airside.permissions.graph import UNKNOWN, Edges, Graph
from airside.permissions.memberships import Subject
from airside.permissions.plan import Part, Plan
from airside.permissions.refusals import TooComplex

MAX_PASSED: Final = 2_000_000
"""Objects that one question may pass."""


@dataclass(slots=True)
class Holdings:
    """Objects by node. What is sure isn't likely too."""

    sure: set[int] = field(default_factory=set[int])
    likely: set[int] = field(default_factory=set[int])

    def all(self) -> set[int]:
        """Whatever may be an answer."""
        return self.sure | self.likely


@dataclass(frozen=True, slots=True)
class _Lead:
    """Whoever holds an object here holds, in `plan`, those that `table` leads to from it: from the object, from its
    userset of `slot`, or, without a table, the object itself."""

    plan: Plan
    table: Edges | None
    slot: int = UNKNOWN
    sure: bool = True


class Holder:
    """One subject's holdings on one graph, plan by plan."""

    def __init__(self, subject: Subject, graph: Graph) -> None:
        """Raises:
        TooComplex: the subject's memberships go beyond the bounds.
        """
        if not subject.complete:
            raise TooComplex("the subject has more memberships than one question may follow")
        self._subject = subject
        self._graph = graph
        self._passed = 0
        self._under_way: set[int] = set()
        self._parts_held: dict[int, Holdings] = {}

    def holdings(self, plan: Plan) -> Holdings:
        """The objects on which the subject is in `plan`.

        Raises:
            TooComplex: over `MAX_PASSED` objects on the way.
        """
        self._under_way.add(plan.number)
        held = self._collect(plan, at_most=False)
        self._under_way.discard(plan.number)
        return held

    def _collect(self, plan: Plan, *, at_most: bool) -> Holdings:
        """`at_most`: what the plan could hold if each of its parts were its first operand alone."""
        region = _region(plan, through_parts=at_most)
        leads = _leads(region, self._graph, through_parts=at_most)
        found = {here.number: Holdings() for here in region}
        pending: list[tuple[Plan, set[int], bool]] = []
        for here in region:
            starts = self._own(here) if at_most else (*self._own(here), *self._parts(here))
            for nodes, sure in starts:
                self._take(here, nodes, sure, found, pending)
        while pending:
            here, nodes, sure = pending.pop()
            for lead in leads.get(here.number, ()):
                self._take(lead.plan, self._follow(lead, nodes), sure and lead.sure, found, pending)
        return found[plan.number]

    def _take(
        self,
        plan: Plan,
        nodes: Iterable[int],
        sure: bool,
        found: dict[int, Holdings],
        pending: list[tuple[Plan, set[int], bool]],
    ) -> None:
        """Add what is new, and have it followed."""
        held = found[plan.number]
        fresh = set(nodes) - held.sure
        if sure:
            held.sure |= fresh
            held.likely -= fresh
        else:
            fresh -= held.likely
            held.likely |= fresh
        if fresh:
            self._passed += len(fresh)
            if self._passed > MAX_PASSED:
                raise TooComplex("the question has too many candidates", max_candidates=MAX_PASSED)
            pending.append((plan, fresh, sure))

    def _own(self, plan: Plan) -> Iterator[tuple[Iterable[int], bool]]:
        """Objects whose tuples name the subject itself, or a flat userset it is in; and whether surely."""
        graph, subject = self._graph, self._subject
        for slot in plan.direct:
            yield _joined(graph.reverse[slot], subject.nodes), True
        for slot, allowed in plan.filtered:
            yield _joined(graph.reverse[slot], (node for node in subject.nodes if graph.kinds[node] in allowed)), True
        for termed in plan.termed:
            yield _joined(graph.granted[termed.slot], subject.nodes), False
        if subject.slot in plan.same and subject.object != UNKNOWN:
            yield (subject.object,), True

    def _parts(self, plan: Plan) -> Iterator[tuple[Iterable[int], bool]]:
        """What intersections and exclusions give, combined as sets; once, for many ways may lead to the same one."""
        for part in plan.parts:
            held = self._parts_held.get(part.number)
            if held is None:
                held = self._parts_held[part.number] = self._combined(part)
            yield held.sure, True
            yield held.likely, False

    def _combined(self, part: Part) -> Holdings:
        if any(self._returns(operand) for operand in part.operands):
            return Holdings(set(), self._collect(part.all[0], at_most=True).all())
        first, *others = [self.holdings(operand) for operand in part.all]
        sure, likely = first.sure, first.all()
        for held in others:
            sure, likely = sure & held.sure, likely & held.all()
        if part.unless is not None:
            excluded = self.holdings(part.unless)
            sure, likely = sure - excluded.all(), likely - excluded.sure
        return Holdings(sure, likely - sure)

    def _returns(self, operand: Plan) -> bool:
        """Whether an operand leads back to a plan that waits for it."""
        return any(each.number in self._under_way for each in _region(operand, through_parts=True))

    def _follow(self, lead: _Lead, nodes: set[int]) -> set[int]:
        if lead.table is None:
            return nodes
        if lead.slot == UNKNOWN:
            return _joined(lead.table, nodes)
        members = (self._graph.members.get((lead.slot, node)) for node in nodes)
        return _joined(lead.table, (node for node in members if node is not None))


def _joined(table: Edges, nodes: Iterable[int]) -> set[int]:
    found: set[int] = set()
    for node in nodes:
        ends = table.get(node)
        if isinstance(ends, int):
            found.add(ends)
        elif ends is not None:
            found.update(ends)
    return found


def _region(plan: Plan, *, through_parts: bool) -> list[Plan]:
    """The plan, and those it leads to on other objects; `through_parts`: and every operand."""
    found = {plan.number: plan}
    pending = [plan]
    while pending:
        here = pending.pop()
        targets = [target for _, table in (*here.hops, *here.deep) for target in table.values()]
        targets += [target for termed in (*here.termed, *here.termed_hops) for target in termed.targets.values()]
        if through_parts:
            for part in here.parts:
                targets += part.operands
        for target in targets:
            if target.number not in found:
                found[target.number] = target
                pending.append(target)
    return list(found.values())


def _leads(region: list[Plan], graph: Graph, *, through_parts: bool) -> dict[int, list[_Lead]]:
    """By the number of a plan, where its holdings lead."""
    leads: dict[int, list[_Lead]] = {}

    def lead(target: Plan, to: _Lead) -> None:
        leads.setdefault(target.number, []).append(to)

    for plan in region:
        for slot, targets in plan.hops:
            for target in targets.values():
                lead(target, _Lead(plan, graph.reverse[slot]))
        for slot, targets in plan.deep:
            for kind, target in targets.items():
                lead(target, _Lead(plan, graph.reverse[slot], graph.slot(kind)))
        for termed in plan.termed:
            for kind, target in termed.targets.items():
                lead(target, _Lead(plan, graph.granted[termed.slot], graph.slot(kind), sure=False))
        for termed in plan.termed_hops:
            for target in termed.targets.values():
                lead(target, _Lead(plan, graph.granted[termed.slot], sure=False))
        if through_parts:
            for part in plan.parts:
                lead(part.all[0], _Lead(plan, None, sure=False))
    return leads
