"""Counting: what is added is found again, and a bound belongs to what doesn't exceed it."""

import pytest

from airside.core.measures import BOUNDS, Durations, Tally


def test_a_tally_keeps_each_set_of_words_apart() -> None:
    tally = Tally()
    for words in (("a",), ("b",), ("a",), ("a", "b")):
        tally.add(*words)
    assert tally.counts == {("a",): 2, ("b",): 1, ("a", "b"): 1}


@pytest.mark.parametrize("place", range(len(BOUNDS)))
def test_what_takes_exactly_a_bound_does_not_exceed_it(place: int) -> None:
    durations = Durations()
    durations.add(BOUNDS[place])
    durations.add(BOUNDS[place] * 1.0001)
    assert durations.counts[place] == durations.counts[place + 1] == 1


def test_what_takes_longer_than_all_is_counted_and_summed() -> None:
    durations = Durations()
    durations.add(0.0)
    durations.add(60.0)
    assert (durations.counts[0], durations.counts[-1], durations.total) == (1, 1, 60.0)
