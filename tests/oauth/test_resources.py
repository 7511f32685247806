"""Resource indicators (RFC 8707): whom tokens are for, narrowed when asked, never widened."""

from dataclasses import replace

import pytest

from airside.oauth.errors import AuthorizationRefused, InvalidTarget
from airside.protocols.jose import peek_claims
from airside.protocols.oauth import TokenResponse
from tests.oauth.provider import API, SERVICE, WEB, Provider

OTHER = "https://other-api.example.test"
THIRD = "https://third-api.example.test"
BOTH = replace(WEB, audiences=(API, OTHER))
UNKNOWN = ["https://unknown.example.test", f"{API} https://unknown.example.test", f"{API}#x", "api", f"{API}/"]


def audience(answer: TokenResponse) -> object:
    return peek_claims(answer.access_token.reveal())["aud"]


async def test_tokens_are_for_all_audiences_where_none_is_named(provider: Provider) -> None:
    *_, answer = await provider.tokens(BOTH)
    assert audience(answer) == [API, OTHER]


async def test_resource_of_the_request_narrows_every_token_after_it(provider: Provider) -> None:
    """RFC 8707 §2.1: and a refresh token never gives more."""
    client, credentials = await provider.client(BOTH)
    _, session, _ = await provider.signed_in()
    answer = await provider.redeem(credentials, await provider.code(client, session, resource=OTHER))
    assert audience(answer) == OTHER
    again = await provider.refresh(credentials, answer.refresh_token)
    assert audience(again) == OTHER
    with pytest.raises(InvalidTarget):
        await provider.refresh(credentials, again.refresh_token, resource=API)
    assert audience(await provider.refresh(credentials, again.refresh_token)) == OTHER


async def test_token_request_narrows_this_token_and_not_the_family(provider: Provider) -> None:
    """RFC 8707 §2.2."""
    client, credentials = await provider.client(replace(BOTH, audiences=(API, OTHER, THIRD)))
    _, session, _ = await provider.signed_in()
    code = await provider.code(client, session, resource=f"{API} {OTHER}")
    answer = await provider.redeem(credentials, code, resource=API)
    assert audience(answer) == API
    again = await provider.refresh(credentials, answer.refresh_token, resource=OTHER)
    assert audience(again) == OTHER
    assert audience(await provider.refresh(credentials, again.refresh_token)) == [API, OTHER]


@pytest.mark.parametrize("resource", [*UNKNOWN, THIRD])
async def test_resource_beyond_the_request_is_refused_at_the_token_endpoint(provider: Provider, resource: str) -> None:
    """N05: RFC 8707 §2.2."""
    client, credentials = await provider.client(replace(BOTH, audiences=(API, OTHER, THIRD)))
    _, session, _ = await provider.signed_in()
    code = await provider.code(client, session, resource=f"{API} {OTHER}")
    with pytest.raises(InvalidTarget):
        await provider.redeem(credentials, code, resource=resource)


@pytest.mark.parametrize("resource", UNKNOWN)
async def test_unknown_resource_is_refused_at_the_authorization_endpoint(provider: Provider, resource: str) -> None:
    """RFC 8707 §2."""
    client, _ = await provider.client(BOTH)
    _, session, _ = await provider.signed_in()
    with pytest.raises(AuthorizationRefused) as caught:
        await provider.code(client, session, resource=resource)
    assert isinstance(caught.value.cause, InvalidTarget)


async def test_client_acting_for_itself_narrows_too(provider: Provider) -> None:
    """RFC 8707 §2.2."""
    _, credentials = await provider.client(replace(SERVICE, audiences=(API, OTHER)))
    form = {"grant_type": "client_credentials"}
    assert audience(await provider.exchange(credentials, form | {"resource": OTHER})) == OTHER
    assert audience(await provider.exchange(credentials, form | {"resource": f"{OTHER} {API}"})) == [OTHER, API]
    with pytest.raises(InvalidTarget):
        await provider.exchange(credentials, form | {"resource": THIRD})
