"""Moments and waits in words. Pure."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from airside.console.language import ENGLISH, LANGUAGES
from airside.console.times import ago, at, wait
from airside.core.errors import LimitExceeded
from airside.shield import come_again

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
GERMAN = LANGUAGES["de"]


@pytest.mark.parametrize(
    ("seconds", "words", "german"),
    [
        (-5, "just now", "gerade eben"),
        (0, "just now", "gerade eben"),
        (59, "just now", "gerade eben"),
        (60, "1 minute ago", "vor 1 Minute"),
        (3599, "59 minutes ago", "vor 59 Minuten"),
        (3600, "1 hour ago", "vor 1 Stunde"),
        (86_400, "1 day ago", "vor 1 Tag"),
        (200_000, "2 days ago", "vor 2 Tagen"),
        (86_400_000, "1,000 days ago", "vor 1.000 Tagen"),
    ],
)
def test_how_long_ago(seconds: int, words: str, german: str) -> None:
    assert ago(ENGLISH, NOW - timedelta(seconds=seconds), NOW) == words
    assert ago(GERMAN, NOW - timedelta(seconds=seconds), NOW) == german


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
    assert wait(ENGLISH, seconds) == words
    assert come_again(LimitExceeded("", seconds))["retry-after"] == header


def test_a_moment_is_told_in_utc_and_in_the_readers_way() -> None:
    moment = datetime(2026, 3, 5, 1, 7, tzinfo=timezone(timedelta(hours=2)))
    assert at(ENGLISH, moment) == "4 Mar 2026, 23:07 UTC"
    assert at(GERMAN, moment) == "4. März 2026, 23:07 Uhr UTC"
