"""One question for many who ask."""

import asyncio

import pytest

from airside.sdk.flight import SingleFlight


class Counter:
    """Work that counts how often it was done."""

    def __init__(self, *, fails: bool = False) -> None:
        self.runs = 0
        self._fails = fails

    async def __call__(self) -> int:
        self.runs += 1
        await asyncio.sleep(0.01)
        if self._fails:
            raise ValueError("away")
        return self.runs


async def test_everybody_who_asks_meanwhile_shares_the_answer() -> None:
    work = Counter()
    flight = SingleFlight(work)
    assert await asyncio.gather(*(flight() for _ in range(50))) == [1] * 50
    assert await flight() == 2


async def test_failure_is_shared_and_not_kept() -> None:
    work = Counter(fails=True)
    flight = SingleFlight(work)
    answers = await asyncio.gather(*(flight() for _ in range(5)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ValueError] * 5
    with pytest.raises(ValueError, match="away"):
        await flight()
    assert work.runs == 2


async def test_failure_that_nobody_waited_for_is_silent() -> None:
    """An unhandled exception in a task would be a warning, and warnings are errors here."""
    flight = SingleFlight(Counter(fails=True))
    task = flight.start()
    await asyncio.wait([task])
    assert not flight.running


async def test_stopped_flight_can_start_again() -> None:
    flight = SingleFlight(Counter())
    flight.start()
    await asyncio.sleep(0)
    await flight.stop()
    assert not flight.running
    assert await flight() == 2
