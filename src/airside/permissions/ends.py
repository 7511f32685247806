"""The other ends of a node's edges: a set of small numbers that costs what it holds.

One is the number itself, a few are a tuple, many are a compressed bitmap (Roaring: Lemire et al. 2016). Numbers and
tuples are values; a bitmap is changed in place, by the graph that owns it alone.
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

from pyroaring import BitMap

Ends: TypeAlias = int | tuple[int, ...] | BitMap

FEW: Final = 24
"""Numbers in a tuple at most."""
NO_ENDS: Final[tuple[int, ...]] = ()


def ends_of(nodes: Iterable[int]) -> Ends:
    """`nodes`, all different and at least one, as small as their number allows."""
    found = tuple(nodes)
    if len(found) == 1:
        return found[0]
    return found if len(found) <= FEW else BitMap(found)


def each(ends: Ends | None) -> Iterable[int]:
    """The numbers, in no order."""
    if ends is None:
        return NO_ENDS
    return (ends,) if isinstance(ends, int) else ends


def count(ends: Ends | None) -> int:
    """How many they are."""
    if ends is None:
        return 0
    return 1 if isinstance(ends, int) else len(ends)


def has(ends: Ends, node: int) -> bool:
    """Whether `node` is one of them."""
    return ends == node if isinstance(ends, int) else node in ends


def meets(ends: Ends, nodes: frozenset[int]) -> bool:
    """Whether one of `nodes` is among them."""
    if isinstance(ends, int):
        return ends in nodes
    if isinstance(ends, tuple):
        return not nodes.isdisjoint(ends)
    return any(node in ends for node in nodes)


def met(ends: Ends, nodes: frozenset[int]) -> list[int]:
    """Those of `nodes` that are among them."""
    return [node for node in nodes if has(ends, node)]


def joined(ends: Ends, node: int) -> Ends:
    """`ends` with `node`, which wasn't among them. A bitmap is changed in place."""
    if isinstance(ends, BitMap):
        ends.add(node)
        return ends
    return ends_of((*each(ends), node))


def parted(ends: Ends, node: int) -> Ends | None:
    """`ends` without `node`, which was among them; None if nothing is left. A bitmap is changed in place."""
    if isinstance(ends, int):
        return None
    if isinstance(ends, tuple):
        return ends_of(other for other in ends if other != node)
    ends.remove(node)
    return ends if len(ends) > FEW // 2 else ends_of(ends)
