"""RateLimit and RateLimit-Policy: what draft-ietf-httpapi-ratelimit-headers-10 writes."""

import pytest

from airside.core.gcra import Rate
from airside.protocols import ratelimit


@pytest.mark.parametrize(
    ("rate", "line"),
    [
        (Rate(100, 10.0), b'"tenant";q=100;w=10'),
        (Rate(10, 0.2), b'"tenant";q=10;w=1'),
        (Rate(3, 2.5), b'"tenant";q=3;w=3'),
    ],
    ids=["whole seconds", "less than one", "a part of one"],
)
def test_policy_promises_no_more_than_is_given(rate: Rate, line: bytes) -> None:
    assert ratelimit.policy("tenant", rate) == (b"ratelimit-policy", line)


def test_state_says_what_is_left_and_when_it_is_whole_again() -> None:
    assert ratelimit.state("tenant", 50, 29.1) == (b"ratelimit", b'"tenant";r=50;t=30')
