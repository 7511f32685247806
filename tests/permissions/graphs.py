"""What a graph holds, told in words: two graphs that say the same are the same, whatever their numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from airside.permissions.ends import each
from airside.permissions.graph import Edges, Graph
from airside.permissions.model import NO_TERMS, Terms, TupleKey

Plain = dict[TupleKey, Terms]
Column = dict[str, dict[str, set[str]]]


@dataclass(frozen=True)
class Told:
    """Every table of a graph. Slots without a tuple are left out: a model makes slots too."""

    tuples: Plain
    forward: Column
    usersets: Column
    reverse: Column
    granted: Column
    kinds: dict[str, str]
    parts: dict[str, tuple[str, str]]
    members: dict[tuple[str, str], str]
    count: int


def told(graph: Graph) -> Told:
    words, names = graph.words, {number: name for name in graph.slots for number in [graph.slots[name]]}
    return Told(
        tuples=held(graph),
        forward=_column(graph, graph.forward, names),
        usersets=_column(graph, graph.usersets, names),
        reverse=_column(graph, graph.reverse, names),
        granted=_column(graph, graph.granted, names),
        kinds={words[node]: graph.kinds[node] for node in range(len(words))},
        parts={words[node]: (words[graph.parts[node][0]], names[graph.parts[node][1]]) for node in graph.parts},
        members={(names[slot], words[object_]): words[graph.members[slot, object_]] for slot, object_ in graph.members},
        count=graph.tuples,
    )


def held(graph: Graph) -> Plain:
    """The tuples of a graph, as its tables by object have them."""
    found: Plain = {}
    for name in graph.slots:
        slot, relation = graph.slots[name], name.partition("#")[2]
        for node in graph.forward[slot]:
            for subject in each(graph.forward[slot][node]):
                found[TupleKey(graph.words[subject], relation, graph.words[node])] = NO_TERMS
        for node in graph.termed[slot]:
            for subject, terms in graph.termed[slot][node].items():
                key = TupleKey(graph.words[subject], relation, graph.words[node])
                assert key not in found
                found[key] = terms
    return found


def told_of(tuples: Plain) -> dict[str, Any]:
    """What the tables of edges have to say if a graph holds exactly `tuples`."""
    always = [key for key, terms in tuples.items() if terms == NO_TERMS]
    under = [key for key, terms in tuples.items() if terms != NO_TERMS]
    return {
        "tuples": tuples,
        "forward": _paired(always, lambda key: (key.object, key.user)),
        "usersets": _paired([key for key in always if "#" in key.user], lambda key: (key.object, key.user)),
        "reverse": _paired(always, lambda key: (key.user, key.object)),
        "granted": _paired(under, lambda key: (key.user, key.object)),
        "count": len(tuples),
    }


def _paired(keys: list[TupleKey], ends: Callable[[TupleKey], tuple[str, str]]) -> Column:
    column: Column = {}
    for key in keys:
        start, end = ends(key)
        column.setdefault(f"{key.object.partition(':')[0]}#{key.relation}", {}).setdefault(start, set()).add(end)
    return column


def _column(graph: Graph, tables: list[Edges], names: dict[int, str]) -> Column:
    column = {
        names[slot]: {graph.words[start]: {graph.words[end] for end in each(table[start])} for start in table}
        for slot, table in enumerate(tables)
    }
    return {name: table for name, table in column.items() if table}
