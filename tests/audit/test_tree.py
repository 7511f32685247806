"""The tree of RFC 9162 against the RFC's own recursive definitions, for every size up to 70."""

from collections.abc import Sequence
from hashlib import sha256

import pytest

from airside.audit.tree import (
    EMPTY_ROOT,
    Frontier,
    consistency_spans,
    cover,
    hash_leaf,
    inclusion_spans,
    span_root,
    verify_consistency,
    verify_inclusion,
)

SIZES = range(71)
DATA = [number.to_bytes(2) for number in range(70)]
LEAVES = [hash_leaf(data) for data in DATA]


def mth(data: Sequence[bytes]) -> bytes:
    """RFC 9162 §2.1.1, word for word."""
    if not data:
        return sha256(b"").digest()
    if len(data) == 1:
        return sha256(b"\x00" + data[0]).digest()
    k = largest(len(data))
    return sha256(b"\x01" + mth(data[:k]) + mth(data[k:])).digest()


def path(m: int, data: Sequence[bytes]) -> list[bytes]:
    """RFC 9162 §2.1.3.1, word for word."""
    if len(data) == 1:
        return []
    k = largest(len(data))
    return [*path(m, data[:k]), mth(data[k:])] if m < k else [*path(m - k, data[k:]), mth(data[:k])]


def subproof(m: int, data: Sequence[bytes], b: bool) -> list[bytes]:
    """RFC 9162 §2.1.4.1, word for word."""
    if m == len(data):
        return [] if b else [mth(data)]
    k = largest(len(data))
    if m <= k:
        return [*subproof(m, data[:k], b), mth(data[k:])]
    return [*subproof(m - k, data[k:], False), mth(data[:k])]


def largest(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def stored(leaves: Sequence[bytes]) -> tuple[Frontier, dict[tuple[int, int], bytes]]:
    """A tree and all its nodes, leaves as level 0."""
    frontier, nodes = Frontier().append(leaves)
    return frontier, {(0, n): leaf for n, leaf in enumerate(leaves)} | {(n.level, n.number): n.hash for n in nodes}


def test_empty_tree_has_the_root_of_the_rfc() -> None:
    assert Frontier().root() == EMPTY_ROOT == mth([])


@pytest.mark.parametrize("size", SIZES)
def test_root_is_the_rfc_s(size: int) -> None:
    assert stored(LEAVES[:size])[0].root() == mth(DATA[:size])


@pytest.mark.parametrize("size", SIZES)
def test_leaves_appended_in_parts_give_the_same_tree(size: int) -> None:
    whole, nodes = stored(LEAVES[:size])
    for cut in range(0, size + 1, 3):
        first, before = Frontier().append(LEAVES[:cut])
        both, after = first.append(LEAVES[cut:size])
        assert both == whole
        assert {(n.level, n.number): n.hash for n in before + after} == {k: v for k, v in nodes.items() if k[0]}


@pytest.mark.parametrize("size", SIZES)
def test_every_inclusion_proof_is_the_rfc_s_and_verifies(size: int) -> None:
    frontier, nodes = stored(LEAVES[:size])
    for index in range(size):
        proof = [span_root(span, nodes) for span in inclusion_spans(index, size)]
        assert proof == path(index, DATA[:size])
        assert len(proof) <= (size - 1).bit_length()
        assert verify_inclusion(leaf=LEAVES[index], index=index, size=size, path=proof, root=frontier.root())


@pytest.mark.parametrize("second", SIZES)
def test_every_consistency_proof_is_the_rfc_s_and_verifies(second: int) -> None:
    frontier, nodes = stored(LEAVES[:second])
    for first in range(1, second + 1):
        proof = [span_root(span, nodes) for span in consistency_spans(first, second)]
        assert proof == subproof(first, DATA[:second], True)
        assert len(proof) <= (second - 1).bit_length() + 1
        assert verify_consistency(
            first=first, second=second, first_root=mth(DATA[:first]), second_root=frontier.root(), path=proof
        )


def test_only_logarithmically_many_nodes_are_read() -> None:
    size = 10**9 + 7
    for index in (0, 1, size // 2, size - 1):
        assert sum(len(cover(*span)) for span in inclusion_spans(index, size)) <= 2 * size.bit_length()
    assert sum(len(cover(*span)) for span in consistency_spans(12345678, size)) <= 2 * size.bit_length()


def test_inclusion_proof_of_another_leaf_size_or_root_is_refused() -> None:
    size, index = 37, 20
    frontier, nodes = stored(LEAVES[:size])
    proof, root = [span_root(span, nodes) for span in inclusion_spans(index, size)], frontier.root()
    assert verify_inclusion(leaf=LEAVES[index], index=index, size=size, path=proof, root=root)
    wrong = [
        verify_inclusion(leaf=LEAVES[21], index=index, size=size, path=proof, root=root),
        verify_inclusion(leaf=LEAVES[index], index=21, size=size, path=proof, root=root),
        verify_inclusion(leaf=LEAVES[index], index=index, size=size, path=proof, root=LEAVES[0]),
        verify_inclusion(leaf=LEAVES[index], index=index, size=size, path=proof[:-1], root=root),
        verify_inclusion(leaf=LEAVES[index], index=index, size=size, path=[*proof, root], root=root),
        verify_inclusion(leaf=LEAVES[index], index=index, size=size, path=proof[::-1], root=root),
        verify_inclusion(leaf=LEAVES[index], index=index, size=16, path=proof, root=root),
        verify_inclusion(leaf=LEAVES[index], index=-1, size=size, path=proof, root=root),
        verify_inclusion(leaf=root, index=0, size=0, path=[], root=root),
    ]
    assert not any(wrong)


def test_inner_node_is_no_leaf() -> None:
    """The domain separation of RFC 9162 §2.1.1: a second preimage by shifting a level doesn't exist."""
    frontier, _ = stored(LEAVES[:2])
    assert hash_leaf(LEAVES[0] + LEAVES[1]) != frontier.root()


def test_consistency_proof_of_other_trees_is_refused() -> None:
    first, second = 21, 37
    frontier, nodes = stored(LEAVES[:second])
    proof = [span_root(span, nodes) for span in consistency_spans(first, second)]
    one, two = mth(DATA[:first]), frontier.root()

    def holds(a: int = first, b: int = second, x: bytes = one, y: bytes = two, p: Sequence[bytes] = proof) -> bool:
        return verify_consistency(first=a, second=b, first_root=x, second_root=y, path=p)

    assert holds()
    assert not any(
        [
            holds(x=mth([b"?", *DATA[1:first]])),
            holds(y=mth([b"?", *DATA[1:second]])),
            holds(a=22),
            holds(b=70),
            holds(p=[]),
            holds(p=proof[:-1]),
            holds(p=[*proof, two]),
            holds(p=proof[::-1]),
            holds(a=0),
            holds(a=second, b=first),
            holds(a=first, b=first, p=[]),
            holds(a=first, b=first, y=one, p=proof),
        ]
    )


@pytest.mark.parametrize("before", SIZES)
def test_tree_grown_without_its_nodes_is_the_same_tree(before: int) -> None:
    for after in range(before, 71):
        grown = Frontier().grown(LEAVES[:before]).grown(LEAVES[before:after])
        assert grown == Frontier().append(LEAVES[:after])[0]
