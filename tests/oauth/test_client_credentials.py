"""The client credentials grant, and the phases that every grant passes."""

import pytest

from airside.oauth import ClientDraft
from airside.oauth.errors import (
    InvalidRequest,
    InvalidScope,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from tests.oauth.provider import API, ISSUER, SERVICE, Provider


async def test_client_acts_for_itself(provider: Provider) -> None:
    client, credentials = await provider.client(SERVICE)
    answer = await provider.exchange(credentials, {"grant_type": "client_credentials"})
    async with provider.ctx() as ctx:
        token = await provider.verifier.verify(ctx, answer.access_token.reveal(), issuer=ISSUER, audience=API)
    assert (token.subject, token.client_id) == (client.word, client.word)
    assert (token.session_id, token.family_id, token.acr, token.auth_time) == (None, None, None, None)
    assert token.scope == {"notes:read", "notes:write"}
    assert token.roles == ()
    assert answer.refresh_token is None
    assert answer.id_token is None


async def test_it_can_ask_for_less(provider: Provider) -> None:
    _, credentials = await provider.client(SERVICE)
    answer = await provider.exchange(credentials, {"grant_type": "client_credentials", "scope": "notes:read"})
    assert answer.scope == {"notes:read"}


@pytest.mark.parametrize("scope", ["notes:delete", "notes:read notes:delete", "openid", 'a"b', "notes:read notes:read"])
async def test_more_than_registered_is_refused(provider: Provider, scope: str) -> None:
    _, credentials = await provider.client(SERVICE)
    with pytest.raises(InvalidScope):
        await provider.exchange(credentials, {"grant_type": "client_credentials", "scope": scope})


async def test_scopes_of_users_are_never_a_clients_own(provider: Provider) -> None:
    draft = ClientDraft(
        name="Service",
        public=False,
        grants=frozenset({"client_credentials"}),
        audiences=(API,),
        scopes=frozenset({"openid", "offline_access", "notes:read"}),
    )
    _, credentials = await provider.client(draft)
    answer = await provider.exchange(credentials, {"grant_type": "client_credentials"})
    assert answer.scope == {"notes:read"}


async def test_public_client_has_no_credentials(provider: Provider) -> None:
    _, credentials = await provider.client()
    with pytest.raises(UnauthorizedClient):
        await provider.exchange(credentials, {"grant_type": "client_credentials"})


@pytest.mark.parametrize("name", ["password", "implicit", "Client_Credentials", "client_credentials ", "urn:x"])
async def test_unknown_grant_is_refused(provider: Provider, name: str) -> None:
    _, credentials = await provider.client(SERVICE)
    with pytest.raises(UnsupportedGrantType):
        await provider.exchange(credentials, {"grant_type": name})


async def test_missing_grant_type_is_an_invalid_request(provider: Provider) -> None:
    _, credentials = await provider.client(SERVICE)
    with pytest.raises(InvalidRequest):
        await provider.exchange(credentials, {})
