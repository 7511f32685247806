"""Questions reach the store as they were meant, or not at all."""

from collections.abc import Callable

import pytest

from airside.core.errors import Conflict, InvalidInput, Misconfigured, Unavailable
from airside.fetch import Fetcher
from airside.sdk import Permissions, ServiceClient, TupleKey
from airside.sdk.permissions import MAX_AT_ONCE
from tests.sdk.peer import STORE, Peer

ANNE = TupleKey("user:anne", "editor", "note:1")


@pytest.fixture
def permissions(peer: Peer, fetcher: Fetcher, make_client: Callable[..., ServiceClient]) -> Permissions:
    return Permissions(peer.address, STORE, make_client(), fetcher=fetcher)


async def test_answer_follows_what_was_written(permissions: Permissions, peer: Peer) -> None:
    assert not await permissions.check("user:anne", "viewer", "note:1")
    revision = await permissions.write([ANNE])
    assert await permissions.check("user:anne", "viewer", "note:1", at_least=revision)
    assert peer.headers[-1]["airside-consistency-token"] == revision
    await permissions.write(deletes=[ANNE])
    assert not await permissions.check("user:anne", "viewer", "note:1")


async def test_wire_format_is_openfgas(permissions: Permissions, peer: Peer) -> None:
    await permissions.check("user:anne", "viewer", "note:1")
    assert peer.questions == [{"tuple_key": {"user": "user:anne", "relation": "viewer", "object": "note:1"}}]


@pytest.mark.parametrize(
    ("user", "relation", "object_"),
    [
        ("anne", "viewer", "note:1"),
        ("user:anne", "viewer", "note:*"),
        ("user:anne", "viewer", "note:1#viewer"),
        ("user:anne", "viewer", "note:1:2"),
        ("user:anne", "viewer", "note: 1"),
        ("user:anne", "viewer", "note:"),
        ("user:anne", "viewer", "note:" + "1" * 300),
        ("user:anne#a#b", "viewer", "note:1"),
        ("user:an ne", "viewer", "note:1"),
        ("user:anne@x", "viewer", "note:1"),
        ("user:anne", "view er", "note:1"),
        ("user:anne", "", "note:1"),
        ("user:anne", "viewer#", "note:1"),
        ("user:" + "a" * 600, "viewer", "note:1"),
        ("user:anne\n", "viewer", "note:1"),
    ],
)
async def test_word_that_carries_another_never_leaves(
    permissions: Permissions, peer: Peer, user: str, relation: str, object_: str
) -> None:
    """N33."""
    with pytest.raises(InvalidInput):
        await permissions.check(user, relation, object_)
    assert peer.asked["check"] == 0


async def test_unknown_relation_is_not_a_yes(permissions: Permissions) -> None:
    with pytest.raises(InvalidInput):
        await permissions.check("user:anne", "emperor", "note:1")


async def test_write_that_changes_nothing_is_a_conflict(permissions: Permissions) -> None:
    await permissions.write([ANNE])
    with pytest.raises(Conflict):
        await permissions.write([ANNE])


@pytest.mark.parametrize("count", [0, 101])
async def test_write_of_none_or_too_many_is_refused(permissions: Permissions, count: int) -> None:
    with pytest.raises(InvalidInput):
        await permissions.write([TupleKey("user:anne", "editor", f"note:{n}") for n in range(count)])


async def test_refused_own_token_is_replaced_once(permissions: Permissions, peer: Peer) -> None:
    await permissions.check("user:anne", "viewer", "note:1")
    peer.service_tokens.clear()
    assert not await permissions.check("user:anne", "viewer", "note:1")
    assert (peer.asked["token"], peer.asked["check"]) == (2, 3)


async def test_store_that_is_away_is_not_a_yes(permissions: Permissions, peer: Peer) -> None:
    """Fail secure."""
    await permissions.write([ANNE])
    peer.down.add("check")
    with pytest.raises(Unavailable):
        await permissions.check("user:anne", "editor", "note:1")


@pytest.mark.parametrize("store", ["", "../other", "01jd0000000000000000000000", STORE + "/x"])
def test_store_that_is_no_id_is_refused(
    peer: Peer, fetcher: Fetcher, make_client: Callable[..., ServiceClient], store: str
) -> None:
    """N32: nothing of a setting can change the path."""
    with pytest.raises(Misconfigured):
        Permissions(peer.address, store, make_client(), fetcher=fetcher)


async def test_many_questions_are_answered_in_their_order(permissions: Permissions, peer: Peer) -> None:
    peer.tuples |= {("user:anne", "editor", f"note:{number}") for number in range(0, 120, 7)}
    asked = [TupleKey("user:anne", "viewer", f"note:{number}") for number in range(120)]
    assert await permissions.check_all(asked) == [number % 7 == 0 for number in range(120)]
    assert peer.asked["batch-check"] == 3
    assert await permissions.check_all([]) == []


async def test_question_of_many_that_has_no_meaning_is_no(permissions: Permissions, peer: Peer) -> None:
    peer.tuples.add(("user:anne", "editor", "note:1"))
    asked = [TupleKey("user:anne", "emperor", "note:1"), TupleKey("user:anne", "editor", "note:1")]
    assert await permissions.check_all(asked, at_least="7") == [False, True]
    assert peer.headers[-1]["airside-consistency-token"] == "7"


async def test_answer_that_is_missing_among_many_is_not_a_yes(permissions: Permissions, peer: Peer) -> None:
    peer.lost = "1"
    with pytest.raises(Unavailable):
        await permissions.check_all([ANNE, ANNE, ANNE])


async def test_too_many_questions_never_leave(permissions: Permissions, peer: Peer) -> None:
    with pytest.raises(InvalidInput):
        await permissions.check_all([ANNE] * (MAX_AT_ONCE + 1))
    assert peer.asked["batch-check"] == 0
