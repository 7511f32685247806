from hypothesis import given
from hypothesis import strategies as st

from airside.core.gcra import Rate, spend

RATES = st.builds(Rate, st.integers(1, 100), st.floats(0.1, 3600))


@given(RATES, st.lists(st.floats(0, 100), max_size=200))
def test_no_window_of_one_period_lets_through_more_than_twice_the_count(rate: Rate, gaps: list[float]) -> None:
    """A burst, and what drips in while it lasts: GCRA's bound for any window of a period."""
    now, tat = 0.0, None
    passed: list[float] = []
    for gap in gaps:
        now += gap
        decision = spend(rate, tat, now)
        tat = decision.tat
        if decision.allowed:
            passed.append(now)
    for start in passed:
        assert sum(start <= moment < start + rate.period for moment in passed) <= 2 * rate.count


@given(RATES, st.floats(0, 1e6), st.integers(0, 200))
def test_waiting_as_told_is_enough(rate: Rate, now: float, events: int) -> None:
    tat = None
    for _ in range(events):
        tat = spend(rate, tat, now).tat
    refused = spend(rate, tat, now)
    if not refused.allowed:
        assert spend(rate, tat, now + refused.retry_after).allowed
