"""Whatever comes, an authorization request is read or refused, and never leads anywhere but to its own client."""

from hypothesis import given
from hypothesis import strategies as st

from airside.oauth.errors import AuthorizationRefused, UnsafeRequest
from airside.oauth.requests import proven_redirect, read
from airside.oauth.responses import refusal_location
from tests.oauth.provider import CALLBACK
from tests.oauth.test_requests import CLIENT, LAWFUL

NAMES = st.sampled_from([*LAWFUL, "prompt", "max_age", "nonce", "response_mode", "request", "request_uri", "display"])


@given(st.dictionaries(NAMES, st.text(max_size=60)))
def test_any_change_is_read_or_refused_to_the_clients_own_address(changes: dict[str, str]) -> None:
    try:
        request = read(CLIENT, CALLBACK, LAWFUL | changes)
    except AuthorizationRefused as refusal:
        location = refusal_location(refusal, issuer="https://id.example.test/t/acme")
        assert location.startswith(CALLBACK + "?error=")
        assert location.isascii()
        assert location.isprintable()
    else:
        assert request.redirect_uri == CALLBACK
        assert request.scopes <= CLIENT.scopes
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
