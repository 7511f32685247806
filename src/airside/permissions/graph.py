"""A store's tuples in memory, as sets of small numbers. Pure: it knows no database and no model.

Every subject and every object has a number (a *node*); every `type#relation` that has tuples has a number (a
*slot*). A userset such as `group:eng#member` is a node of its own, and remembers its object and slot.

A question with contextual tuples reads a graph of its own, laid over the store's: nothing of it stays behind.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Generic, Protocol, TypeVar

from airside.permissions.model import TupleKey
from airside.permissions.words import kind_of

UNKNOWN: Final = -1
"""No node at all."""
ABSENT: Final = -2
"""The node, for one question, of an object that no tuple names."""

K = TypeVar("K")
V = TypeVar("V")


class Table(Protocol[K, V]):
    """What a graph keeps its facts in. A dict is one."""

    def get(self, key: K, /) -> V | None: ...
    def __getitem__(self, key: K, /) -> V: ...
    def __setitem__(self, key: K, value: V, /) -> None: ...
    def __contains__(self, key: object, /) -> bool: ...
    def __iter__(self) -> Iterator[K]: ...


class Layer(Generic[K, V]):
    """A table over another: reads through, writes to itself."""

    __slots__ = ("_below", "_own")

    def __init__(self, below: Table[K, V]) -> None:
        self._own: dict[K, V] = {}
        self._below = below

    def get(self, key: K, /) -> V | None:
        value = self._own.get(key)
        return self._below.get(key) if value is None else value

    def __getitem__(self, key: K, /) -> V:
        return self._own[key] if key in self._own else self._below[key]

    def __setitem__(self, key: K, value: V, /) -> None:
        self._own[key] = value

    def __contains__(self, key: object, /) -> bool:
        return key in self._own or key in self._below

    def __iter__(self) -> Iterator[K]:
        yield from self._own
        yield from (key for key in self._below if key not in self._own)


class Graph:
    """The tuples of one store at one revision. Others read its tables; only its verbs write them.

    Attributes:
        nodes: word → node. words: node → word. kinds: node → `user`, `user:*` or `group#member`.
        slots: `type#relation` → slot. parts: userset node → its object and slot. members: the way back.
        forward: slot → object → subjects. usersets: slot → object → those subjects that are usersets.
        reverse: slot → subject → objects. present: slot → kinds of subject it has had.
        shape: grows when a slot first meets a kind of subject: compiled plans may no longer fit.
        touched: slot → how often its tuples changed: what was derived from them may no longer hold.
        version: how often anything changed.
    """

    __slots__ = (
        "_next",
        "forward",
        "kinds",
        "members",
        "nodes",
        "parts",
        "present",
        "reverse",
        "shape",
        "slots",
        "touched",
        "usersets",
        "version",
        "words",
    )

    def __init__(self) -> None:
        self.nodes: Table[str, int] = {}
        self.words: Table[int, str] = {}
        self.kinds: Table[int, str] = {}
        self.slots: Table[str, int] = {}
        self.parts: Table[int, tuple[int, int]] = {}
        self.members: Table[tuple[int, int], int] = {}
        self.forward: list[Table[int, set[int]]] = []
        self.usersets: list[Table[int, set[int]]] = []
        self.reverse: list[Table[int, set[int]]] = []
        self.present: list[set[str]] = []
        self.touched: list[int] = []
        self.shape = 0
        self.version = 0
        self._next = 0

    def overlaid(self, keys: Iterable[TupleKey]) -> "Graph":
        """This graph with `keys` added, for one question; this graph itself stays as it is."""
        layer = Graph()
        layer.nodes, layer.words, layer.kinds = Layer(self.nodes), Layer(self.words), Layer(self.kinds)
        layer.slots, layer.parts, layer.members = Layer(self.slots), Layer(self.parts), Layer(self.members)
        layer.forward = [Layer(table) for table in self.forward]
        layer.usersets = [Layer(table) for table in self.usersets]
        layer.reverse = [Layer(table) for table in self.reverse]
        layer.present = [set(kinds) for kinds in self.present]
        layer.touched, layer.shape, layer.version = list(self.touched), self.shape, self.version
        layer._next = self._next
        for key in keys:
            layer.add(key)
        return layer

    @property
    def words_known(self) -> int:
        """How many words have a node."""
        return self._next

    def objects(self, type_name: str) -> set[int]:
        """Every object of a type that a tuple has been written for."""
        slots = [self.slots[name] for name in self.slots if name.partition("#")[0] == type_name]
        return {object_ for slot in slots for object_ in self.forward[slot]}

    def slot(self, relation: str) -> int:
        """The number of `type#relation`."""
        number = self.slots.get(relation)
        if number is None:
            number = self.slots[relation] = len(self.forward)
            self.forward.append({})
            self.usersets.append({})
            self.reverse.append({})
            self.present.append(set())
            self.touched.append(0)
        return number

    def add(self, key: TupleKey) -> None:
        """Add a tuple; twice is as good as once."""
        slot = self.slot(f"{key.object.partition(':')[0]}#{key.relation}")
        subject, object_ = self._node(key.user), self._node(key.object)
        if not _link(self.forward[slot], object_, subject):
            return
        _link(self.reverse[slot], subject, object_)
        if subject in self.parts:
            _link(self.usersets[slot], object_, subject)
        kind = self.kinds[subject]
        if kind not in self.present[slot]:
            self.present[slot].add(kind)
            self.shape += 1
        self.touched[slot] += 1
        self.version += 1

    def remove(self, key: TupleKey) -> None:
        """Remove a tuple, if it is there."""
        slot = self.slots.get(f"{key.object.partition(':')[0]}#{key.relation}")
        subject, object_ = self.nodes.get(key.user), self.nodes.get(key.object)
        if slot is None or subject is None or object_ is None:
            return
        if not _unlink(self.forward[slot], object_, subject):
            return
        _unlink(self.reverse[slot], subject, object_)
        _unlink(self.usersets[slot], object_, subject)
        self.touched[slot] += 1
        self.version += 1

    def _node(self, word: str) -> int:
        node = self.nodes.get(word)
        if node is not None:
            return node
        node = self.nodes[word] = self._next
        self._next += 1
        self.words[node] = word
        kind = self.kinds[node] = kind_of(word)
        if "#" in kind:
            object_, slot = self._node(word.partition("#")[0]), self.slot(kind)
            self.parts[node] = (object_, slot)
            self.members[slot, object_] = node
        return node


def _link(table: Table[int, set[int]], start: int, end: int) -> bool:
    """Add an edge; whether it is new. A layer's set is its own copy before it is changed."""
    ends = table.get(start)
    if ends is None:
        table[start] = {end}
    elif end in ends:
        return False
    elif isinstance(table, Layer):
        table[start] = ends | {end}
    else:
        ends.add(end)
    return True


def _unlink(table: Table[int, set[int]], start: int, end: int) -> bool:
    """Take an edge away; whether it was there."""
    ends = table.get(start)
    if ends is None or end not in ends:
        return False
    ends.discard(end)
    return True
