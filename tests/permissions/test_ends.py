"""A set of numbers in three forms: whichever it has, it is the set."""

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from airside.permissions.ends import FEW, Ends, count, each, ends_of, has, joined, meets, met, parted

NUMBERS = st.sets(st.integers(0, 200), min_size=1, max_size=3 * FEW)
STRANGERS = frozenset({7, 201, 202})


def test_form_is_as_small_as_the_number_of_ends_allows() -> None:
    assert ends_of([5]) == 5
    assert ends_of(range(2)) == (0, 1)
    assert isinstance(ends_of(range(FEW)), tuple)
    assert isinstance(ends_of(range(FEW + 1)), BitMap)


def test_nothing_has_no_ends() -> None:
    assert (list(each(None)), count(None)) == ([], 0)


@given(NUMBERS, st.frozensets(st.integers(0, 250), max_size=10))
def test_every_question_is_answered_as_by_a_set(numbers: set[int], asked: frozenset[int]) -> None:
    ends = ends_of(numbers)
    assert set(each(ends)) == numbers
    assert count(ends) == len(numbers)
    assert [has(ends, number) for number in range(205)] == [number in numbers for number in range(205)]
    assert meets(ends, asked) == bool(numbers & asked)
    assert set(met(ends, asked)) == numbers & asked


@given(NUMBERS, st.lists(st.tuples(st.booleans(), st.integers(0, 2 * FEW)), max_size=6 * FEW))
def test_set_that_grows_and_shrinks_stays_the_set(numbers: set[int], steps: list[tuple[bool, int]]) -> None:
    """And never keeps a bitmap for what fits into half a tuple, nor a tuple of more than `FEW`."""
    plain, ends = set(numbers), ends_of(numbers)
    for adds, number in steps:
        if adds != (number in plain):
            changed = joined(ends, number) if adds else parted(ends, number)
            plain ^= {number}
            if changed is None:
                assert not plain
                return
            ends = changed
            assert set(each(ends)) == plain
            assert _is_fitting(ends)


def _is_fitting(ends: Ends) -> bool:
    if isinstance(ends, int):
        return True
    return 2 <= len(ends) <= FEW if isinstance(ends, tuple) else len(ends) > FEW // 2


@given(NUMBERS, st.integers(201, 250))
def test_numbers_and_tuples_are_values(numbers: set[int], number: int) -> None:
    """What another holds is never changed under its hands; a bitmap has one owner and is."""
    ends = ends_of(numbers)
    wider = joined(ends, number)
    assert set(each(ends)) == (numbers if not isinstance(ends, BitMap) else numbers | {number})
    assert set(each(wider)) == numbers | {number}
    assert not meets(ends_of(numbers), STRANGERS - numbers)
