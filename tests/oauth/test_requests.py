"""Reading authorization requests: what can't be trusted stays on a page, the rest is told to the client."""

import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from airside.core.secret import Secret
from airside.oauth import Client, ClientSettings, FormPost, Redirect
from airside.oauth.errors import AuthorizationRefused, UnsafeRequest
from airside.oauth.model import AuthorizationRequest
from airside.oauth.problems import redirect_error
from airside.oauth.requests import proven_redirect, read
from airside.oauth.responses import refusal, success
from airside.protocols.oauth import challenge_of
from tests.oauth.provider import API, CALLBACK, VERIFIER

OTHER_API = "https://other-api.example.test"
ISSUER = "https://i.test/t/x"
CLIENT = Client(
    client_id=UUID(int=7),
    name="Web",
    public=True,
    redirect_uris=(CALLBACK, "http://127.0.0.1/cb", "com.example.app:/cb"),
    grants=frozenset({"authorization_code"}),
    scopes=frozenset({"openid", "notes:read"}),
    audiences=(API, OTHER_API),
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
NO_PKCE: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}


def settled(*, public: bool = False, **settings: Any) -> Client:
    """The client with these settings."""
    return replace(CLIENT, public=public, settings=ClientSettings(**settings))


def asked(changes: dict[str, str | None], client: Client = CLIENT) -> AuthorizationRequest:
    """What a lawful request, changed, is read as."""
    return read(client, CALLBACK, {name: value for name, value in (LAWFUL | changes).items() if value is not None})


def told(changes: dict[str, str | None], client: Client = CLIENT) -> str:
    """The error that a lawful request, changed, comes to."""
    with pytest.raises(AuthorizationRefused) as caught:
        asked(changes, client)
    assert caught.value.state == "xyz"
    return redirect_error(caught.value.cause)


def test_lawful_request_is_read_whole() -> None:
    request = asked({"nonce": "n", "prompt": "login", "max_age": "0", "login_hint": "ada@example.test"})
    assert request.scopes == {"openid"}
    assert (request.state, request.nonce, request.prompt, request.max_age) == ("xyz", "n", "login", 0)
    assert (request.code_challenge, request.login_hint) == (challenge_of(VERIFIER), "ada@example.test")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "jwt"}, "invalid_request"),
        ({"response_mode": "Query"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "openid notes:write"}, "invalid_scope"),
        ({"scope": "openid  notes:read"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "none consent"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"prompt": "login  consent"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "٣"}, "invalid_request"),
        ({"max_age": "1234567890"}, "invalid_request"),
        ({"nonce": "n" * 513}, "invalid_request"),
        ({"nonce": "é"}, "invalid_request"),
        ({"acr_values": "a" * 513}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"resource": "https://unknown.example.test"}, "invalid_target"),
        ({"resource": f"{API} https://unknown.example.test"}, "invalid_target"),
        ({"resource": f"{API}#fragment"}, "invalid_target"),
        ({"resource": "/relative"}, "invalid_target"),
    ],
)
def test_bad_request_is_told_to_the_client(changes: dict[str, str | None], error: str) -> None:
    assert told(changes) == error


@pytest.mark.parametrize(
    ("prompt", "read_as", "consent"),
    [
        ("none", "none", False),
        ("login", "login", False),
        ("consent", None, True),
        ("login consent", "login", True),
        ("select_account", "login", False),
        ("consent select_account", "login", True),
    ],
)
def test_prompts_are_a_set_and_choosing_an_account_is_signing_in_anew(
    prompt: str, read_as: str | None, consent: bool
) -> None:
    """OpenID Connect Core §3.1.2.1: `prompt`."""
    request = asked({"prompt": prompt})
    assert (request.prompt, request.details.consent_asked) == (read_as, consent)


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None},
        NO_PKCE,
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": "short"},
        {"code_challenge": challenge_of(VERIFIER) + "="},
    ],
)
def test_pkce_cannot_be_left_out_or_weakened(changes: dict[str, str | None]) -> None:
    """N08: PKCE downgrade."""
    assert told(changes) == "invalid_request"


def test_only_a_confidential_client_registered_for_it_goes_without_pkce() -> None:
    """N08: a public client, and one under FAPI 2.0, never does, whatever is registered."""
    assert asked(NO_PKCE, settled(require_pkce=False)).code_challenge is None
    assert asked({}, settled(require_pkce=False)).code_challenge == challenge_of(VERIFIER)
    for client in (
        settled(),
        settled(require_pkce=False, public=True),
        settled(require_pkce=False, profile="fapi2"),
    ):
        assert told(NO_PKCE, client) == "invalid_request"


@pytest.mark.parametrize(
    "changes", [{"code_challenge": None}, {"code_challenge_method": None}, {"code_challenge_method": "plain"}]
)
def test_half_a_challenge_is_refused_of_whoever_may_go_without(changes: dict[str, str | None]) -> None:
    """N08"""
    assert told(changes, settled(require_pkce=False)) == "invalid_request"


@pytest.mark.parametrize("state", ["x" * 2049, "a\nb", "é"])
def test_state_that_cannot_be_returned_is_not(state: str) -> None:
    with pytest.raises(AuthorizationRefused) as caught:
        asked({"state": state})
    assert caught.value.state is None


