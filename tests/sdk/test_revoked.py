"""The rule of what a revocation covers, apart from how it arrives."""

import pytest

from airside.core.errors import InvalidInput
from airside.core.strict_json import Json
from airside.sdk.revoked import ALWAYS, MARGIN, Entry, RevokedSet, read_entry

GOOD: dict[str, Json] = {"kind": "sub", "id": "usr_1", "before": 10, "expires_at": 20}


def test_entry_is_read() -> None:
    assert read_entry(GOOD) == Entry("sub", "usr_1", 10, 20)
    assert read_entry(GOOD | {"before": None}) == Entry("sub", "usr_1", ALWAYS, 20)


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "planet"},
        {"kind": None},
        {"id": ""},
        {"id": 7},
        {"id": "x" * 257},
        {"before": "2027-03-01T12:00:00Z"},
        {"before": True},
        {"before": -1},
        {"expires_at": None},
        {"expires_at": 1.5},
    ],
    ids=str,
)
def test_entry_of_another_shape_is_refused(changed: dict[str, Json]) -> None:
    with pytest.raises(InvalidInput):
        read_entry(GOOD | changed)


def test_nothing_is_weakened_by_a_later_word() -> None:
    for first, second in ((5, 10), (10, 5)):
        revoked = RevokedSet()
        revoked.add(Entry("jti", "a", first, 100))
        revoked.add(Entry("jti", "a", second, 50))
        assert revoked._entries["jti"]["a"] == Entry("jti", "a", 10, 100)  # pyright: ignore[reportPrivateUsage]  # the rule itself
        assert len(revoked) == 1


def test_ended_entries_are_forgotten_after_the_margin() -> None:
    revoked = RevokedSet()
    revoked.add(Entry("jti", "a", 10, 100))
    revoked.prune(100 + MARGIN - 1)
    assert len(revoked) == 1
    revoked.prune(100 + MARGIN)
    assert len(revoked) == 0
