"""A whole store into a graph at once: column by column, so that hardly anything is done tuple by tuple."""

import gc
from collections import defaultdict, deque
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count, islice, repeat
from typing import Final

from airside.permissions.ends import Ends, each, ends_of
from airside.permissions.graph import Edges, Graph
from airside.permissions.model import Grant
from airside.permissions.words import stands_for_several

SEPARATOR: Final = "\x1f"
"""Between two words of a column: no word has it, for it counts as white space."""

_Open = defaultdict[int, list[int]]
"""Nodes with several ends, while they are collected."""


@contextmanager
def unhindered() -> Generator[None]:
    """For the time of a load: the collector would look at every tuple loaded so far again and again, and afterwards
    at each of its full collections. What is loaded is no garbage."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


class Loader:
    """Takes tuples in any order, each once. One thread at a time; the graph is given away at the end."""

    def __init__(self) -> None:
        self._graph = Graph()
        self._words: list[str] = []
        self._kinds: list[str] = []
        self._graph.words, self._graph.kinds = self._words, self._kinds
        self._nodes: defaultdict[str, int] = defaultdict(count().__next__)
        self._open: list[tuple[Edges, _Open]] = []
        self._places: dict[int, int] = {}
        self.tuples = 0

    def take(self, relation: str, kind: str, objects: str, subjects: str) -> None:
        """Tuples of one `type#relation` and one kind of subject that hold always: two columns of words, joined by
        `SEPARATOR`."""
        graph = self._graph
        slot = graph.slot(relation)
        object_column = self._numbered(objects.split(SEPARATOR), relation.partition("#")[0])
        known = len(self._words)
        subject_column = self._numbered(subjects.split(SEPARATOR), kind)
        self._gather(graph.forward[slot], object_column, subject_column)
        self._gather(graph.reverse[slot], subject_column, object_column)
        graph.present[slot].add(kind)
        if stands_for_several(kind):
            graph.sets_known += len(self._words) - known
        if "#" in kind:
            self._know_usersets(known, kind)
            self._gather(graph.usersets[slot], object_column, subject_column)
        self.tuples += len(object_column)

    def finish(self, termed: list[Grant]) -> Graph:
        """The graph, with the tuples that hold under terms."""
        for table, several in self._open:
            for node, ends in several.items():
                table[node] = ends_of((*each(table.get(node)), *ends))
        self._nodes.default_factory = None
        graph = self._graph
        graph.nodes = self._nodes
        graph.tuples = self.tuples
        graph.shape = 1
        for grant in termed:
            graph.add(grant.key, grant.terms)
        return graph

    def _gather(self, table: Edges, starts: list[int], ends: list[int]) -> None:
        """Add edges. From the first node on that has several ends, a table's edges are collected apart: what a table
        holds can't grow."""
        several = self._several(table)
        if not several and isinstance(table, dict):
            first: dict[int, Ends] = dict(zip(starts, ends, strict=True))
            if len(first) == len(starts) and first.keys().isdisjoint(table.keys()):
                table.update(first)
                return
        deque(map(list[int].append, map(several.__getitem__, starts), ends), maxlen=0)

    def _several(self, table: Edges) -> _Open:
        place = self._places.get(id(table))
        if place is None:
            place = self._places[id(table)] = len(self._open)
            self._open.append((table, defaultdict(list)))
        return self._open[place][1]

    def _numbered(self, words: list[str], kind: str) -> list[int]:
        """The nodes of words of one kind; the new ones become known."""
        nodes = self._nodes
        column = list(map(nodes.__getitem__, words))
        start = len(self._words)
        if len(nodes) > start:
            self._words += islice(nodes, start, None)
            self._kinds += repeat(kind, len(nodes) - start)
        return column

    def _know_usersets(self, start: int, kind: str) -> None:
        """The object and the slot of those usersets that have become known since there were `start` words."""
        graph, type_name, slot = self._graph, kind.partition("#")[0], self._graph.slot(kind)
        usersets = range(start, len(self._words))
        objects = self._numbered([self._words[node].partition("#")[0] for node in usersets], type_name)
        for node, object_ in zip(usersets, objects, strict=True):
            graph.parts[node] = (object_, slot)
            graph.members[slot, object_] = node
