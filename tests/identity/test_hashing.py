"""Argon2id in a bounded pool."""

import asyncio
import contextlib

import pytest

from airside.core.clock import FixedClock, SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.errors import Inconsistent, LimitExceeded, Unavailable
from airside.identity import HashPool


async def test_what_was_hashed_verifies_and_nothing_else_does(hashes: HashPool) -> None:
    stored = await hashes.hash(b"one password")
    assert await hashes.verify(stored, b"one password")
    assert not await hashes.verify(stored, b"one passwore")
    assert not await hashes.verify(stored, b"one passwor")
    assert not await hashes.verify(stored, b"")


async def test_the_stored_form_is_argon2id_at_the_floor(hashes: HashPool) -> None:
    """Wire format: the PHC string that other tools read."""
    assert (await hashes.hash(b"one password")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_equal_passwords_have_different_hashes(hashes: HashPool) -> None:
    assert await hashes.hash(b"one password") != await hashes.hash(b"one password")


@pytest.mark.parametrize("stored", ["", "$2b$12$abc", "plain", "$argon2id$v=19$m=19456"])
async def test_a_row_that_is_no_argon2_hash_matches_nothing(hashes: HashPool, stored: str) -> None:
    """N04: a damaged row doesn't let in."""
    with contextlib.suppress(Inconsistent):
        assert not await hashes.verify(stored, b"")


async def test_a_truncated_or_altered_hash_matches_nothing(hashes: HashPool) -> None:
    stored = await hashes.hash(b"one password")
    altered = stored[:-1] + ("A" if stored[-1] != "A" else "E")
    assert not await hashes.verify(altered, b"one password")
    assert not await hashes.verify(stored[:-8], b"one password")


async def test_older_parameters_are_outdated_and_todays_are_not(hashes: HashPool) -> None:
    assert hashes.is_outdated("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$" + "A" * 43)
    assert not hashes.is_outdated(await hashes.hash(b"one password"))


async def test_a_long_queue_turns_unknown_origins_away_first() -> None:
    """N13: a flood of guesses can't take the pool from those who are known, nor grow the queue without end."""
    pool = HashPool(clock=SystemClock(), entropy=SystemEntropy(), threads=1)
    waiting = [asyncio.create_task(pool.hash(b"password")) for _ in range(60)]
    await asyncio.sleep(0)
    with pytest.raises(LimitExceeded) as caught:
        pool.admit()
    assert caught.value.retry_after > 0.5
    pool.admit(known=True)
    more = [asyncio.create_task(pool.hash(b"password")) for _ in range(60)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        pool.admit(known=True)
    for task in waiting + more:
        task.cancel()
    await asyncio.gather(*waiting, *more, return_exceptions=True)
    pool.admit()
    pool.close()


async def test_the_event_loop_runs_on_while_a_password_is_hashed() -> None:
    pool = HashPool(clock=FixedClock(SystemClock().now()), entropy=SystemEntropy(), threads=1)
    work = asyncio.create_task(pool.hash(b"password"))
    turns = 0
    while not work.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 10
    pool.close()
