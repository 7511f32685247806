import pytest

from airside.core.gcra import Rate, refund, spend

FIVE_A_MINUTE = Rate(5, 60.0)


def test_a_burst_of_the_whole_count_passes_and_not_one_more() -> None:
    tat = None
    for left in (4, 3, 2, 1, 0):
        decision = spend(FIVE_A_MINUTE, tat, 1000.0)
        assert (decision.allowed, decision.remaining) == (True, left)
        tat = decision.tat
    refused = spend(FIVE_A_MINUTE, tat, 1000.0)
    assert not refused.allowed
    assert refused.retry_after == pytest.approx(12.0)


def test_a_refused_event_changes_nothing() -> None:
    tat = spend(FIVE_A_MINUTE, None, 0.0, cost=5).tat
    assert spend(FIVE_A_MINUTE, tat, 1.0).tat == tat


def test_one_more_passes_after_the_interval() -> None:
    tat = spend(FIVE_A_MINUTE, None, 0.0, cost=5).tat
    assert not spend(FIVE_A_MINUTE, tat, 11.9).allowed
    assert spend(FIVE_A_MINUTE, tat, 12.0).allowed


def test_more_than_the_burst_never_passes() -> None:
    assert not spend(FIVE_A_MINUTE, None, 0.0, cost=6).allowed


def test_a_refund_makes_it_as_if_nothing_had_been() -> None:
    before = spend(FIVE_A_MINUTE, None, 0.0).tat
    after = spend(FIVE_A_MINUTE, before, 0.0).tat
    assert refund(FIVE_A_MINUTE, after) == pytest.approx(before)


def test_a_clock_gone_back_gives_nothing_away() -> None:
    """G06: an hour backwards refuses rather than starting afresh."""
    tat = spend(FIVE_A_MINUTE, None, 7200.0, cost=5).tat
    assert not spend(FIVE_A_MINUTE, tat, 3600.0).allowed
