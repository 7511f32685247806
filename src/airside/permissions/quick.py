"""The quick way through plans that need no search: most questions to most models.

Whom an object grants and inherits, wherever pure plans lead from it, is its *crowd*: collected when first asked, kept
until a tuple changes that it was read from. A question then looks at its own object's tuples, and at the crowds of
what that object names. Where a crowd is too large to keep, or a plan isn't quick, `search.py` decides.
"""

from typing import Final

from airside.permissions.ends import Ends, count, each, meets
from airside.permissions.given import NEITHER, NO, YES
from airside.permissions.graph import Graph
from airside.permissions.limits import MAX_DEPTH, most_kept
from airside.permissions.plan import Part, Plan

MAX_CROWD: Final = 128
"""Subjects of a crowd."""
MAX_PASSED: Final = 128
"""Objects passed to collect one."""
MAX_WEIGHT: Final = 32
"""Plans that a quick plan may consist of, each counted as often as it is met."""
_TOO_MANY: Final = (-3,)
"""The crowd of an object whose crowd isn't kept."""


def decide(plan: Plan, object_: int, nodes: frozenset[int], graph: Graph) -> int:
    """Whether one of `nodes` is in a quick plan of `object_`: `YES`, `NO`, or `NEITHER` where that takes a search."""
    forward = graph.forward
    for slot in plan.direct:
        ends = forward[slot].get(object_)
        if ends is not None and (ends in nodes if ends.__class__ is int else meets(ends, nodes)):
            return YES
    for slot, targets in plan.hops:
        ends = forward[slot].get(object_)
        if ends is not None:
            answer = _inherits(ends, targets, nodes, graph)
            if answer != NO:
                return answer
    for part in plan.parts:
        answer = _combine(part, object_, nodes, graph)
        if answer != NO:
            return answer
    return NO


def forget(plans: list[Plan], graph: Graph, stamps: dict[int, int]) -> None:
    """Forget the crowds that a changed tuple may have changed. `stamps` remembers, by plan, what was seen."""
    for plan in plans:
        stamp = sum([graph.touched[slot] for slot in plan.region])
        if stamps.get(plan.number) != stamp:
            stamps[plan.number] = stamp
            plan.forget_crowds()


def _inherits(ends: Ends, targets: dict[str, Plan], nodes: frozenset[int], graph: Graph) -> int:
    kinds = graph.kinds
    if count(ends) > MAX_PASSED:
        return NEITHER
    for node in each(ends):
        target = targets.get(kinds[node])
        if target is None:
            continue
        crowd = target.crowds.get(node)
        if crowd is None:
            crowd = _collect(target, node, graph)
        if crowd is _TOO_MANY:
            return NEITHER
        if not nodes.isdisjoint(crowd):
            return YES
    return NO


def _combine(part: Part, object_: int, nodes: frozenset[int], graph: Graph) -> int:
    for operand in part.all:
        answer = decide(operand, object_, nodes, graph)
        if answer != YES:
            return answer
    if part.unless is None:
        return YES
    unless = decide(part.unless, object_, nodes, graph)
    return unless if unless == NEITHER else NO if unless == YES else YES


def _collect(plan: Plan, object_: int, graph: Graph) -> tuple[int, ...]:
    """The crowd of an object under a pure plan, and keep it."""
    plan.forgotten.let_go()
    if len(plan.crowds) >= most_kept(graph.words_known):
        plan.forget_crowds()
    crowd = plan.crowds[object_] = _crowd(plan, object_, graph)
    return crowd


def _crowd(plan: Plan, object_: int, graph: Graph) -> tuple[int, ...]:
    forward = graph.forward
    found: set[int] = set()
    seen = {(plan.number, object_)}
    frontier = [(plan, object_)]
    for _ in range(MAX_DEPTH):  # one step has been taken to come here
        following: list[tuple[Plan, int]] = []
        for here, at in frontier:
            for slot in here.direct:
                ends = forward[slot].get(at)
                if count(ends) > MAX_CROWD:
                    return _TOO_MANY
                found.update(each(ends))
            _step(here, at, graph, seen, following)
            if len(found) > MAX_CROWD or len(seen) > MAX_PASSED:
                return _TOO_MANY
        if not following:
            return tuple(found)
        frontier = following
    return _TOO_MANY


def _step(
    plan: Plan, object_: int, graph: Graph, seen: set[tuple[int, int]], following: list[tuple[Plan, int]]
) -> None:
    for slot, targets in plan.hops:
        ends = graph.forward[slot].get(object_)
        for node in each(ends):
            target = targets.get(graph.kinds[node])
            if target is not None and (target.number, node) not in seen:
                seen.add((target.number, node))
                following.append((target, node))


def find_quick(plans: list[Plan]) -> list[Plan]:
    """Mark pure and quick plans; those pure ones that others lead to."""
    pure = {plan.number: plan for plan in plans if plan.plain and not plan.parts}
    shrank = True
    while shrank:
        kept = {number: plan for number, plan in pure.items() if all(each.number in pure for each in _targets(plan))}
        shrank, pure = len(kept) < len(pure), kept
    weights: dict[int, int] = {}
    for plan in plans:
        plan.pure = plan.number in pure
        plan.region = tuple(sorted(_region(plan))) if plan.pure else ()
    for plan in plans:
        plan.quick = _weight(plan, weights) <= MAX_WEIGHT
    return list({each.number: each for plan in plans for each in _targets(plan) if each.pure}.values())


def _targets(plan: Plan) -> list[Plan]:
    return [target for _, targets in plan.hops for target in targets.values()]


def _weight(plan: Plan, known: dict[int, int]) -> int:
    """Plans met to decide one, itself included; more than `MAX_WEIGHT` if that takes a search."""
    weight = known.get(plan.number)
    if weight is None:
        operands = [
            each for part in plan.parts for each in (*part.all, *(() if part.unless is None else (part.unless,)))
        ]
        lawful = plan.plain and all(each.pure for each in _targets(plan))
        weight = 1 + sum(_weight(each, known) for each in operands) if lawful else MAX_WEIGHT + 1
        known[plan.number] = weight
    return weight


def _region(plan: Plan) -> set[int]:
    found: set[int] = set()
    seen = {plan.number}
    pending = [plan]
    while pending:
        here = pending.pop()
        found.update(here.direct, (slot for slot, _ in here.hops))
        for target in _targets(here):
            if target.number not in seen:
                seen.add(target.number)
                pending.append(target)
    return found
