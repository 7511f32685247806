"""Moments and waits in a reader's language. Times are UTC and say so."""

import math
from datetime import UTC, datetime
from typing import Final

from airside.console.language import Language

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def ago(language: Language, moment: datetime, now: datetime) -> str:
    """How long ago, in words: the largest unit that fits, rounded down."""
    seconds = int((now - moment).total_seconds())
    if seconds >= _DAY:
        return language.count("time.day", seconds // _DAY)
    if seconds >= _HOUR:
        return language.count("time.hour", seconds // _HOUR)
    if seconds >= _MINUTE:
        return language.count("time.minute", seconds // _MINUTE)
    return language("time.now")


def wait(language: Language, seconds: float) -> str:
    """How long to wait, in words, rounded up."""
    minutes = math.ceil(seconds / _MINUTE)
    if minutes > 1:
        return language.count("time.wait_minutes", minutes)
    return language.count("time.wait_seconds", max(1, math.ceil(seconds)))


def at(language: Language, moment: datetime) -> str:
    """A moment to the minute, in UTC."""
    utc = moment.astimezone(UTC)
    return language(
        "time.at",
        day=utc.day,
        month=language.of("month", str(utc.month)),
        year=utc.year,
        hour=f"{utc.hour:02}",
        minute=f"{utc.minute:02}",
    )
