"""Hints: whom an old ID token names, and nothing more."""

from typing import Any

import pytest

from airside.core.ids import SESSION, format_id
from airside.oauth.errors import InvalidRequest
from airside.oauth.hints import IdTokenHint
from airside.protocols.jose import peek_claims, sign_jwt
from tests.makers import MakeTenant
from tests.oauth.provider import ISSUER, Provider


async def read(provider: Provider, presented: str) -> IdTokenHint:
    async with provider.ctx() as ctx:
        return await provider.hints.read(ctx, ISSUER, presented)


async def resigned(provider: Provider, id_token: str, **changes: Any) -> str:
    async with provider.ctx() as ctx:
        return sign_jwt(await provider.keys.signer(ctx, "RS256"), peek_claims(id_token) | changes, typ="JWT")


async def id_token_of(provider: Provider) -> tuple[str, IdTokenHint]:
    """An ID token of a whole code flow, and what it has to say."""
    client, _, user, session, response = await provider.tokens()
    assert response.id_token is not None
    token = response.id_token.reveal()
    hint = await read(provider, token)
    assert (hint.client.client_id, hint.user_id, hint.session_id) == (client.client_id, user.id, session.session.id)
    return token, hint


async def test_id_token_names_its_user_client_and_session(provider: Provider) -> None:
    """OpenID Connect Core §3.1.2.1."""
    await id_token_of(provider)


async def test_user_whom_the_client_calls_by_another_word_is_found_by_the_session(provider: Provider) -> None:
    token, hint = await id_token_of(provider)
    assert (await read(provider, await resigned(provider, token, sub="x-7"))).user_id == hint.user_id
    async with provider.ctx() as ctx:
        assert hint.session_id is not None
        await provider.kit.sessions.end(ctx, hint.session_id)
    assert (await read(provider, await resigned(provider, token, sub="x-7"))).user_id == hint.user_id


async def test_user_whom_nothing_tells_is_nobody(provider: Provider) -> None:
    token, _ = await id_token_of(provider)
    unknown = format_id(SESSION, (await provider.user()).id)
    for sid in (unknown, "x", None):
        assert (await read(provider, await resigned(provider, token, sub="x-7", sid=sid))).user_id is None


async def test_hint_of_a_disabled_client_is_refused(provider: Provider) -> None:
    """N18"""
    token, hint = await id_token_of(provider)
    async with provider.ctx() as ctx:
        await provider.clients.disable(ctx, hint.client.client_id)
    with pytest.raises(InvalidRequest):
        await read(provider, token)
    async with provider.ctx() as ctx:
        await provider.clients.delete(ctx, hint.client.client_id)
    with pytest.raises(InvalidRequest):
        await read(provider, token)


async def test_access_token_is_no_hint(provider: Provider) -> None:
    """N06"""
    *_, response = await provider.tokens()
    for presented in (response.access_token.reveal(), "", "x", "e30.e30.", "e30.e30.e30.e30.e30"):
        with pytest.raises(InvalidRequest):
            await read(provider, presented)


async def test_hint_at_another_tenant_is_refused(provider: Provider, make_tenant: MakeTenant) -> None:
    """N20"""
    token, _ = await id_token_of(provider)
    async with provider.kit.open_ctx(await make_tenant()) as ctx:
        with pytest.raises(InvalidRequest):
            await provider.hints.read(ctx, ISSUER, token)
