"""In front of a key service that is away: nobody waits for long, few ask, and it comes back by itself."""

import asyncio
from uuid import UUID

import pytest

from airside.core.clock import FixedClock, SystemClock
from airside.core.errors import Unavailable
from airside.vault import Unopenable
from airside.vault.kms.guard import FAILURES, MAX_AT_ONCE, PAUSE_SECONDS, SLOW_SECONDS, Guarded
from airside.vault.kms.remote import CALL_SECONDS, away


class Service:
    """Answers once it is told to, or at once as `mood` says; counts the questions."""

    key_id = "aws:test"
    tag = UUID(int=1)

    def __init__(self, mood: str = "well") -> None:
        self.mood = mood
        self.asked = 0
        self.told = asyncio.Event()

    async def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        return await self.open(plaintext, aad)

    async def open(self, ciphertext: bytes, aad: bytes) -> bytes:
        self.asked += 1
        if self.mood == "hangs":
            await self.told.wait()
        if self.mood == "away":
            raise away("test")
        if self.mood == "shut":
            raise Unopenable
        return ciphertext


@pytest.fixture
def standing() -> FixedClock:
    return FixedClock(SystemClock().now())


async def refused(kek: Guarded) -> str:
    with pytest.raises(Unavailable) as refusal:
        await kek.open(b"x", b"")
    return str(refusal.value.data["cause"])


async def test_after_some_failures_in_a_row_nothing_more_is_asked_for_a_while(standing: FixedClock) -> None:
    service = Service("away")
    kek = Guarded(service, clock=standing)
    assert [await refused(kek) for _ in range(FAILURES)] == ["test"] * FAILURES
    assert await refused(kek) == "it has failed just now"
    assert service.asked == FAILURES


async def test_it_comes_back_by_itself_and_one_goes_to_see(standing: FixedClock) -> None:
    service = Service("away")
    kek = Guarded(service, clock=standing)
    for _ in range(FAILURES):
        await refused(kek)
    standing.advance(PAUSE_SECONDS)
    assert [await refused(kek), await refused(kek)] == ["test", "it has failed just now"]
    service.mood, service.asked = "hangs", 0
    standing.advance(PAUSE_SECONDS)
    first = asyncio.create_task(kek.open(b"x", b""))
    await asyncio.sleep(0)
    assert await refused(kek) == "it has failed just now"
    assert service.asked == 1
    service.mood = "well"
    service.told.set()
    assert await first == b"x"
    assert await kek.seal(b"y", b"") == b"y"


async def test_failures_that_answers_come_between_are_not_in_a_row(standing: FixedClock) -> None:
    service = Service()
    kek = Guarded(service, clock=standing)
    for _ in range(5 * FAILURES):
        service.mood = "away"
        assert await refused(kek) == "test"
        service.mood = "shut"
        with pytest.raises(Unopenable):
            await kek.open(b"x", b"")


async def test_nobody_joins_a_question_that_hangs(standing: FixedClock) -> None:
    service = Service("hangs")
    kek = Guarded(service, clock=standing)
    hanging = asyncio.create_task(kek.open(b"x", b""))
    await asyncio.sleep(0)
    standing.advance(SLOW_SECONDS)
    assert await refused(kek) == "it hasn't answered for a while"
    service.told.set()
    assert await hanging == b"x"
    assert await kek.open(b"y", b"") == b"y"


async def test_a_question_that_ran_out_of_time_is_enough_to_pause(standing: FixedClock) -> None:
    service = Service("hangs")
    kek = Guarded(service, clock=standing)
    hanging = asyncio.create_task(kek.open(b"x", b""))
    await asyncio.sleep(0)
    standing.advance(CALL_SECONDS)
    service.mood = "away"
    service.told.set()
    with pytest.raises(Unavailable):
        await hanging
    assert await refused(kek) == "it has failed just now"


async def test_a_question_that_was_given_up_late_counts_too(standing: FixedClock) -> None:
    kek = Guarded(Service("hangs"), clock=standing)
    hanging = asyncio.create_task(kek.open(b"x", b""))
    await asyncio.sleep(0)
    standing.advance(SLOW_SECONDS)
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert await refused(kek) == "it has failed just now"


async def test_only_so_many_ask_at_once_and_the_others_wait_a_moment(standing: FixedClock) -> None:
    service = Service("hangs")
    kek = Guarded(service, clock=standing)
    asking = [asyncio.create_task(kek.open(b"x", b"")) for _ in range(3 * MAX_AT_ONCE)]
    done, waiting = await asyncio.wait(asking, timeout=2)
    assert service.asked == MAX_AT_ONCE
    assert {str(task.exception()) for task in done} == {"the key service is unavailable"}
    assert (len(done), len(waiting)) == (2 * MAX_AT_ONCE, MAX_AT_ONCE)
    service.told.set()
    assert await asyncio.gather(*waiting) == [b"x"] * MAX_AT_ONCE
