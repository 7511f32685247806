from datetime import UTC, datetime

import pytest

from airside.core.clock import FixedClock
from airside.core.errors import LimitExceeded, Misconfigured, Unavailable
from airside.shield import Rate
from airside.shield.throttle import Throttle, throttle_of
from tests.shield.kit import policy

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def test_a_policy_without_rates_counts_nothing() -> None:
    assert throttle_of(policy(), FixedClock(NOW)) is None


def test_a_rate_comes_back_with_time_and_a_path_may_have_its_own() -> None:
    clock = FixedClock(NOW)
    throttle = Throttle(policy(rate=Rate(1, 10), rates={"/free/{id}": Rate(3, 10)}), clock)
    for _ in range(3):
        throttle.spend("/free/a", "192.0.2.1")
    throttle.spend("/", "192.0.2.1")
    with pytest.raises(LimitExceeded) as caught:
        throttle.spend("/", "192.0.2.1")
    assert caught.value.retry_after == 10
    throttle.spend("/", "192.0.2.2")
    clock.advance(10)
    throttle.spend("/", "192.0.2.1")


def test_addresses_of_one_host_in_ipv6_are_one_client_and_hosts_of_ipv4_within_it_are_not() -> None:
    throttle = Throttle(policy(rate=Rate(1, 10)), FixedClock(NOW))
    throttle.spend("/", "2001:db8::1")
    with pytest.raises(LimitExceeded):
        throttle.spend("/", "2001:db8::2")
    throttle.spend("/", "::ffff:192.0.2.1")
    throttle.spend("/", "::ffff:192.0.2.2")


def test_newcomers_are_refused_while_there_is_no_room_and_known_ones_are_not_forgotten() -> None:
    clock = FixedClock(NOW)
    throttle = Throttle(policy(rate=Rate(2, 10)), clock, max_clients=1)
    throttle.spend("/", "192.0.2.1")
    with pytest.raises(Unavailable):
        throttle.spend("/", "192.0.2.2")
    throttle.spend("/", "192.0.2.1")
    with pytest.raises(LimitExceeded):
        throttle.spend("/", "192.0.2.1")
    clock.advance(20)
    throttle.spend("/", "192.0.2.2")


@pytest.mark.parametrize("rate", [Rate(0, 1), Rate(1, 0), Rate(-1, 1)], ids=["none", "no-time", "negative"])
def test_a_rate_that_says_nothing_is_refused(rate: Rate) -> None:
    with pytest.raises(Misconfigured):
        policy(rate=rate)
