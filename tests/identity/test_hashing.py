"""Argon2id in a bounded pool."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from threading import Event
from uuid import UUID

import pytest

from airside.core.clock import FixedClock, SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.errors import Inconsistent, LimitExceeded, Unavailable
from airside.identity import HashPool
from airside.identity.hashing import QUEUE

ACME, OTHER = UUID(int=1), UUID(int=2)


async def test_what_was_hashed_verifies_and_nothing_else_does(hashes: HashPool) -> None:
    stored = await hashes.hash(ACME, b"one password")
    assert await hashes.verify(ACME, stored, b"one password")
    assert not await hashes.verify(ACME, stored, b"one passwore")
    assert not await hashes.verify(ACME, stored, b"one passwor")
    assert not await hashes.verify(ACME, stored, b"")


async def test_the_stored_form_is_argon2id_at_the_floor(hashes: HashPool) -> None:
    """Wire format: the PHC string that other tools read."""
    assert (await hashes.hash(ACME, b"one password")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_equal_passwords_have_different_hashes(hashes: HashPool) -> None:
    assert await hashes.hash(ACME, b"one password") != await hashes.hash(ACME, b"one password")


@pytest.mark.parametrize("stored", ["", "$2b$12$abc", "plain", "$argon2id$v=19$m=19456"])
async def test_a_row_that_is_no_argon2_hash_matches_nothing(hashes: HashPool, stored: str) -> None:
    """N04: a damaged row doesn't let in."""
    with contextlib.suppress(Inconsistent):
        assert not await hashes.verify(ACME, stored, b"")


async def test_a_truncated_or_altered_hash_matches_nothing(hashes: HashPool) -> None:
    stored = await hashes.hash(ACME, b"one password")
    altered = stored[:-1] + ("A" if stored[-1] != "A" else "E")
    assert not await hashes.verify(ACME, altered, b"one password")
    assert not await hashes.verify(ACME, stored[:-8], b"one password")


async def test_older_parameters_are_outdated_and_todays_are_not(hashes: HashPool) -> None:
    assert hashes.is_outdated("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$" + "A" * 43)
    assert not hashes.is_outdated(await hashes.hash(ACME, b"one password"))


async def test_a_long_queue_turns_unknown_origins_away_first() -> None:
    """N13: a flood of guesses can't take the pool from those who are known, nor grow the queue without end."""
    async with _pool() as pool:
        waiting = await _waiting(pool, [ACME] * 60)
        with pytest.raises(LimitExceeded) as caught:
            pool.admit(ACME)
        assert caught.value.retry_after > 0.5
        assert pool.refusals.counts == {(QUEUE,): 1}
        pool.admit(ACME, known=True)
        waiting += await _waiting(pool, [ACME] * 60)
        with pytest.raises(Unavailable):
            pool.admit(ACME, known=True)
        with pytest.raises(Unavailable):
            await pool.hash(ACME, b"password")
        await _give_up(waiting)
        pool.admit(ACME)


async def test_a_tenant_that_filled_its_queue_is_turned_away_and_no_other() -> None:
    """G17: by what its own next one would wait. Who waits beside it halves its turns, and no more than that."""
    async with _pool() as pool:
        waiting = await _waiting(pool, [ACME] * 99)
        pool.admit(ACME, known=True)
        pool.admit(OTHER)
        waiting += await _waiting(pool, [OTHER] * 10)
        pool.admit(OTHER)
        with pytest.raises(Unavailable):
            pool.admit(ACME, known=True)
        waiting += await _waiting(pool, [OTHER] * 10)
        with pytest.raises(LimitExceeded) as caught:
            pool.admit(OTHER)
        assert caught.value.retry_after == pytest.approx(2 * 20 * 0.02)
        await _give_up(waiting)
        pool.admit(ACME)
        pool.admit(OTHER)


async def test_all_that_waits_is_bounded_however_many_tenants_there_are() -> None:
    async with _pool() as pool:
        waiting = await _waiting(pool, [UUID(int=number) for number in range(1001)])
        with pytest.raises(Unavailable) as caught:
            pool.admit(UUID(int=5000), known=True)
        assert caught.value.retry_after > 0
        await _give_up(waiting)
        pool.admit(UUID(int=5000))


async def test_a_closed_pool_lets_nobody_wait() -> None:
    async with _pool() as pool:
        waiting = await _waiting(pool, [ACME, ACME, OTHER])
    assert [type(refusal) for refusal in await asyncio.gather(*waiting, return_exceptions=True)] == [Unavailable] * 3
    with pytest.raises(Unavailable):
        await pool.hash(ACME, b"password")


@asynccontextmanager
async def _pool() -> AsyncGenerator[HashPool]:
    """One whose only thread is at something long, of a tenant that has nothing waiting."""
    pool, gate = HashPool(clock=SystemClock(), entropy=SystemEntropy(), threads=1), Event()
    held = asyncio.create_task(pool.work(UUID(int=9999), partial(gate.wait, 30)))
    await asyncio.sleep(0.05)
    try:
        yield pool
    finally:
        gate.set()
        pool.close()
        assert await held


async def _waiting(pool: HashPool, tenants: Sequence[UUID]) -> list[asyncio.Task[str]]:
    """A password of each in the queue."""
    tasks = [asyncio.create_task(pool.hash(tenant_id, b"password")) for tenant_id in tenants]
    await asyncio.sleep(0)
    return tasks


async def _give_up(waiting: Sequence[asyncio.Task[str]]) -> None:
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_the_event_loop_runs_on_while_a_password_is_hashed() -> None:
    pool = HashPool(clock=FixedClock(SystemClock().now()), entropy=SystemEntropy(), threads=1)
    work = asyncio.create_task(pool.hash(ACME, b"password"))
    turns = 0
    while not work.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 10
    pool.close()
