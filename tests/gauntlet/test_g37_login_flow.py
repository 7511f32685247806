"""G37, N11, N12, N14, N18: whatever is answered in whatever order, no session is stronger than what was shown for it,
weaker than what was demanded, or without a second factor that its person has."""

import os
from random import Random

import pytest

from tests.gauntlet.login_world import World
from tests.identity.kit import Kit, hashes, kit, revocations

__all__ = ["hashes", "kit", "revocations"]

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
SEQUENCES = int(os.environ.get("G37_SEQUENCES", "4000" if FULL else "50"))
ACTS = 30
SEED = 20_261


@pytest.mark.gauntlet
async def test_no_sequence_of_steps_gives_a_session_above_what_was_proven(kit: Kit) -> None:
    dice = Random(SEED)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        world = World(kit, dice, ctx.now)
    await world.settle()
    for _ in range(SEQUENCES):
        await world.play(ACTS)
    print(
        f"\nG37: {SEQUENCES} sequences, {world.answers} answers, {world.replayed} of them replayed,"
        f" {world.started} sessions started or strengthened ({world.from_elsewhere} through a connection), seed {SEED}:"
        " 0 above what was proven"
    )
    assert world.started > SEQUENCES // 4
    assert world.from_elsewhere > SEQUENCES // 20