def test_registered_defaults_speak_where_the_request_says_nothing() -> None:
    """OpenID Connect Dynamic Client Registration 1.0 §2: `default_max_age`, `default_acr_values`."""
    client = settled(default_max_age=60, default_acr="aal2")
    request = asked({}, client)
    assert (request.max_age, request.acr) == (60, "aal2")
    request = asked({"max_age": "5", "acr_values": "aal1"}, client)
    assert (request.max_age, request.acr) == (5, "aal1")


@pytest.mark.parametrize(
    ("changes", "least"),
    [
        ({"claims": '{"id_token":{"acr":{"essential":true,"value":"aal2"}}}'}, "aal2"),
        ({"claims": '{"id_token":{"acr":{"essential":true,"values":["aal3","aal2"]}}}'}, "aal2"),
        ({"claims": '{"id_token":{"acr":{"essential":true,"value":"aal2"}}}', "acr_values": "aal3"}, "aal3"),
        ({"claims": '{"id_token":{"acr":{"essential":true,"value":"aal2"}}}', "acr_values": "aal1"}, "aal2"),
        ({"claims": '{"id_token":{"acr":{"value":"aal2"}}}'}, "aal2"),
        ({"claims": '{"id_token":{"acr":{"value":"phr"}}}'}, None),
        ({"claims": '{"id_token":{"acr":{"essential":true}}}'}, None),
        ({"claims": '{"id_token":{"acr":null}}'}, None),
        ({"claims": '{"userinfo":{"acr":{"essential":true,"value":"aal2"}}}'}, None),
        ({"acr_values": "phr aal2"}, "aal2"),
    ],
)
def test_assurance_is_asked_for_by_claim_too(changes: dict[str, str | None], least: str | None) -> None:
    """OpenID Connect Core §5.5.1.1."""
    assert asked(changes).acr == least


def test_assurance_that_nobody_reaches_is_refused_where_it_is_essential() -> None:
    """OpenID Connect Core §5.5.1.1: N12, never quietly less."""
    claims = '{"id_token":{"acr":{"essential":true,"value":"phr"}}}'
    assert told({"claims": claims}) == "unmet_authentication_requirements"


def test_claims_mean_nothing_without_openid() -> None:
    """OpenID Connect Core §3.1.2.1: without `openid` it is plain OAuth."""
    assert asked({"scope": "notes:read", "claims": '{"id_token":{"email":null}}'}).details.claims is None


def test_resources_narrow_and_are_each_named_once() -> None:
    """RFC 8707 §2."""
    assert asked({}).details.resources == ()
    assert asked({"resource": OTHER_API}).details.resources == (OTHER_API,)
    assert asked({"resource": f"{OTHER_API} {API} {API}"}).details.resources == (OTHER_API, API)


@pytest.mark.parametrize("hint", ["a" * 255, "a\tb", "\u202eada"])
def test_hint_that_nobody_could_fill_in_is_none(hint: str) -> None:
    assert asked({"login_hint": hint}).login_hint is None


def test_languages_that_are_none_are_passed_over() -> None:
    """OpenID Connect Core §3.1.2.1: `ui_locales` isn't an error."""
    assert asked({"ui_locales": "fr-CA x; de <b> en"}).details.ui_locales == ("fr-CA", "de", "en")
    assert len(asked({"ui_locales": " ".join(["de"] * 99)}).details.ui_locales) == 10


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


def answers(client: Client, redirect_uri: str, mode: str) -> tuple[object, object]:
    """The good and the bad answer, by that way."""
    said = {**LAWFUL, "state": "s p&a", "response_mode": mode}
    good = success(read(client, redirect_uri, said), code=Secret("c"), issuer=ISSUER)
    with pytest.raises(AuthorizationRefused) as caught:
        read(client, redirect_uri, said | {"prompt": "create"})
    return good, refusal(caught.value, issuer=ISSUER)


def test_answers_carry_the_issuer_and_keep_the_query() -> None:
    """RFC 9207 §2; RFC 6749 §3.1.2."""
    there = "state=s+p%26a&iss=https%3A%2F%2Fi.test%2Ft%2Fx"
    good, bad = answers(CLIENT, "https://a.test/cb?tenant=1", "query")
    assert good == Redirect(f"https://a.test/cb?tenant=1&code=c&{there}")
    assert bad == Redirect(f"https://a.test/cb?tenant=1&error=invalid_request&{there}")


def test_answers_by_fragment() -> None:
    """OAuth 2.0 Multiple Response Type Encoding Practices §2.1."""
    there = "state=s+p%26a&iss=https%3A%2F%2Fi.test%2Ft%2Fx"
    good, bad = answers(CLIENT, "https://a.test/cb?tenant=1", "fragment")
    assert good == Redirect(f"https://a.test/cb?tenant=1#code=c&{there}")
    assert bad == Redirect(f"https://a.test/cb?tenant=1#error=invalid_request&{there}")


def test_answers_by_form() -> None:
    """OAuth 2.0 Form Post Response Mode §2."""
    good, bad = answers(CLIENT, CALLBACK, "form_post")
    assert good == FormPost(CALLBACK, {"code": "c", "state": "s p&a", "iss": ISSUER})
    assert bad == FormPost(CALLBACK, {"error": "invalid_request", "state": "s p&a", "iss": ISSUER})


def test_app_behind_a_scheme_of_its_own_takes_no_form() -> None:
    with pytest.raises(AuthorizationRefused) as caught:
        read(CLIENT, "com.example.app:/cb", LAWFUL | {"response_mode": "form_post"})
    assert caught.value.mode == "query"
