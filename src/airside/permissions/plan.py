"""A model compiled for a graph: what to look up, in which order, so that a question meets no name and no tree.

Unions dissolve: the plan of a relation lists every slot of the same object that gives it directly, every
`x from y`, and only what can't dissolve (intersection, exclusion) as parts of their own. A relation is *flat* if
it consists of direct slots alone, whose usersets are flat too: then a subject's memberships are collected from
its own side once (`memberships.py`), and a direct lookup needs no descent.

A plan is *pure* if nothing but direct slots and `x from y` decides it, wherever it leads: whom an object inherits can
then be collected once and kept (`quick.py`). It is *quick* if it leads to pure plans only, by way of its own parts too.
"""

from dataclasses import dataclass, field

from airside.permissions.forgotten import Forgotten


@dataclass(slots=True, eq=False)
class Plan:
    """How one relation (or one operand) of a type is decided. Filled by the compiler, then only read.

    Attributes:
        number: distinguishes the plans and parts of one compiled model. name: of the relation.
        own: the slot of the relation; -1 for an operand.
        same: the slots of the relations that this one contains on the same object: whose usersets are in it.
        direct: slots whose every kind of subject the model allows.
        filtered: slots that hold kinds of subject the model no longer allows, with those it does.
        deep: slots with usersets that aren't flat, and the plans of those usersets by kind.
        hops: tupleset slots, and the plans of what they name by type.
        termed, termed_hops: slots that have tuples under terms, and where those lead.
        parts: intersections and exclusions.
        pure, quick: see above. crowds: object → those whom it grants or inherits, as far as was asked; of pure plans.
        forgotten: crowds that no longer hold.
        region: the slots that a pure plan reads, wherever it leads.
    """

    number: int
    name: str
    own: int = -1
    same: set[int] = field(default_factory=set[int])
    direct: list[int] = field(default_factory=list[int])
    filtered: list[tuple[int, frozenset[str]]] = field(default_factory=list[tuple[int, frozenset[str]]])
    deep: "list[tuple[int, dict[str, Plan]]]" = field(default_factory=list["tuple[int, dict[str, Plan]]"])
    hops: "list[tuple[int, dict[str, Plan]]]" = field(default_factory=list["tuple[int, dict[str, Plan]]"])
    termed: "list[Termed]" = field(default_factory=list["Termed"])
    termed_hops: "list[Termed]" = field(default_factory=list["Termed"])
    parts: "list[Part]" = field(default_factory=list["Part"])
    pure: bool = False
    quick: bool = False
    crowds: dict[int, tuple[int, ...]] = field(default_factory=dict[int, tuple[int, ...]])
    forgotten: Forgotten = field(default_factory=Forgotten)
    region: tuple[int, ...] = ()

    def forget_crowds(self) -> None:
        """A tuple changed that they were read from, or they are too many."""
        self.forgotten.add(self.crowds)
        self.crowds = {}

    @property
    def plain(self) -> bool:
        """Whether it consists of direct slots, hops and parts alone."""
        return not (self.filtered or self.deep or self.termed or self.termed_hops)

    def include(self, other: "Plan") -> None:
        """Whatever decides `other` decides this one too."""
        self.same |= other.same
        self.direct += [each for each in other.direct if each not in self.direct]
        self.filtered += [each for each in other.filtered if each not in self.filtered]
        self.deep += [each for each in other.deep if each not in self.deep]
        self.hops += [each for each in other.hops if each not in self.hops]
        self.termed += [each for each in other.termed if each not in self.termed]
        self.termed_hops += [each for each in other.termed_hops if each not in self.termed_hops]
        self.parts += [each for each in other.parts if each not in self.parts]


@dataclass(slots=True, eq=False)
class Part:
    """All of the operands, and none of `unless` if there is one."""

    number: int
    all: tuple[Plan, ...]
    unless: Plan | None = None

    @property
    def operands(self) -> tuple[Plan, ...]:
        """All of them, `unless` too."""
        return self.all if self.unless is None else (*self.all, self.unless)


@dataclass(frozen=True, slots=True)
class Termed:
    """Tuples under terms of one slot.

    Attributes:
        allowed: the kinds of subject, each with the condition (empty for none), that the model allows.
        targets: the plans that they lead to, by kind.
    """

    slot: int
    allowed: frozenset[tuple[str, str]]
    targets: "dict[str, Plan]"
