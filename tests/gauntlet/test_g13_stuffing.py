"""G13: credential stuffing and a siege of a few accounts. No more is evaluated than the limits say, and everybody who
has a known device, or reads their mail, gets in."""

import os
from collections import defaultdict
from datetime import timedelta
from random import Random

import pytest

from tests.gauntlet.stuffing import Day, Log, Size, most_in
from tests.identity.kit import Kit

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
GUESSES = int(os.environ.get("G13_GUESSES", "2000"))
"""In the short form; its mutants need fewer to be caught."""
SHORT = Size(GUESSES, GUESSES // 40, GUESSES // 20, 3, 26 * 60)
SIZE = Size(1_000_000, 10_000, 1_000, 2, 26 * 60) if FULL else SHORT
SEED = int(os.environ.get("G13_SEED", "20261"))
DAY, HOUR = 24 * 60, 60
LOCKED = 15
"""Minutes that nobody may be kept out for."""


def _most(log: Log, window: int, *, device: bool, by: str) -> int:
    """The most wrong guesses that were compared within any window, at one of what they are counted by."""
    counted: dict[object, list[int]] = defaultdict(list)
    for guess in log.evaluated:
        if (guess.device is not None) == device:
            key = {"account": guess.account, "origin": guess.origin, "device": (guess.account, guess.device)}[by]
            counted[key].append(guess.minute)
    return max((most_in(minutes, window) for minutes in counted.values()), default=0)


@pytest.mark.gauntlet
async def test_guesses_stay_within_policy_and_nobody_is_locked_out(kit: Kit) -> None:
    """N13: brute force, and lockout as denial of service."""
    async with kit.open_ctx(kit.tenant_id) as ctx:
        start = ctx.now + timedelta(days=1)
    day = Day(kit, SIZE, Random(SEED), start)
    await day.prepare()
    await day.live()
    log = day.log

    account = _most(log, DAY, device=False, by="account")
    origin = _most(log, HOUR, device=False, by="origin")
    device = _most(log, HOUR, device=True, by="device")
    waits = [(visit.done - visit.began if visit.done is not None else DAY, visit) for visit in log.visits]
    success = sum(wait <= LOCKED for wait, _ in waits) / len(waits)
    known = [visit for visit in log.visits if visit.known]
    longest = max(wait for wait, _ in waits)
    print(
        f"\nG13: {SIZE.guesses} guesses at {SIZE.accounts} accounts from {SIZE.origins} origins, seed {SEED}:", end=" "
    )
    print(f"{len(log.evaluated)} wrong ones compared, {log.refused} refused;", end=" ")
    print(f"most at an account in 24 h {account} (100), of an origin in 1 h {origin} (20),", end=" ")
    print(f"of a known device in 1 h {device} (20).")
    print(f"     {len(waits)} people signed in, {success:.2%} within {LOCKED} min;", end=" ")
    print(f"{sum(visit.refused for visit in known)} of {len(known)} were kept waiting at a known device,", end=" ")
    print(f"{sum(visit.by_mail for _, visit in waits)} came by a mailed link; the longest wait was {longest} min.")

    assert account <= 100
    assert origin <= 20
    assert device <= 20
    assert account > 90, "the siege was none"
    assert log.refused > SIZE.guesses // 4, "the attack was none"
    assert any(visit.by_mail for visit in log.visits), "nobody met the strangers' limit"
    assert success >= 0.999
    assert longest <= LOCKED
