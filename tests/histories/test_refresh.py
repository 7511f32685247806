"""Refresh histories: who held what, who presented it when, and what happened.

A step is `(seconds, who, token, outcome)`. Tokens are named in the order they appear: `A` starts the family, an
outcome in capitals names the token that came out. `~B` is the same `B` again.
"""

import pytest

from airside.tokens import RefreshExpired, RefreshRefused, RefreshReused, RefreshRevoked, RefreshUnknown
from tests.tokens.kit import CLIENT, Kit

DAY = 24 * 3600
OTHER = "cli_other"
REFUSALS: dict[str, type[RefreshRefused]] = {
    "reused": RefreshReused,
    "revoked": RefreshRevoked,
    "expired": RefreshExpired,
    "unknown": RefreshUnknown,
}
Step = tuple[float, str, str, str]

# name: (public client?, steps)
HISTORIES: dict[str, tuple[bool, list[Step]]] = {
    "a quiet life": (True, [(1, CLIENT, "A", "B"), (900, CLIENT, "B", "C"), (1800, CLIENT, "C", "D")]),
    "the answer was lost and the client asks again": (
        True,
        [(1, CLIENT, "A", "B"), (2, CLIENT, "A", "~B"), (3, CLIENT, "A", "~B"), (4, CLIENT, "B", "C")],
    ),
    "a public client asks again at the last moment": (True, [(1, CLIENT, "A", "B"), (31, CLIENT, "A", "~B")]),
    "a public client asks again too late": (
        True,
        [(1, CLIENT, "A", "B"), (31.001, CLIENT, "A", "reused"), (32, CLIENT, "B", "revoked")],
    ),
    "a confidential client was offline for days": (
        False,
        [(1, CLIENT, "A", "B"), (6 * DAY, CLIENT, "A", "~B"), (6 * DAY + 1, CLIENT, "B", "C")],
    ),
    "a confidential client was offline for too long": (
        False,
        [(1, CLIENT, "A", "B"), (7 * DAY + 1, CLIENT, "A", "expired"), (7 * DAY + 1, CLIENT, "B", "expired")],
    ),
    "two tabs, one slow": (
        True,
        [(1, CLIENT, "A", "B"), (1.5, CLIENT, "A", "~B"), (2, CLIENT, "B", "C"), (2.5, CLIENT, "B", "~C")],
    ),
    "a thief comes after the owner has gone on": (
        False,
        [
            (1, CLIENT, "A", "B"),
            (2, CLIENT, "B", "C"),
            (3, CLIENT, "A", "reused"),
            (4, CLIENT, "C", "revoked"),
            (5, CLIENT, "A", "revoked"),
        ],
    ),
    "the owner comes after a thief has gone on": (
        True,
        [(1, CLIENT, "A", "B"), (2, CLIENT, "B", "C"), (3, CLIENT, "A", "reused"), (4, CLIENT, "C", "revoked")],
    ),
    "a thief repeats the last but one within the retry's time": (
        True,
        [(1, CLIENT, "A", "B"), (2, CLIENT, "B", "C"), (2, CLIENT, "A", "reused")],
    ),
    "another client presents a live token": (
        False,
        [(1, OTHER, "A", "reused"), (2, CLIENT, "A", "revoked")],
    ),
    "another client presents a spent token whose successor is unused": (
        False,
        [(1, CLIENT, "A", "B"), (2, OTHER, "A", "reused"), (3, CLIENT, "B", "revoked")],
    ),
    "another client presents an expired token": (
        False,
        [(8 * DAY, OTHER, "A", "reused"), (8 * DAY, CLIENT, "A", "revoked")],
    ),
    "unused for seven days": (True, [(7 * DAY - 1, CLIENT, "A", "B"), (14 * DAY - 1, CLIENT, "B", "expired")]),
    "unused for exactly seven days": (True, [(7 * DAY, CLIENT, "A", "expired")]),
    "ninety days are the end, however busy": (
        True,
        [
            *((6 * DAY * number, CLIENT, chr(64 + number), chr(65 + number)) for number in range(1, 15)),
            (90 * DAY - 1, CLIENT, "O", "P"),
            (90 * DAY, CLIENT, "P", "expired"),
        ],
    ),
    "the clock of another node is a little behind": (True, [(10, CLIENT, "A", "B"), (8, CLIENT, "A", "~B")]),
}


@pytest.mark.parametrize("name", HISTORIES)
async def test_history(name: str, kit: Kit):
    """N07, N19"""
    public, steps = HISTORIES[name]
    held = {"A": await kit.family()}
    for seconds, who, token, outcome in steps:
        where = f"{name}: {who} presents {token} after {seconds} s"
        if outcome in REFUSALS:
            with pytest.raises(REFUSALS[outcome]):
                await kit.rotate(held[token], seconds, who, public=public)
            continue
        answer = await kit.rotate(held[token], seconds, who, public=public)
        if outcome.startswith("~"):
            assert answer == held[outcome[1:]], where
        else:
            assert answer not in held.values(), where
            held[outcome] = answer
