"""Every subject that a tuple leads to from an object, whether or not it may in the end: candidates for a check."""

from airside.permissions.ends import each
from airside.permissions.graph import Graph
from airside.permissions.plan import Plan
from airside.permissions.refusals import TooComplex

Plans = dict[tuple[str, str], Plan]


def reachable(plan: Plan, object_: str, graph: Graph, plans: Plans, kinds: set[str], most: int) -> set[str]:
    """The words of `kinds` found; usersets of the objects passed count among them.

    Raises:
        TooComplex: more than `most` usersets on the way.
    """
    found: set[str] = set()
    start = graph.nodes.get(object_)
    seen: set[tuple[int, str]] = {(plan.number, object_)}
    pending = [(plan, object_, start)]
    while pending:
        here, word, node = pending.pop()
        found |= _own_usersets(here, word, graph, kinds)
        for target, place in _leads(here, node, graph, plans, found, kinds):
            next_word = word if place is None or place == node else graph.words[place]
            if (target.number, next_word) not in seen:
                seen.add((target.number, next_word))
                pending.append((target, next_word, place))
        if len(seen) > most or len(found) > most:
            raise TooComplex("the question has too many candidates", max_candidates=most)
    return found


def _own_usersets(plan: Plan, word: str, graph: Graph, kinds: set[str]) -> set[str]:
    type_name = word.partition(":")[0]
    return {
        f"{word}#{kind.partition('#')[2]}"
        for kind in kinds
        if kind.partition("#")[0] == type_name and graph.slots.get(kind) in plan.same
    }


def _leads(
    plan: Plan, node: int | None, graph: Graph, plans: Plans, found: set[str], kinds: set[str]
) -> "list[tuple[Plan, int | None]]":
    """Where to go from one object; subjects of `kinds` met on the way are added to `found`."""
    leads: list[tuple[Plan, int | None]] = [(operand, node) for part in plan.parts for operand in part.all]
    if node is None:
        return leads
    slots = (*plan.direct, *(slot for slot, _ in plan.filtered), *(termed.slot for termed in plan.termed))
    for slot in dict.fromkeys(slots):
        for subject in _subjects(graph, slot, node):
            kind = graph.kinds[subject]
            if kind in kinds:
                found.add(graph.words[subject])
            type_name, _, relation = kind.partition("#")
            target = plans.get((type_name, relation)) if relation else None
            if target is not None:
                leads.append((target, graph.parts[subject][0]))
    hops = (*plan.hops, *((termed.slot, termed.targets) for termed in plan.termed_hops))
    for slot, targets in hops:
        for subject in _subjects(graph, slot, node):
            target = targets.get(graph.kinds[subject])
            if target is not None:
                leads.append((target, subject))
    return leads


def _subjects(graph: Graph, slot: int, object_: int) -> tuple[int, ...]:
    """Every subject that a tuple gives the slot of an object, under terms or not."""
    return (*each(graph.forward[slot].get(object_)), *(graph.termed[slot].get(object_) or ()))
