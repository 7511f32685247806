"""A graph laid over another, for one question with contextual tuples: nothing of it stays behind."""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from airside.permissions.graph import Column, Graph, Table
from airside.permissions.model import Grant

K = TypeVar("K")
V = TypeVar("V")


class Layer(Generic[K, V]):
    """A table over another: reads through, writes to itself. What was deleted here stands here as None."""

    __slots__ = ("_below", "_own")

    def __init__(self, below: Table[K, V]) -> None:
        self._own: dict[K, V | None] = {}
        self._below = below

    def get(self, key: K, /) -> V | None:
        return self._own[key] if key in self._own else self._below.get(key)

    def __getitem__(self, key: K, /) -> V:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: K, value: V, /) -> None:
        self._own[key] = value

    def __delitem__(self, key: K, /) -> None:
        self._own[key] = None

    def __contains__(self, key: object, /) -> bool:
        return self._own[key] is not None if key in self._own else key in self._below  # type: ignore[index]  # it is one

    def __iter__(self) -> Iterator[K]:
        yield from (key for key, value in self._own.items() if value is not None)
        yield from (key for key in self._below if key not in self._own)


class Stacked(Generic[V]):
    """A column on top of another."""

    __slots__ = ("_below", "_height", "_own")

    def __init__(self, below: Column[V]) -> None:
        self._below, self._height = below, len(below)
        self._own: list[V] = []

    def __getitem__(self, node: int, /) -> V:
        return self._below[node] if node < self._height else self._own[node - self._height]

    def __len__(self) -> int:
        return self._height + len(self._own)

    def append(self, value: V, /) -> None:
        self._own.append(value)


def overlaid(graph: Graph, grants: Iterable[Grant]) -> Graph:
    """`graph` with `grants` added, each in place of the tuple that was there; `graph` itself stays as it is."""
    layer = Graph()
    layer.nodes, layer.words, layer.kinds = Layer(graph.nodes), Stacked(graph.words), Stacked(graph.kinds)
    layer.slots, layer.parts, layer.members = Layer(graph.slots), Layer(graph.parts), Layer(graph.members)
    layer.forward = [Layer(table) for table in graph.forward]
    layer.usersets = [Layer(table) for table in graph.usersets]
    layer.reverse = [Layer(table) for table in graph.reverse]
    layer.granted = [Layer(table) for table in graph.granted]
    layer.termed = [Layer(table) for table in graph.termed]
    layer.present = [set(kinds) for kinds in graph.present]
    layer.touched, layer.shape, layer.version = list(graph.touched), graph.shape, graph.version
    layer.usersets_known, layer.tuples = graph.usersets_known, graph.tuples
    for grant in grants:
        layer.add(grant.key, grant.terms)
    return layer
