"""A body that comes late, or not at all: the hour is asked about only where something is waited for."""

import asyncio
from typing import Any

import pytest

from airside.shield.arriving import Arriving, TooSlow

BODY = {"type": "http.request", "body": b"x", "more_body": False}


class Source:
    """Tells a body in two pieces, after so many seconds each; what became of whoever waited is kept."""

    def __init__(self, *seconds: float, fails: type[Exception] | None = None) -> None:
        self._seconds = list(seconds)
        self._fails = fails
        self.ended: list[str] = []

    async def receive(self) -> dict[str, Any]:
        try:
            seconds = self._seconds.pop(0)
            if seconds:
                await asyncio.sleep(seconds)
                await asyncio.sleep(seconds)  # what was begun is waited for more than once
            if self._fails:
                raise self._fails
        except BaseException as error:
            self.ended.append(type(error).__name__)
            raise
        return {**BODY, "more_body": bool(self._seconds)}


@pytest.mark.parametrize("seconds", [(0.0, 0.0), (0.001, 0.0), (0.0, 0.001), (0.001, 0.001)], ids=str)
async def test_what_comes_in_time_is_received_whole(seconds: tuple[float, ...]) -> None:
    body = Arriving(Source(*seconds).receive, 10, 30.0)
    assert [(await body.receive())["more_body"] for _ in seconds] == [True, False]
    assert body.fault == ""


@pytest.mark.parametrize("at_once", [0, 1], ids=["first", "second"])
async def test_what_comes_too_late_is_given_up(at_once: int) -> None:
    source = Source(*[0.0] * at_once, 60.0)
    body = Arriving(source.receive, 10, 0.02)
    for _ in range(at_once):
        await body.receive()
    with pytest.raises(TooSlow):
        await body.receive()
    assert (body.fault, source.ended) == ("too_slow", ["CancelledError"])


async def test_whoever_is_cancelled_meanwhile_ends_what_it_waits_for() -> None:
    source = Source(60.0)
    waiting = asyncio.create_task(Arriving(source.receive, 10, 30.0).receive())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert source.ended == ["CancelledError"]


@pytest.mark.parametrize("seconds", [0.0, 0.001], ids=["at-once", "later"])
async def test_what_fails_on_its_way_is_told_as_it_is(seconds: float) -> None:
    body = Arriving(Source(seconds, fails=ConnectionError).receive, 10, 30.0)
    with pytest.raises(ConnectionError):
        await body.receive()


async def test_body_that_is_always_there_has_its_hour_too() -> None:
    """In step with an application that works between two pieces, a client could go on as long as it likes."""
    body = Arriving(Source(*[0.0] * 100).receive, 1000, 0.02)
    with pytest.raises(TooSlow):
        for _ in range(100):
            await body.receive()
            await asyncio.sleep(0.001)
    assert body.fault == "too_slow"


@pytest.mark.parametrize("seconds", [0.0, 0.001], ids=["at-once", "later"])
async def test_what_the_server_itself_gave_up_is_no_slow_client(seconds: float) -> None:
    body = Arriving(Source(seconds, fails=TimeoutError).receive, 10, 30.0)
    with pytest.raises(TimeoutError):
        await body.receive()
    assert body.fault == ""


async def test_what_lives_through_its_end_is_received_all_the_same() -> None:
    """A server may answer its own cancellation with a last message."""

    async def last() -> dict[str, Any]:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            return {"type": "http.disconnect"}
        raise AssertionError

    waiting = asyncio.create_task(Arriving(last, 10, 30.0).receive())
    await asyncio.sleep(0)
    waiting.cancel()
    assert await waiting == {"type": "http.disconnect"}
