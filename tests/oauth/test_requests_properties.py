"""Whatever comes, an authorization request is read or refused, and never leads anywhere but to its own client."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from airside.core.strict_json import dumps
from airside.oauth import ClientSettings, FormPost
from airside.oauth.claims_parameter import PLACES, read_claims_parameter
from airside.oauth.errors import AuthorizationRefused, InvalidRequest, UnsafeRequest
from airside.oauth.requests import proven_redirect, read
from airside.oauth.responses import refusal
from tests.oauth.provider import API, CALLBACK
from tests.oauth.test_requests import CLIENT, LAWFUL, OTHER_API

NAMES = st.sampled_from(
    [
        *LAWFUL,
        *("prompt", "max_age", "nonce", "response_mode", "display", "acr_values", "claims", "resource"),
        *("login_hint", "ui_locales", "id_token_hint"),
    ]
)
VALUES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["form_post", "fragment", "login consent", "none", "aal2", API, f"{API} {OTHER_API}", "{}", "S256"]
    ),
)
ISSUER = "https://id.example.test/t/acme"
CONFIDENTIAL = replace(CLIENT, public=False, settings=ClientSettings(require_pkce=False))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*PLACES, "essential", "value", "values", "acr", "sub", "x"]), inner)
    ),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, VALUES), st.sampled_from([CLIENT, CONFIDENTIAL]))
def test_any_change_is_read_or_refused_to_the_clients_own_address(changes: dict[str, str], of: object) -> None:
    client = CONFIDENTIAL if of is CONFIDENTIAL else CLIENT
    try:
        request = read(client, CALLBACK, LAWFUL | changes)
    except AuthorizationRefused as cause:
        reply = refusal(cause, issuer=ISSUER)
        if isinstance(reply, FormPost):
            assert reply.action == CALLBACK
        else:
            assert reply.location.startswith((CALLBACK + "?error=", CALLBACK + "#error="))
            assert reply.location.isascii()
            assert reply.location.isprintable()
    else:
        assert request.redirect_uri == CALLBACK
        assert request.scopes <= client.scopes
        assert set(request.details.resources) <= set(client.audiences)
        assert request.code_challenge is not None
        assert len(request.code_challenge) == 43


@given(st.text(max_size=100))
def test_only_registered_addresses_pass(presented: str) -> None:
    """N09."""
    for candidate in (presented, CALLBACK + presented, presented + CALLBACK, CALLBACK.replace("app", presented)):
        try:
            proven_redirect(CLIENT, candidate)
        except UnsafeRequest:
            continue
        assert candidate in CLIENT.redirect_uris


@given(JSON)
def test_claims_of_any_shape_are_read_into_the_one_shape_or_refused(value: object) -> None:
    """OpenID Connect Core §5.5."""
    try:
        found = read_claims_parameter(dumps(value).decode())  # pyright: ignore[reportArgumentType]
    except InvalidRequest:
        return
    for place, claims in (found or {}).items():
        assert place in PLACES
        for wish in claims.values():
            assert wish is None or set(wish) <= {"essential", "value", "values"}
