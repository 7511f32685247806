"""G14: whoever knows the password guesses at the second factor for days. They get in with less than one chance in ten
thousand for each account and day, and the owner gets in all the while."""

import os
from collections import defaultdict
from datetime import timedelta
from math import sqrt
from random import Random

import pytest

from tests.gauntlet.guessing import Guess, Siege, Size
from tests.gauntlet.stuffing import most_in
from tests.identity.factor_kit import Second

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
SIZE = Size(1_000_000, 100, 10) if FULL else Size(2_400, 3, 2)
SEED = int(os.environ.get("G14_SEED", "20261"))
DAY = 24 * 60
CHANCE = 1e-4


def _worst(guesses: list[Guess]) -> float:
    """The highest chance of success that the guesses at one account had within any 24 hours, both ends counted."""
    ordered, start, chance, worst = sorted(guesses, key=lambda guess: guess.minute), 0, 0.0, 0.0
    for guess in ordered:
        chance += guess.chance
        while guess.minute - ordered[start].minute > DAY:
            chance -= ordered[start].chance
            start += 1
        worst = max(worst, chance)
    return worst


@pytest.mark.gauntlet
async def test_guessing_stays_hopeless_and_no_owner_is_kept_out(second: Second) -> None:
    """N12, N13, N14: brute force by many browsers and origins, lockout as denial of service, codes used again."""
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        start = ctx.now + timedelta(days=1)
    siege = Siege(second, SIZE, Random(SEED), start)
    await siege.prepare()
    await siege.live()
    log = siege.log

    by_account: dict[int, list[Guess]] = defaultdict(list)
    for guess in log.compared:
        by_account[guess.account].append(guess)
    units = max(
        most_in(
            [guess.minute for guess in guesses for _ in range(guess.secrets) if guess.kind != "recovery_code"], DAY + 1
        )
        for guesses in by_account.values()
    )
    worst = max(_worst(guesses) for guesses in by_account.values())
    expected = sum(guess.chance for guess in log.compared)
    print(f"\nG14: {SIZE.guesses} guesses at {SIZE.accounts} accounts in {SIZE.days} days, seed {SEED}:", end=" ")
    print(f"{len(log.compared)} compared, {log.refused} refused;", end=" ")
    print(f"most secrets guessed at in 24 h at one account {units} (30),", end=" ")
    print(f"chance of success there {worst:.2e} (1e-4), lucky {log.lucky} ({expected:.4f} expected);", end=" ")
    print(f"{log.replayed} codes taken twice.")
    print("     owners came in:", ", ".join(f"{way} {len(got)}" for way, got in log.ways.items()))

    assert units <= 30
    assert worst <= CHANCE
    assert log.lucky <= expected + 6 * sqrt(expected) + 1
    assert log.replayed == 0
    assert {answer for got in log.ways.values() for answer in got} == {"in"}
    assert min(len(got) for got in log.ways.values()) > 0
    assert units > 25, "the siege was none"
    assert log.refused > SIZE.guesses // 2, "the attack was none"
