"""Tuples whose condition has no answer: they make no yes, and spoil no answer that doesn't need them."""

from datetime import UTC, datetime

import pytest

from airside.core.strict_json import Json
from airside.permissions.language import parse
from airside.permissions.model import Grant, Terms, TupleKey
from airside.permissions.offline import Offline
from airside.permissions.refusals import MissingParameters

MODEL = """model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member with early, user with early]
type folder
  relations
    define viewer: [user, group#member, group#member with early]
type doc
  relations
    define parent: [folder with early]
    define blocked: [group#member with early]
    define viewer: [user] or viewer from parent
    define reader: viewer but not blocked
condition early(hour: int) {
  hour < 9
}
"""
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def grant(user: str, relation: str, object_: str, condition: str = "") -> Grant:
    return Grant(TupleKey(user, relation, object_), Terms(condition))


DOUBTFUL = [
    grant("group:a#member", "member", "group:b", "early"),
    grant("group:b#member", "member", "group:a", "early"),
    grant("group:b#member", "viewer", "folder:f", "early"),
    grant("folder:f", "parent", "doc:1", "early"),
    grant("group:b#member", "blocked", "doc:2", "early"),
    grant("user:anne", "member", "group:a"),
    grant("user:anne", "viewer", "doc:2"),
    grant("user:bob", "viewer", "doc:2"),
    grant("user:cora", "member", "group:b", "early"),
]


def ask(user: str, relation: str, object_: str, context: dict[str, Json]) -> bool:
    return Offline(parse(MODEL), DOUBTFUL, MOMENT).check(user, relation, object_, context)


@pytest.mark.parametrize(
    ("user", "relation", "object_"),
    [("user:bob", "member", "group:b"), ("user:bob", "viewer", "doc:1"), ("group:c#member", "viewer", "folder:f")],
)
def test_no_stays_a_no_where_nothing_behind_the_doubt_would_give_it(user: str, relation: str, object_: str) -> None:
    """Circles of doubtful tuples end too."""
    assert ask(user, relation, object_, {}) is False


def test_yes_that_does_not_need_them_is_one() -> None:
    assert ask("user:anne", "member", "group:a", {}) is True
    assert ask("user:bob", "reader", "doc:2", {}) is True


@pytest.mark.parametrize(
    ("user", "relation", "object_"),
    [
        ("user:anne", "member", "group:b"),
        ("user:anne", "viewer", "folder:f"),
        ("user:anne", "viewer", "doc:1"),
        ("user:anne", "reader", "doc:2"),
        ("user:cora", "member", "group:b"),
        ("user:cora", "viewer", "doc:1"),
    ],
)
def test_answer_that_needs_them_is_refused_by_what_is_missing(user: str, relation: str, object_: str) -> None:
    with pytest.raises(MissingParameters):
        ask(user, relation, object_, {})
    assert ask(user, relation, object_, {"hour": 8}) is (relation != "reader")
    assert ask(user, relation, object_, {"hour": 9}) is (relation == "reader")
