from datetime import UTC, datetime, timedelta

from airside.core.clock import FixedClock, SystemClock, epoch

NOW = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_the_system_clock_is_aware_and_does_not_go_back() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.monotonic() <= clock.monotonic()


def test_a_fixed_clock_stands_until_told_to_move() -> None:
    clock = FixedClock(NOW)
    assert clock.now() == clock.now() == NOW
    clock.advance(90)
    assert clock.now() == NOW + timedelta(seconds=90)
    assert clock.monotonic() == 90


def test_epoch_counts_whole_seconds() -> None:
    assert epoch(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert epoch(NOW + timedelta(milliseconds=999)) == epoch(NOW)
