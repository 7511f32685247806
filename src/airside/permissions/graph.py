"""A store's tuples in memory, as sets of small numbers. Pure: it knows no database and no model.

Every subject and every object has a number (a *node*); every `type#relation` that has tuples has a number (a
*slot*). A userset such as `group:eng#member` is a node of its own, and remembers its object and slot.

Tuples that hold always are edges in `forward` and `reverse`. Those that hold under terms (a condition, an end) stand
apart in `termed`: what is read from the edges needs neither a context nor a clock.
"""

from collections.abc import Iterable
from typing import Final

from pyroaring import BitMap

from airside.permissions.ends import Ends, has, joined, parted
from airside.permissions.model import NO_TERMS, Grant, Terms, TupleKey
from airside.permissions.tables import Column, Layer, Stacked, Table
from airside.permissions.words import kind_of, stands_for_several

UNKNOWN: Final = -1
"""No node at all."""
ABSENT: Final = -2
"""The node, for one question, of an object that no tuple names."""

Edges = Table[int, Ends]
TermsOf = dict[int, Terms]


class Graph:
    """The tuples of one store at one revision. Others read its tables; only its verbs write them.

    Attributes:
        nodes: word → node. words: node → word. kinds: node → `user`, `user:*` or `group#member`.
        slots: `type#relation` → slot. parts: userset node → its object and slot. members: the way back.
        forward: slot → object → subjects. usersets: slot → object → those subjects that are usersets.
        reverse: slot → subject → objects. present: slot → kinds of subject it has had without terms.
        termed: slot → object → subject → terms. granted: slot → subject → objects it has under terms.
        shape: grows when a slot first meets a kind of subject, or terms: compiled plans may no longer fit.
        touched: slot → how often its tuples changed: what was derived from them may no longer hold.
        version: how often anything changed. tuples: how many there are.
        sets_known: how many words that stand for several subjects (usersets, wildcards) have a node.
    """

    __slots__ = (
        "forward", "granted", "kinds", "members", "nodes", "parts", "present", "reverse", "sets_known", "shape",
        "slots", "termed", "touched", "tuples", "usersets", "version", "words",
    )  # fmt: skip

    def __init__(self) -> None:
        self.nodes: Table[str, int] = {}
        self.words: Column[str] = []
        self.kinds: Column[str] = []
        self.slots: Table[str, int] = {}
        self.parts: Table[int, tuple[int, int]] = {}
        self.members: Table[tuple[int, int], int] = {}
        self.forward: list[Edges] = []
        self.usersets: list[Edges] = []
        self.reverse: list[Edges] = []
        self.present: list[set[str]] = []
        self.termed: list[Table[int, TermsOf]] = []
        self.granted: list[Edges] = []
        self.touched: list[int] = []
        self.shape = 0
        self.version = 0
        self.tuples = 0
        self.sets_known = 0

    @property
    def words_known(self) -> int:
        """How many words have a node."""
        return len(self.words)

    def slot(self, relation: str) -> int:
        """The number of `type#relation`."""
        number = self.slots.get(relation)
        if number is None:
            number = self.slots[relation] = len(self.forward)
            for tables in (self.forward, self.usersets, self.reverse, self.granted):
                tables.append({})
            self.termed.append({})
            self.present.append(set())
            self.touched.append(0)
        return number

    def add(self, key: TupleKey, terms: Terms = NO_TERMS) -> None:
        """Add a tuple; twice is as good as once, and other terms replace those it had."""
        slot = self.slot(f"{key.object.partition(':')[0]}#{key.relation}")
        subject, object_ = self.node(key.user), self.node(key.object)
        known = self._terms(slot, subject, object_)
        if known == terms:
            return
        if known is not None:
            self._unlink(slot, subject, object_)
        if terms == NO_TERMS:
            self._link(slot, subject, object_)
        else:
            self._link_under(terms, slot, subject, object_)
        self._changed(slot, 1)

    def remove(self, key: TupleKey) -> None:
        """Remove a tuple, if it is there."""
        slot = self.slots.get(f"{key.object.partition(':')[0]}#{key.relation}")
        subject, object_ = self.nodes.get(key.user), self.nodes.get(key.object)
        if slot is None or subject is None or object_ is None or self._terms(slot, subject, object_) is None:
            return
        self._unlink(slot, subject, object_)
        self._changed(slot, 0)

    def overlaid(self, grants: Iterable[Grant]) -> "Graph":
        """This graph with `grants` added, each in place of the tuple that was there; itself it stays as it is."""
        layer = self._layer()
        for grant in grants:
            layer.add(grant.key, grant.terms)
        return layer

    def _layer(self) -> "Graph":
        layer = Graph()
        layer.nodes, layer.words, layer.kinds = Layer(self.nodes), Stacked(self.words), Stacked(self.kinds)
        layer.slots, layer.parts, layer.members = Layer(self.slots), Layer(self.parts), Layer(self.members)
        layer.forward = [Layer(table) for table in self.forward]
        layer.usersets = [Layer(table) for table in self.usersets]
        layer.reverse = [Layer(table) for table in self.reverse]
        layer.granted = [Layer(table) for table in self.granted]
        layer.termed = [Layer(table) for table in self.termed]
        layer.present = [set(kinds) for kinds in self.present]
        layer.touched, layer.shape, layer.version = list(self.touched), self.shape, self.version
        layer.sets_known, layer.tuples = self.sets_known, self.tuples
        return layer

    def node(self, word: str) -> int:
        """The number of a word, which gets one if it has none."""
        node = self.nodes.get(word)
        return self.new_node(word) if node is None else node

    def new_node(self, word: str) -> int:
        """A number for a word that has none."""
        node = self.nodes[word] = self.words_known
        kind = kind_of(word)
        self.words.append(word)
        self.kinds.append(kind)
        if "#" in kind:
            object_, slot = self.node(word.partition("#")[0]), self.slot(kind)
            self.parts[node] = (object_, slot)
            self.members[slot, object_] = node
        if stands_for_several(kind):
            self.sets_known += 1
        return node

    def _terms(self, slot: int, subject: int, object_: int) -> Terms | None:
        """Under what terms the tuple holds; None if there is none."""
        ends = self.forward[slot].get(object_)
        if ends is not None and has(ends, subject):
            return NO_TERMS
        under = self.termed[slot].get(object_)
        return None if under is None else under.get(subject)

    def _link(self, slot: int, subject: int, object_: int) -> None:
        link(self.forward[slot], object_, subject)
        link(self.reverse[slot], subject, object_)
        if subject in self.parts:
            link(self.usersets[slot], object_, subject)
        kind = self.kinds[subject]
        if kind not in self.present[slot]:
            self.present[slot].add(kind)
            self.shape += 1

    def _link_under(self, terms: Terms, slot: int, subject: int, object_: int) -> None:
        if next(iter(self.termed[slot]), None) is None:
            self.shape += 1
        self.termed[slot][object_] = {**(self.termed[slot].get(object_) or {}), subject: terms}
        link(self.granted[slot], subject, object_)

    def _unlink(self, slot: int, subject: int, object_: int) -> None:
        under = self.termed[slot].get(object_)
        if under is None or subject not in under:
            unlink(self.forward[slot], object_, subject)
            unlink(self.reverse[slot], subject, object_)
            if subject in self.parts:
                unlink(self.usersets[slot], object_, subject)
        else:
            unlink(self.granted[slot], subject, object_)
            left = {other: terms for other, terms in under.items() if other != subject}
            if left:
                self.termed[slot][object_] = left
            else:
                del self.termed[slot][object_]
        self.tuples -= 1

    def _changed(self, slot: int, added: int) -> None:
        self.tuples += added
        self.touched[slot] += 1
        self.version += 1


def link(table: Edges, start: int, end: int) -> None:
    """Add an edge that isn't there."""
    ends = _own(table, table.get(start))
    table[start] = end if ends is None else joined(ends, end)


def unlink(table: Edges, start: int, end: int) -> None:
    """Take away an edge that is there."""
    ends = _own(table, table.get(start))
    left = None if ends is None else parted(ends, end)
    if left is None:
        del table[start]
    else:
        table[start] = left


def _own(table: Edges, ends: Ends | None) -> Ends | None:
    """What may be changed in place: a bitmap of a table laid over another may be the other's."""
    return ends.copy() if isinstance(ends, BitMap) and not isinstance(table, dict) else ends
