"""The Merkle tree of RFC 9162 §2.1, pure: append, root, inclusion and consistency proofs, and their verification.

A tree is kept as its frontier (the roots of its complete subtrees, largest first) and as nodes (every complete
subtree's root, never changed once written), so that appending and proving take O(log n).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from airside.audit.model import Node

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()


def hash_leaf(data: bytes) -> bytes:
    """A leaf's hash: SHA-256(0x00 ‖ data)."""
    return sha256(b"\x00" + data).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """An inner node's hash: SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree of `size` leaves as the roots of its complete subtrees, largest first: one for each set bit."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def append(self, leaves: Sequence[bytes]) -> "tuple[Frontier, list[Node]]":
        """The tree with `leaves` (hashes) after its own, and the inner nodes that this completes."""
        size, stack, nodes = self.size, list(self.hashes), list[Node]()
        for leaf in leaves:
            stack.append(leaf)
            level, number = 0, size
            while number & 1:
                right = stack.pop()
                stack[-1] = hash_node(stack[-1], right)
                level, number = level + 1, number >> 1
                nodes.append(Node(level, number, stack[-1]))
            size += 1
        return Frontier(size, tuple(stack)), nodes

    def grown(self, leaves: Sequence[bytes]) -> "Frontier":
        """As `append`, for whoever has no use for the nodes."""
        size, hashes = self.size, list(self.hashes)
        start = 0
        while start < len(leaves):
            # The largest complete subtree that begins here and has all its leaves, by its levels.
            aligned = size & -size or len(leaves)
            count = min(aligned, 1 << (len(leaves) - start).bit_length() - 1)
            row = leaves[start : start + count]
            while len(row) > 1:
                row = [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=True)]
            hashes.append(row[0])
            start, size = start + count, size + count
            while size & (count << 1) - 1 == 0:
                right = hashes.pop()
                hashes[-1] = hash_node(hashes[-1], right)
                count <<= 1
        return Frontier(size, tuple(hashes))

    def root(self) -> bytes:
        """MTH of the leaves (RFC 9162 §2.1.1)."""
        return _fold(self.hashes) if self.hashes else EMPTY_ROOT


def inclusion_spans(index: int, size: int) -> list[tuple[int, int]]:
    """The spans of leaves whose roots are PATH(index, D_size), in order (RFC 9162 §2.1.3.1)."""
    spans: list[tuple[int, int]] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(first: int, second: int) -> list[tuple[int, int]]:
    """The spans whose roots are PROOF(first, D_second), in order (RFC 9162 §2.1.4.1); 0 < first <= second."""
    spans: list[tuple[int, int]] = []
    start, end, whole = 0, second, True
    while end != first:
        middle = start + _split(end - start)
        if first <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start, whole = middle, False
    if not whole:
        spans.append((start, end))
    return spans[::-1]


def cover(start: int, end: int) -> list[tuple[int, int]]:
    """The complete subtrees, as (level, number), that make up a span of a path, largest first."""
    found: list[tuple[int, int]] = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return found


def span_root(span: tuple[int, int], nodes: Mapping[tuple[int, int], bytes]) -> bytes:
    """The root over a span from the complete subtrees that cover it."""
    return _fold([nodes[place] for place in cover(*span)])


def verify_inclusion(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` proves that `leaf` is number `index` of the tree (RFC 9162 §2.1.3.2, by its steps)."""
    if not 0 <= index < size:
        return False  # step 1
    fn, sn, r = index, size - 1, leaf  # steps 2 and 3
    for p in path:  # step 4
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = hash_node(p, r)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = hash_node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root  # step 5


def verify_consistency(
    *, first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether `path` proves the first tree a prefix of the second (RFC 9162 §2.1.4.2, by its steps)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    if not path:
        return False  # step 1
    hashes = list(path)
    if first & (first - 1) == 0:
        hashes.insert(0, first_root)  # step 2
    fn, sn = first - 1, second - 1  # step 3
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1  # step 4
    fr = sr = hashes[0]  # step 5
    for c in hashes[1:]:  # step 6
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = hash_node(c, fr), hash_node(c, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = hash_node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == first_root and sr == second_root  # step 7


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _fold(hashes: Sequence[bytes]) -> bytes:
    """One root from subtrees' roots, joined from the right, where the small ones are."""
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = hash_node(left, root)
    return root
