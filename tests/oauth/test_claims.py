"""Claims by scope and by name, without any database."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from airside.core.strict_json import Json
from airside.identity import User
from airside.oauth.claims import by_name, by_scope, fits, person_claims, requested

USER = User(UUID(int=1), "ada@example.test", "", "active", datetime(2027, 1, 1, tzinfo=UTC), email_verified=True)


def test_what_is_not_known_is_left_out() -> None:
    """OpenID Connect Core §5.3.2: no null, no empty string."""
    assert person_claims(USER) == {"email": "ada@example.test", "email_verified": True}


def test_unknown_scopes_give_nothing() -> None:
    assert by_scope(person_claims(USER), frozenset({"openid", "phone", "address"})) == {}


@pytest.mark.parametrize("claims", [None, {}, {"userinfo": None}, {"userinfo": []}, {"id_token": {"email": None}}])
def test_request_that_asks_for_nothing_gets_nothing(claims: dict[str, Json] | None) -> None:
    assert requested(claims, "userinfo") == {}


def test_claim_is_given_by_name_only_within_reach() -> None:
    known = person_claims(USER)
    assert by_name(known, {"email": None}, frozenset()) == {}
    assert by_name(known, {"email": None}, frozenset({"email"})) == {"email": "ada@example.test"}


@pytest.mark.parametrize(
    ("expected", "does"),
    [
        (None, True),
        ({"essential": True}, True),
        ({"value": "a"}, True),
        ({"value": "b"}, False),
        ({"value": None}, False),
        ({"values": ["a", "b"]}, True),
        ({"values": ["b"]}, False),
        ({"values": "not a list"}, True),
        ("not an object", True),
    ],
)
def test_value_fits_what_is_expected(expected: Json, does: bool) -> None:
    """OpenID Connect Core §5.5.1."""
    assert fits("a", expected) is does
