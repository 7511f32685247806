"""What pages say in words: times, waits, devices, refusals. Pure."""

from datetime import UTC, datetime, timedelta

import pytest

from airside.console.agents import describe
from airside.console.refusals import INTERNAL, words_for
from airside.console.render import ago, retry_header, wait
from airside.core.errors import AssuranceTooLow, Inconsistent, LimitExceeded, NotFound, Unavailable

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (3600, "1 hour ago"),
        (86_400, "1 day ago"),
        (200_000, "2 days ago"),
    ],
)
def test_how_long_ago(seconds: int, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(
    ("seconds", "words", "header"),
    [
        (0, "1 second", "1"),
        (0.2, "1 second", "1"),
        (11.2, "12 seconds", "12"),
        (60, "60 seconds", "60"),
        (61, "2 minutes", "61"),
        (864, "15 minutes", "864"),
    ],
)
def test_how_long_to_wait_is_never_too_short(seconds: float, words: str, header: str) -> None:
    assert wait(seconds) == words
    assert retry_header(seconds) == {"retry-after": header}


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/26.0 Safari/605.1.15", "Safari on macOS"),
        ("curl/8.14.1", "curl/8.14.1"),
        ("x" * 300, "x" * 60),
        ("", "Unknown device"),
    ],
)
def test_what_a_person_would_call_a_browser(agent: str, words: str) -> None:
    assert describe(agent) == words


@pytest.mark.parametrize(
    ("refusal", "status"),
    [(NotFound(), 404), (LimitExceeded("x", 3), 429), (Unavailable("x"), 503), (AssuranceTooLow(), 403)],
)
def test_each_refusal_has_its_status(refusal: NotFound, status: int) -> None:
    assert words_for(refusal).status == status


def test_what_nobody_foresaw_is_internal_and_says_nothing() -> None:
    assert words_for(Inconsistent("table user_account")) is INTERNAL
