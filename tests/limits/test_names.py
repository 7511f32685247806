"""Every limit has one row, whole."""

from airside.limits import LIMITS, Limit, names


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
