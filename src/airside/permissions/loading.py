"""A whole store into a graph at once: column by column, so that hardly anything is done tuple by tuple."""

from collections import defaultdict
from itertools import count, islice
from typing import Final

from airside.permissions.ends import Ends, each, ends_of
from airside.permissions.graph import Edges, Graph
from airside.permissions.model import Grant
from airside.permissions.words import kind_of

SEPARATOR: Final = "\x1f"
"""Between two words of a column: no word has it, for it counts as white space."""

_Open = dict[int, list[int]]
"""Nodes with several ends, while they are collected."""


class Loader:
    """Takes tuples in any order, each once. One thread at a time; the graph is given away at the end."""

    def __init__(self) -> None:
        self._graph = Graph()
        self._nodes: defaultdict[str, int] = defaultdict(count().__next__)
        self._open: list[tuple[Edges, _Open]] = []
        self._places: dict[int, int] = {}
        self._kinds: dict[str, str] = {}
        self.tuples = 0

    def take(self, relation: str, objects: str, subjects: str) -> None:
        """Tuples of one `type#relation` that hold always: two columns of words, joined by `SEPARATOR`."""
        number = self._nodes.__getitem__
        object_column = list(map(number, objects.split(SEPARATOR)))
        subject_column = list(map(number, subjects.split(SEPARATOR)))
        self._know_new_words()
        graph = self._graph
        slot = graph.slot(relation)
        self._gather(graph.forward[slot], object_column, subject_column)
        self._gather(graph.reverse[slot], subject_column, object_column)
        kinds = set(map(graph.kinds.__getitem__, subject_column))
        graph.present[slot] |= kinds
        if any("#" in kind for kind in kinds):
            pairs = [pair for pair in zip(object_column, subject_column, strict=True) if pair[1] in graph.parts]
            self._gather(graph.usersets[slot], [each for each, _ in pairs], [each for _, each in pairs])
        self.tuples += len(object_column)

    def finish(self, termed: list[Grant]) -> Graph:
        """The graph, with the tuples that hold under terms."""
        for table, several in self._open:
            for node, ends in several.items():
                table[node] = ends_of(ends)
        self._nodes.default_factory = None
        graph = self._graph
        graph.nodes = self._nodes
        graph.tuples = self.tuples
        graph.shape = 1
        for grant in termed:
            graph.add(grant.key, grant.terms)
        return graph

    def _gather(self, table: Edges, starts: list[int], ends: list[int]) -> None:
        """Add edges. A node with several ends is collected apart: a tuple can't grow."""
        first: dict[int, Ends] = dict(zip(starts, ends, strict=True))
        if len(first) == len(starts) and isinstance(table, dict) and first.keys().isdisjoint(table):
            table.update(first)
            return
        several, get = self._several(table), table.get
        for start, end in zip(starts, ends, strict=True):
            other = get(start)
            if other is None:
                table[start] = end
            elif start in several:
                several[start].append(end)
            else:
                several[start] = [*each(other), end]

    def _several(self, table: Edges) -> _Open:
        place = self._places.get(id(table))
        if place is None:
            place = self._places[id(table)] = len(self._open)
            self._open.append((table, {}))
        return self._open[place][1]

    def _know_new_words(self) -> None:
        """Words, kinds and usersets of the nodes that were numbered since the last time. A userset's object gets its
        number here, if it has none: the round after sees to it."""
        graph, nodes = self._graph, self._nodes
        while len(graph.words) < len(nodes):
            for word in list(islice(nodes, len(graph.words), None)):
                plain = "#" not in word and not word.endswith(":*")
                kind = word.partition(":")[0] if plain else kind_of(word)
                graph.kinds.append(self._kinds.setdefault(kind, kind))
                graph.words.append(word)
                if "#" in kind:
                    node, object_, slot = nodes[word], nodes[word.partition("#")[0]], graph.slot(kind)
                    graph.parts[node] = (object_, slot)
                    graph.members[slot, object_] = node
                    graph.usersets_known += 1
