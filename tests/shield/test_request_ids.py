from datetime import UTC, datetime

from airside.core.clock import FixedClock
from airside.core.entropy import SystemEntropy
from airside.core.ids import REQUEST, parse_id
from airside.shield.request_ids import RequestIds

NOW = datetime(2027, 1, 2, 3, 4, 5, 678000, UTC)


def test_each_is_a_uuid7_of_its_moment_as_core_ids_writes_them() -> None:
    clock = FixedClock(NOW)
    ids = RequestIds(clock=clock, entropy=SystemEntropy())
    for _ in range(600):
        value = parse_id(REQUEST, ids.fresh())
        assert (value.version, value.variant) == (7, "specified in RFC 4122")
        assert value.int >> 80 == round(clock.now().timestamp() * 1000)
        clock.advance(0.25)


def test_none_comes_twice() -> None:
    ids = RequestIds(clock=FixedClock(NOW), entropy=SystemEntropy())
    assert len({ids.fresh() for _ in range(5000)}) == 5000
