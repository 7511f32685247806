"""Revocation and introspection, as a client and a resource server ask for them."""

import pytest

from airside.core.errors import Unauthenticated
from airside.core.secret import Secret
from airside.oauth import ClientDraft, Credentials
from airside.oauth.errors import InvalidClient, InvalidGrant, InvalidRequest
from tests.oauth.provider import API, BACKEND, ISSUER, SERVICE, Provider, word


async def revoke(provider: Provider, credentials: Credentials, token: Secret[str] | None) -> None:
    assert token is not None
    async with provider.ctx() as ctx:
        await provider.revocation.revoke(ctx, ISSUER, credentials, {"token": token.reveal()})


async def verifies(provider: Provider, token: Secret[str]) -> bool:
    async with provider.ctx() as ctx:
        try:
            await provider.verifier.verify(ctx, token.reveal(), issuer=ISSUER, audience=API)
        except Unauthenticated:
            return False
    return True


async def test_refresh_token_takes_its_family_and_access_tokens_with_it(provider: Provider) -> None:
    """N19: revocation without effect."""
    _, credentials, _, _, first = await provider.tokens()
    second = await provider.refresh(credentials, first.refresh_token)
    await revoke(provider, credentials, second.refresh_token)
    with pytest.raises(InvalidGrant):
        await provider.refresh(credentials, second.refresh_token)
    assert not await verifies(provider, first.access_token)
    assert not await verifies(provider, second.access_token)


async def test_spent_refresh_token_still_names_its_family(provider: Provider) -> None:
    _, credentials, _, _, first = await provider.tokens()
    second = await provider.refresh(credentials, first.refresh_token)
    await revoke(provider, credentials, first.refresh_token)
    with pytest.raises(InvalidGrant):
        await provider.refresh(credentials, second.refresh_token)


async def test_access_token_dies_alone(provider: Provider) -> None:
    _, credentials, _, _, first = await provider.tokens()
    await revoke(provider, credentials, first.access_token)
    assert not await verifies(provider, first.access_token)
    second = await provider.refresh(credentials, first.refresh_token)
    assert await verifies(provider, second.access_token)


async def test_another_clients_token_is_left_alone_and_nothing_is_said(provider: Provider) -> None:
    """N07; RFC 7009 §2.2."""
    _, credentials, _, _, first = await provider.tokens()
    _, stranger = await provider.client()
    await revoke(provider, stranger, first.refresh_token)
    await revoke(provider, stranger, first.access_token)
    assert await verifies(provider, first.access_token)
    assert (await provider.refresh(credentials, first.refresh_token)).refresh_token is not None


@pytest.mark.parametrize("token", ["x", "a.b.c", "." * 5000, "x" * 43, "\u00e9"])
async def test_what_is_no_token_is_revoked_silently(provider: Provider, token: str) -> None:
    _, credentials = await provider.client()
    await revoke(provider, credentials, Secret(token))


async def test_unproven_client_revokes_nothing(provider: Provider) -> None:
    _, credentials, _, _, first = await provider.tokens(BACKEND)
    with pytest.raises(InvalidClient):
        await revoke(provider, Credentials("none", credentials.client_id), first.refresh_token)
    async with provider.ctx() as ctx:
        with pytest.raises(InvalidRequest):
            await provider.revocation.revoke(ctx, ISSUER, credentials, {})


async def introspect(provider: Provider, credentials: Credentials, token: Secret[str]) -> dict[str, object]:
    async with provider.ctx() as ctx:
        form = {"token": token.reveal()}
        return dict(await provider.introspection.introspect(ctx, ISSUER, credentials, form))


async def test_resource_server_learns_what_a_token_is_worth(provider: Provider) -> None:
    client, credentials, user, _, first = await provider.tokens()
    _, service = await provider.client(SERVICE)
    answer = await introspect(provider, service, first.access_token)
    assert answer["active"] is True
    assert (answer["sub"], answer["client_id"], answer["scope"]) == (word(user), client.word, "notes:read openid")
    await revoke(provider, credentials, first.access_token)
    assert await introspect(provider, service, first.access_token) == {"active": False}


async def test_those_whom_a_token_does_not_concern_learn_nothing(provider: Provider) -> None:
    _, _, _, _, first = await provider.tokens()
    elsewhere = ClientDraft(
        name="Elsewhere",
        public=False,
        grants=frozenset({"client_credentials"}),
        audiences=("https://other.example.test",),
        scopes=frozenset({"x"}),
    )
    _, stranger = await provider.client(elsewhere)
    assert await introspect(provider, stranger, first.access_token) == {"active": False}
    assert await introspect(provider, stranger, Secret("nonsense")) == {"active": False}


async def test_public_client_may_not_introspect(provider: Provider) -> None:
    _, credentials, _, _, first = await provider.tokens()
    with pytest.raises(InvalidClient):
        await introspect(provider, credentials, first.access_token)
