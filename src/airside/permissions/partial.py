"""A graph of which only what was looked up is there, for stores too large for memory.

Who asks it gets what is known, and what isn't is written down: it is fetched, and the same is asked again, until
nothing was missing. Nothing is assumed of what wasn't fetched: every relation may hold tuples of any kind, and under
terms.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Generic, TypeVar

from airside.permissions.graph import UNKNOWN, Graph
from airside.permissions.model import Grant

V = TypeVar("V")
_ANY: Final = "?"
"""A kind of subject that no model allows: a slot that may hold it is never taken to hold only what is allowed."""


class Fetched(Generic[V]):
    """One slot's table, as far as it was fetched. Which nodes were asked for and aren't there is written down."""

    def __init__(self) -> None:
        self._table: dict[int, V] = {}
        self._asked: set[int] = set()
        self.missing: set[int] = set()

    def get(self, key: int, /) -> V | None:
        if key not in self._asked:
            self.missing.add(key)
        return self._table.get(key)

    def settle(self) -> None:
        """What was missing has been fetched: if it isn't here, it isn't anywhere."""
        self._asked |= self.missing
        self.missing.clear()

    def __getitem__(self, key: int, /) -> V:
        return self._table[key]

    def __setitem__(self, key: int, value: V, /) -> None:
        self._table[key] = value

    def __delitem__(self, key: int, /) -> None:
        del self._table[key]

    def __contains__(self, key: object, /) -> bool:
        return key in self._table

    def __iter__(self) -> Iterator[int]:
        """Never empty: there may be something."""
        yield from self._table
        yield UNKNOWN


class _Words(dict[str, int]):
    """Words → nodes. Whatever is asked for may have tuples, so it has a node."""

    def __init__(self, graph: "Partial") -> None:
        super().__init__()
        self._graph = graph

    def get(self, key: str, /) -> int:  # type: ignore[override]  # nobody gives a default
        return self._graph.node(key)


class _Members(dict[tuple[int, int], int]):
    """Object and slot → userset. Whatever is asked for may have tuples, so it has a node."""

    def __init__(self, graph: "Partial") -> None:
        super().__init__()
        self._graph = graph

    def get(self, key: tuple[int, int], /) -> int:  # type: ignore[override]  # nobody gives a default
        slot, object_ = key
        return self._graph.node(f"{self._graph.words[object_]}#{self._graph.relation(slot)[1]}")


class Partial(Graph):
    """See above. `add` what was fetched, then `settle`."""

    __slots__ = ("_by_object", "_by_subject", "_relations")

    def __init__(self) -> None:
        super().__init__()
        self.nodes = _Words(self)
        self.members = _Members(self)
        self._relations: list[tuple[str, str]] = []
        self._by_object: list[tuple[Fetched[Any], ...]] = []
        self._by_subject: list[tuple[Fetched[Any], ...]] = []

    def slot(self, relation: str) -> int:
        """The number of `type#relation`, of which nothing is known."""
        number = self.slots.get(relation)
        if number is None:
            number = self.slots[relation] = len(self.forward)
            type_name, _, name = relation.partition("#")
            self._relations.append((type_name, name))
            by_object: tuple[Fetched[Any], ...] = (Fetched(), Fetched(), Fetched())
            by_subject: tuple[Fetched[Any], ...] = (Fetched(), Fetched())
            self._by_object.append(by_object)
            self._by_subject.append(by_subject)
            for tables, table in zip((self.forward, self.usersets, self.termed), by_object, strict=True):
                tables.append(table)
            for tables, table in zip((self.reverse, self.granted), by_subject, strict=True):
                tables.append(table)
            self.present.append({_ANY})
            self.touched.append(0)
        return number

    def node(self, word: str) -> int:
        """The number of a word, which gets one if it has none."""
        return self.nodes[word] if word in self.nodes else self.new_node(word)

    def _layer(self) -> Graph:
        """Words are shared: looking something up below would give a new one a number that the layer has given too."""
        layer = super()._layer()
        layer.nodes, layer.words, layer.kinds = self.nodes, self.words, self.kinds
        layer.parts, layer.members = self.parts, self.members
        return layer

    def relation(self, slot: int) -> tuple[str, str]:
        """The type and the relation of a slot."""
        return self._relations[slot]

    def wanted_of_objects(self) -> list[tuple[str, str, str]]:
        """What is missing, as type and id of an object and a relation."""
        return [
            (*self._named(node), self._relations[slot][1])
            for slot, tables in enumerate(self._by_object)
            for node in set[int]().union(*(table.missing for table in tables))
        ]

    def wanted_of_subjects(self) -> list[tuple[str, str, str, str, str]]:
        """What is missing, as the three parts of a subject, a type of object and a relation."""
        return [
            (*self._named(node), self.words[node].partition("#")[2], *self._relations[slot])
            for slot, tables in enumerate(self._by_subject)
            for node in set[int]().union(*(table.missing for table in tables))
        ]

    def settle(self, grants: Iterable[Grant]) -> None:
        """What was missing has been fetched, and is this."""
        tables = [table for each in (*self._by_object, *self._by_subject) for table in each]
        for table in tables:
            table.settle()
        for grant in grants:
            self.add(grant.key, grant.terms)
        for table in tables:  # adding has looked things up, too
            table.missing.clear()

    def _named(self, node: int) -> tuple[str, str]:
        type_name, _, name = self.words[node].partition("#")[0].partition(":")
        return type_name, name
