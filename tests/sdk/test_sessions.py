"""A session's tokens open with its own cookie alone, and its store says who may renew it."""

import asyncio

import pytest

from airside.core.entropy import SystemEntropy
from airside.core.errors import Inconsistent, Unavailable
from airside.core.secret import Secret
from airside.sdk.sessions import MemorySessions, Stored, Tokens, derived, key_of, seal, unseal

MINE, OTHER = Secret("a" * 43), Secret("b" * 43)
TOKENS = Tokens("access", "refresh", "id", 1000.0, "Ada", "ada@example.com")


def stored(subject: str = "usr_1", session: str = "ses_1", end: float = 100.0) -> Stored:
    return Stored(b"sealed", subject, session, 0, end)


def test_tokens_open_with_their_own_cookie_alone() -> None:
    sealed = seal(MINE, TOKENS, SystemEntropy())
    assert unseal(MINE, sealed) == TOKENS
    assert b"refresh" not in sealed
    for secret, what in (
        (OTHER, sealed),
        (MINE, sealed[:-1]),
        (MINE, sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (MINE, b""),
    ):
        with pytest.raises(Inconsistent):
            unseal(secret, what)


def test_keys_of_two_purposes_are_two() -> None:
    assert len({derived(MINE, "tokens"), derived(MINE, "csrf"), key_of(MINE), derived(OTHER, "csrf")}) == 4


async def test_session_ends_by_itself_and_by_name() -> None:
    store = MemorySessions()
    await store.put(b"1", stored(), 0)
    await store.put(b"2", stored(session="ses_2"), 0)
    await store.put(b"3", stored("usr_2", "ses_3", end=5), 0)
    assert await store.get(b"3", 4.9) is not None
    assert await store.get(b"3", 5.0) is None
    assert await store.end_of(None, None) == 0
    assert await store.end_of("usr_2", "ses_1") == 0
    assert await store.end_of("usr_1", "ses_1") == 1
    assert await store.end_of("usr_1", None) == 1
    assert await store.get(b"1", 0) is None


async def test_of_fifty_at_once_one_renews() -> None:
    store = MemorySessions()
    await store.put(b"1", stored(), 0)
    won = await asyncio.gather(*(store.claim(b"1", 0, 0, 10) for _ in range(50)))
    assert sum(won) == 1
    assert await store.claim(b"1", 0, 10, 20), "a claim that ran out is another's"
    assert await store.renew(b"1", 0, b"new")
    assert not await store.renew(b"1", 0, b"late")
    assert not await store.claim(b"1", 0, 30, 40)
    assert await store.claim(b"1", 1, 11, 20)


async def test_word_is_said_once() -> None:
    store = MemorySessions()
    assert [await store.spend("w", 10, now) for now in (0, 9, 10)] == [True, False, True]


async def test_store_that_is_full_takes_nobody() -> None:
    store = MemorySessions(most=1)
    await store.put(b"1", stored(), 0)
    with pytest.raises(Unavailable):
        await store.put(b"2", stored(), 0)
    await store.put(b"2", stored(), 100)
