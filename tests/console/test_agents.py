"""What a browser calls itself, in words. Pure."""

import pytest

from airside.console.agents import describe
from airside.console.language import ENGLISH, LANGUAGES


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/26.0 Safari/605.1.15", "Safari on macOS"),
        ("curl/8.14.1", "curl/8.14.1"),
        ("x" * 300, "x" * 60),
        ("{browser.__class__}", "{browser.__class__}"),
        ("", "Unknown device"),
    ],
)
def test_what_a_person_would_call_a_browser(agent: str, words: str) -> None:
    assert describe(ENGLISH, agent) == words


def test_in_german_too() -> None:
    assert describe(LANGUAGES["de"], "Firefox/145.0 (X11; Linux)") == "Firefox unter Linux"
    assert describe(LANGUAGES["de"], "") == "Unbekanntes Gerät"
