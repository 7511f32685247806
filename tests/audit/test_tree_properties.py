"""Trees of any size: proofs hold, and no change to one survives."""

from hypothesis import given
from hypothesis import strategies as st

from airside.audit.tree import (
    Frontier,
    consistency_spans,
    hash_leaf,
    inclusion_spans,
    span_root,
    verify_consistency,
    verify_inclusion,
)

SIZE = 700
LEAVES = [hash_leaf(number.to_bytes(2)) for number in range(SIZE)]
NODES = {(0, n): leaf for n, leaf in enumerate(LEAVES)} | {
    (n.level, n.number): n.hash for n in Frontier().append(LEAVES)[1]
}
sizes = st.integers(1, SIZE)


def root(size: int) -> bytes:
    return Frontier().append(LEAVES[:size])[0].root()


@given(size=sizes, data=st.data())
def test_every_leaf_is_proven_and_no_other(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, SIZE - 1))
    path = [span_root(span, NODES) for span in inclusion_spans(index, size)]
    assert verify_inclusion(leaf=LEAVES[index], index=index, size=size, path=path, root=root(size))
    held = verify_inclusion(leaf=LEAVES[other], index=index, size=size, path=path, root=root(size))
    assert held == (other == index)


@given(size=sizes, data=st.data())
def test_path_with_any_byte_changed_proves_nothing(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = [span_root(span, NODES) for span in inclusion_spans(index, size)]
    if not path:
        return
    place = data.draw(st.integers(0, len(path) - 1))
    path[place] = bytes([path[place][0] ^ 1]) + path[place][1:]
    assert not verify_inclusion(leaf=LEAVES[index], index=index, size=size, path=path, root=root(size))


@given(one=sizes, other=sizes, third=sizes)
def test_prefix_is_proven_and_no_other_tree_is(one: int, other: int, third: int) -> None:
    first, second = sorted((one, other))
    path = [span_root(span, NODES) for span in consistency_spans(first, second)]
    assert verify_consistency(first=first, second=second, first_root=root(first), second_root=root(second), path=path)
    held = verify_consistency(first=first, second=second, first_root=root(third), second_root=root(second), path=path)
    assert held == (third == first)


@given(
    first=st.integers(-1, 40),
    second=st.integers(-1, 40),
    path=st.lists(st.sampled_from(LEAVES[:4]), max_size=8),
)
def test_made_up_proofs_are_refused_without_an_error(first: int, second: int, path: list[bytes]) -> None:
    one, other = hash_leaf(b"one"), hash_leaf(b"other")
    assert not verify_consistency(first=first, second=second, first_root=one, second_root=other, path=path)
    assert not verify_inclusion(leaf=one, index=first, size=second, path=path, root=other)
