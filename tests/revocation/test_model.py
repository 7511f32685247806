"""The set, by its rule."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airside.revocation import Entry, Kind, RevokedSet
from airside.revocation.model import ALWAYS, KINDS, MAX_PAGE

TOKEN: dict[str, Any] = {"jti": "j", "sid": "s", "fam": "f", "sub": "u", "client_id": "c", "key": "k"}


@pytest.mark.parametrize("kind", KINDS)
def test_issued_at_or_before_is_covered_and_later_is_not(kind: Kind):
    names = {"jti": "j", "sid": "s", "fam": "f", "sub": "u", "client": "c", "key": "k", "tenant": "any"}
    revoked = RevokedSet([Entry(kind, names[kind], 100, 2000)])
    assert [revoked.covers(**TOKEN, issued_at=at) for at in (0, 99, 100, 101)] == [True, True, True, False]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "tenant"])
def test_other_ids_and_ids_of_another_kind_are_not_covered(kind: Kind):
    """N06"""
    assert not RevokedSet([Entry(kind, "other", ALWAYS, 2000)]).covers(**TOKEN, issued_at=1)
    same: dict[str, Any] = dict.fromkeys(TOKEN, "x")
    one = {"client": "client_id"}.get(kind, kind)
    assert not RevokedSet([Entry(kind, "x", ALWAYS, 2000)]).covers(**(same | {one: "y"}), issued_at=1)


def test_token_without_session_family_or_key_is_not_covered_by_theirs():
    revoked = RevokedSet([Entry(kind, "None", ALWAYS, 2000) for kind in ("sid", "fam", "key")])
    assert not revoked.covers(jti="j", sid=None, fam=None, sub="u", client_id="c", issued_at=1)


def test_empty_set_covers_nothing():
    assert not RevokedSet().covers(**TOKEN, issued_at=0)


entries = st.builds(Entry, st.sampled_from(KINDS), st.sampled_from("juscfk"), st.integers(0, 50), st.integers(100, 200))


@given(st.lists(entries, max_size=12), st.randoms(use_true_random=False), st.integers(0, 60))
def test_order_and_repetition_change_nothing_and_nothing_is_weakened(listed: list[Entry], mix: Any, at: int):
    revoked = RevokedSet(listed)
    shuffled = listed * 2
    mix.shuffle(shuffled)
    assert RevokedSet(shuffled).covers(**TOKEN, issued_at=at) == revoked.covers(**TOKEN, issued_at=at)
    for entry in listed:
        alone = RevokedSet([entry])
        assert revoked.covers(**TOKEN, issued_at=at) or not alone.covers(**TOKEN, issued_at=at)


def test_pages_tell_everything_once_and_a_strange_cursor_everything_again():
    revoked = RevokedSet([Entry("jti", str(number), ALWAYS, 1) for number in range(MAX_PAGE + 5)], mark="m")
    first = revoked.after("")
    second = revoked.after(first.cursor)
    assert (len(first.entries), len(second.entries)) == (MAX_PAGE, 5)
    assert revoked.after(second.cursor).entries == ()
    revoked.add(Entry("sub", "u", 5, 1))
    revoked.add(Entry("sub", "u", 5, 1))
    assert [entry.kind for entry in revoked.after(second.cursor).entries] == ["sub"]
    for strange in ("", "x", "other.7", "m.x", "m.-1", "m.99999999999", "m.", "m.²"):
        assert revoked.after(strange).entries == first.entries
    assert revoked.after("m.999999999").entries == ()


def test_an_entry_on_the_wire_says_null_for_always():
    assert Entry("fam", "f", ALWAYS, 7).wire() == {"kind": "fam", "id": "f", "before": None, "expires_at": 7}
