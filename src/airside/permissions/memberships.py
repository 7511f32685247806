"""Every flat userset that a subject is in, collected from the subject's side (Zanzibar's Leopard index, lazily).

One question per subject pays for it; until a membership changes, the rest read it. Flattened from the subject's side,
an edge at the top of a deep hierarchy costs a write nothing, however many are below it.
"""

from msgspec import Struct

from airside.permissions.compiled import Compiled
from airside.permissions.ends import each
from airside.permissions.forgotten import Forgotten
from airside.permissions.graph import UNKNOWN, Graph
from airside.permissions.limits import MAX_DEPTH, MAX_VISITS, most_kept


class Subject(Struct, frozen=True):
    """A subject as a walk needs it.

    Attributes:
        nodes: the subject itself, everybody of its type, and every flat userset it is in.
        name, object, slot: of a subject that is a userset, its object's word and node and its slot.
        complete: whether every membership was found within the bounds.
    """

    nodes: frozenset[int]
    name: str
    object: int
    slot: int
    complete: bool


class Memberships:
    """Subjects by word, for one compiled model on one graph."""

    def __init__(self, compiled: Compiled, graph: Graph) -> None:
        self._compiled = compiled
        self._graph = graph
        self._subjects: dict[str, Subject] = {}
        self._forgotten = Forgotten()
        self._version = -1
        self._stamp = -1

    def known(self, word: str) -> Subject | None:
        """The subject that `word` spells, if it was collected since a membership last changed."""
        if self._graph.version != self._version:
            self._forget_if_changed()
        return self._subjects.get(word)

    def collect(self, word: str) -> Subject:
        """The subject that `word` (well spelt) names. Kept if a tuple names it and it is no userset: what contains
        those may grow with any tuple."""
        self._forgotten.let_go()
        subject = self._collect(word)
        if subject.slot == UNKNOWN and word in self._graph.nodes:
            if len(self._subjects) >= most_kept(self._graph.words_known):
                self._forget()
            self._subjects[word] = subject
        return subject

    def _forget_if_changed(self) -> None:
        """Memberships may have changed, and sets of subjects that nobody had named may have been given something."""
        self._version = self._graph.version
        stamp = sum([self._graph.touched[slot] for slot in self._compiled.membership]) + self._graph.sets_known
        if stamp != self._stamp:
            self._forget()
            self._stamp = stamp

    def _forget(self) -> None:
        self._forgotten.add(self._subjects)
        self._subjects = {}

    def _collect(self, word: str) -> Subject:
        graph = self._graph
        found: set[int] = set()
        name, _, relation = word.partition("#")
        type_name = name.partition(":")[0]
        for own in (word,) if relation else (word, f"{type_name}:*"):
            node = graph.nodes.get(own)
            if node is not None:
                found.add(node)
        object_ = slot = UNKNOWN
        if relation:
            known = graph.nodes.get(name)
            object_ = UNKNOWN if known is None else known
            slot = graph.slots.get(f"{type_name}#{relation}")
            slot = UNKNOWN if slot is None else slot
            found |= self._containing(slot, object_)
        complete = self._climb(found)
        return Subject(frozenset(found), name if relation else "", object_, slot, complete)

    def _containing(self, slot: int, object_: int) -> set[int]:
        """The flat usersets of `object_` that contain its relation `slot`."""
        members = self._graph.members
        outer = (members.get((each, object_)) for each in self._compiled.membership.get(slot, ()))
        return {node for node in outer if node is not None}

    def _climb(self, found: set[int]) -> bool:
        members, reverse = self._graph.members, self._graph.reverse
        frontier = list(found)
        for _ in range(MAX_DEPTH):
            following: list[int] = []
            for slot, outer in self._compiled.membership.items():
                table = reverse[slot]
                for node in frontier:
                    for object_ in each(table.get(node)):
                        for container in outer:
                            userset = members.get((container, object_))
                            if userset is not None and userset not in found:
                                found.add(userset)
                                following.append(userset)
            if not following:
                return True
            if len(found) > MAX_VISITS:
                return False
            frontier = following
        return False
