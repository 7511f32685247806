"""Every limit has one row, whole."""

import pytest

from airside.core import gcra
from airside.limits import LIMITS, SIGNIN_ACCOUNT, SIGNIN_DEVICE, SIGNIN_ORIGIN, Limit, names


def test_each_limit_of_the_module_is_listed_once() -> None:
    defined = [value for value in vars(names).values() if isinstance(value, Limit)]
    assert sorted(limit.name for limit in defined) == sorted(limit.name for limit in LIMITS)
    assert len({limit.name for limit in LIMITS}) == len(LIMITS)


def test_each_limit_says_what_it_counts() -> None:
    for limit in LIMITS:
        assert limit.keyed_by
        assert limit.description.endswith(".")
        assert limit.rate.count > 0
        assert limit.rate.period > 0


@pytest.mark.parametrize(
    ("limit", "count", "period"),
    [(SIGNIN_ORIGIN, 20, 3_600.0), (SIGNIN_ACCOUNT, 100, 86_400.0), (SIGNIN_DEVICE, 20, 3_600.0)],
)
def test_no_window_of_the_period_lets_more_through_than_the_count(limit: Limit, count: int, period: float) -> None:
    """N13: somebody who takes every unit at once when it is there, for three periods."""
    step, tat = limit.rate.interval / 8, None
    taken: list[float] = []
    for tick in range(int(3 * period / step) + 1):
        now = tick * step
        while (decision := gcra.spend(limit.rate, tat, now)).allowed:
            taken.append(now)
            tat = decision.tat
    windows = [sum(start <= other < start + period for other in taken) for start in taken]
    assert count - 1 <= max(windows) <= count
