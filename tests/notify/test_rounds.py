"""Who is visited next: the longest due, one worker a tenant, no news lost."""

import asyncio
from uuid import UUID

from airside.notify.rounds import Rounds

A, B = UUID(int=1), UUID(int=2)


def test_longest_due_is_visited_first_and_nobody_twice_at_once() -> None:
    rounds = Rounds()
    rounds.stir(A, 2.0)
    rounds.stir(B, 1.0)
    assert rounds.next(3.0) == B
    assert rounds.next(3.0) == A
    assert rounds.next(3.0) is None


def test_tenant_that_is_not_due_waits() -> None:
    rounds = Rounds()
    rounds.stir(A, 5.0)
    assert rounds.next(4.9) is None
    assert rounds.next(5.0) == A


def test_news_during_a_visit_makes_another() -> None:
    rounds = Rounds()
    rounds.stir(A, 1.0)
    assert rounds.next(1.0) == A
    rounds.stir(A, 2.0)
    assert rounds.next(9.0) is None
    rounds.back(A, None)
    assert rounds.next(9.0) == A


def test_earlier_of_two_moments_counts() -> None:
    rounds = Rounds()
    rounds.stir(A, 60.0)
    rounds.stir(A, 2.0)
    rounds.stir(A, 30.0)
    assert rounds.next(2.0) == A


def test_visit_with_nothing_left_is_not_repeated() -> None:
    rounds = Rounds()
    rounds.stir(A, 1.0)
    assert rounds.next(1.0) == A
    rounds.back(A, None)
    assert rounds.next(100.0) is None


def test_tenant_with_much_to_send_lets_others_through() -> None:
    rounds = Rounds()
    rounds.stir(A, 1.0)
    rounds.stir(B, 2.0)
    assert rounds.next(3.0) == A
    rounds.back(A, 3.0)
    assert rounds.next(3.0) == B


async def test_waiting_ends_with_news_or_patience() -> None:
    rounds = Rounds()
    waiting = asyncio.create_task(rounds.news(30.0))
    await asyncio.sleep(0)
    rounds.stir(A, 0.0)
    await asyncio.wait_for(waiting, 5.0)
    await asyncio.wait_for(rounds.news(0.01), 5.0)
