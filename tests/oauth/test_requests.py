"""Reading authorization requests: what can't be trusted stays on a page, the rest is told to the client."""

import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from uuid import UUID

import pytest

from airside.core.secret import Secret
from airside.oauth import Client
from airside.oauth.errors import AuthorizationRefused, UnsafeRequest
from airside.oauth.problems import redirect_error
from airside.oauth.requests import proven_redirect, read
from airside.oauth.responses import refusal_location, success_location
from airside.protocols.oauth import challenge_of
from tests.oauth.provider import API, CALLBACK, VERIFIER

CLIENT = Client(
    client_id=UUID(int=7),
    name="Web",
    public=True,
    redirect_uris=(CALLBACK, "http://127.0.0.1/cb"),
    grants=frozenset({"authorization_code"}),
    scopes=frozenset({"openid", "notes:read"}),
    audiences=(API,),
    secrets=(),
    state="active",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)
LAWFUL = {
    "response_type": "code",
    "client_id": CLIENT.word,
    "redirect_uri": CALLBACK,
    "scope": "openid",
    "state": "xyz",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}


def test_lawful_request_is_read_whole() -> None:
    request = read(CLIENT, CALLBACK, LAWFUL | {"nonce": "n", "prompt": "login", "max_age": "0", "login_hint": "ada"})
    assert request.scopes == {"openid"}
    assert (request.state, request.nonce, request.prompt, request.max_age) == ("xyz", "n", "login", 0)
    assert request.code_challenge == challenge_of(VERIFIER)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "openid notes:write"}, "invalid_scope"),
        ({"scope": "openid  notes:read"}, "invalid_scope"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request_uri": "https://evil.example/r"}, "request_uri_not_supported"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "consent"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "٣"}, "invalid_request"),
        ({"nonce": "n" * 513}, "invalid_request"),
        ({"nonce": "é"}, "invalid_request"),
    ],
)
def test_bad_request_is_told_to_the_client(changes: dict[str, str | None], error: str) -> None:
    parameters = {name: value for name, value in (LAWFUL | changes).items() if value is not None}
    with pytest.raises(AuthorizationRefused) as caught:
        read(CLIENT, CALLBACK, parameters)
    assert redirect_error(caught.value.cause) == error
    assert caught.value.state == "xyz"


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None},
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": "short"},
        {"code_challenge": challenge_of(VERIFIER) + "="},
    ],
)
def test_pkce_cannot_be_left_out_or_weakened(changes: dict[str, str | None]) -> None:
    """N08: PKCE downgrade."""
    parameters = {name: value for name, value in (LAWFUL | changes).items() if value is not None}
    with pytest.raises(AuthorizationRefused) as caught:
        read(CLIENT, CALLBACK, parameters)
    assert redirect_error(caught.value.cause) == "invalid_request"


@pytest.mark.parametrize("state", ["x" * 2049, "a\nb", "é"])
def test_state_that_cannot_be_returned_is_not(state: str) -> None:
    with pytest.raises(AuthorizationRefused) as caught:
        read(CLIENT, CALLBACK, LAWFUL | {"state": state})
    assert caught.value.state is None


def test_redirect_uris_by_the_third_party_table(data: Callable[[str], Path]) -> None:
    """N09: parser differences, wildcards, userinfo, case. Only public clients may bring another loopback port."""
    with (data("redirect") / "vectors.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 20
    wrong: list[str] = []
    for row, public in product(rows, (True, False)):
        client = replace(CLIENT, redirect_uris=(row["registered"],), public=public)
        lawful = row["expected"] == "accept" or (public and row["expected"].startswith("accept (native"))
        try:
            proven_redirect(client, row["presented"])
            passed = True
        except UnsafeRequest:
            passed = False
        if passed is not lawful:
            wrong.append(f"{row['registered']} {row['presented']}: {passed}, {row['why']}")
    assert wrong == []


@pytest.mark.parametrize("presented", [None, "", "https://evil.example/callback", CALLBACK + "?x", CALLBACK + "#"])
def test_foreign_redirect_uri_stays_on_the_page(presented: str | None) -> None:
    """N10: open redirect by the error path."""
    with pytest.raises(UnsafeRequest):
        proven_redirect(CLIENT, presented)


def test_answers_carry_the_issuer_and_keep_the_query() -> None:
    """RFC 9207 §2; RFC 6749 §3.1.2."""
    there = success_location("https://a.test/cb?tenant=1", code=Secret("c"), state="s p&a", issuer="https://i.test/t/x")
    assert there == "https://a.test/cb?tenant=1&code=c&state=s+p%26a&iss=https%3A%2F%2Fi.test%2Ft%2Fx"
    with pytest.raises(AuthorizationRefused) as caught:
        read(CLIENT, CALLBACK, LAWFUL | {"prompt": "consent"})
    back = refusal_location(caught.value, issuer="https://i.test/t/x")
    assert back == f"{CALLBACK}?error=invalid_request&state=xyz&iss=https%3A%2F%2Fi.test%2Ft%2Fx"
