"""What a subject is in, kept between questions: whatever makes it wrong has to make it forgotten."""

from datetime import UTC, datetime

import pytest

from airside.permissions.graph import Graph
from airside.permissions.index import Index, Ready
from airside.permissions.language import parse
from airside.permissions.model import NO_TERMS, Terms, TupleKey

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
MODEL = """
model
  schema 1.1
type user
type group
  relations
    define member: [user, user:*, group#member]
type doc
  relations
    define viewer: [user, user:*, group#member, user with small, user:* with small, group#member with small]
condition small(x: int) {
  x < 3
}
"""
SMALL = Terms("small", b'{"x":1}')


@pytest.fixture
def ready() -> Ready:
    return Index(0, "m", Graph()).keep("m", parse(MODEL))


def may(ready: Ready, subject: str, object_: str) -> bool:
    return ready.check(subject, "viewer", object_, {}, MOMENT)


@pytest.mark.parametrize("terms", [NO_TERMS, SMALL], ids=["always", "under terms"])
def test_everybody_who_is_named_first_after_the_question_is_everybody(ready: Ready, terms: Terms) -> None:
    """N34: anne is known from before there was a `user:*`; other tuples under terms have long been there."""
    graph = ready.graph
    graph.add(TupleKey("user:anne", "viewer", "doc:1"))
    graph.add(TupleKey("user:bob", "viewer", "doc:1"), SMALL)
    assert not may(ready, "user:anne", "doc:2")
    graph.add(TupleKey("user:*", "viewer", "doc:2"), terms)
    assert may(ready, "user:anne", "doc:2")
    graph.remove(TupleKey("user:*", "viewer", "doc:2"))
    assert not may(ready, "user:anne", "doc:2")


@pytest.mark.parametrize("terms", [NO_TERMS, SMALL], ids=["always", "under terms"])
def test_group_that_is_named_first_after_the_question_has_its_members(ready: Ready, terms: Terms) -> None:
    graph = ready.graph
    graph.add(TupleKey("user:anne", "member", "group:1"))
    graph.add(TupleKey("user:bob", "viewer", "doc:1"), SMALL)
    assert not may(ready, "user:anne", "doc:2")
    graph.add(TupleKey("group:1#member", "viewer", "doc:2"), terms)
    assert may(ready, "user:anne", "doc:2")


def test_member_who_leaves_a_group_far_below_is_in_none_above_it(ready: Ready) -> None:
    graph = ready.graph
    graph.add(TupleKey("user:anne", "member", "group:1"))
    for number in range(1, 6):
        graph.add(TupleKey(f"group:{number}#member", "member", f"group:{number + 1}"))
    graph.add(TupleKey("group:6#member", "viewer", "doc:1"))
    assert may(ready, "user:anne", "doc:1")
    graph.remove(TupleKey("user:anne", "member", "group:1"))
    assert not may(ready, "user:anne", "doc:1")
    graph.add(TupleKey("user:*", "member", "group:2"))
    assert may(ready, "user:anne", "doc:1")
    assert may(ready, "user:who-was-never-named", "doc:1")
    assert not may(ready, "group:1", "doc:1")
