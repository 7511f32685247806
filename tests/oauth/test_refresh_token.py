"""The refresh grant: rotation, theft, and everything behind a family asked again."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from airside.audit import Event
from airside.core.errors import Unauthenticated
from airside.core.secret import Secret
from airside.core.strict_json import loads_object
from airside.oauth.errors import InvalidClient, InvalidGrant, InvalidRequest, InvalidScope
from airside.protocols.oauth import TokenResponse
from tests.oauth.provider import API, BACKEND, ISSUER, Provider, word


async def test_each_use_rotates(provider: Provider) -> None:
    _, credentials, _, _, first = await provider.tokens()
    second = await provider.refresh(credentials, first.refresh_token)
    third = await provider.refresh(credentials, second.refresh_token)
    assert first.refresh_token is not None
    assert second.refresh_token is not None
    assert third.refresh_token is not None
    words = {answer.refresh_token.reveal() for answer in (first, second, third) if answer.refresh_token is not None}
    assert len(words) == 3
    assert third.scope == {"openid", "notes:read"}
    assert third.id_token is None


async def test_lost_answer_is_given_again_but_a_stolen_token_ends_the_family(provider: Provider) -> None:
    """N07: refresh token re-use."""
    _, credentials, _, _, first = await provider.tokens()
    second = await provider.refresh(credentials, first.refresh_token)
    again = await provider.refresh(credentials, first.refresh_token)
    assert again.refresh_token is not None
    assert second.refresh_token is not None
    assert again.refresh_token.reveal() == second.refresh_token.reveal()
    third = await provider.refresh(credentials, second.refresh_token)
    with pytest.raises(InvalidGrant):
        await provider.refresh(credentials, first.refresh_token)
    with pytest.raises(InvalidGrant):
        await provider.refresh(credentials, third.refresh_token)
    async with provider.ctx() as ctx:
        with pytest.raises(Unauthenticated):
            await provider.verifier.verify(ctx, third.access_token.reveal(), issuer=ISSUER, audience=API)


async def test_fifty_uses_at_once_give_one_successor(provider: Provider) -> None:
    _, credentials, _, _, first = await provider.tokens(BACKEND)
    answers = await asyncio.gather(*(provider.refresh(credentials, first.refresh_token) for _ in range(50)))
    successors = {answer.refresh_token.reveal() for answer in answers if answer.refresh_token is not None}
    assert len(successors) == 1


async def test_another_client_ends_the_family(provider: Provider) -> None:
    """N07: a token not bound to its client."""
    _, credentials, _, _, first = await provider.tokens()
    _, thief = await provider.client()
    with pytest.raises(InvalidGrant):
        await provider.refresh(thief, first.refresh_token)
    with pytest.raises(InvalidGrant):
        await provider.refresh(credentials, first.refresh_token)


async def test_confidential_client_has_to_prove_itself(provider: Provider) -> None:
    _, credentials, _, _, first = await provider.tokens(BACKEND)
    with pytest.raises(InvalidClient):
        await provider.refresh(replace(credentials, method="none", secret=None), first.refresh_token)
    assert (await provider.refresh(credentials, first.refresh_token)).refresh_token is not None


async def test_disabled_user_gets_no_refresh_and_none_when_back(provider: Provider) -> None:
    """N18: a disabled object still works."""
    _, credentials, user, _, first = await provider.tokens()
    async with provider.ctx() as ctx:
        await provider.kit.users.set_state(ctx, user.id, "disabled")
    with pytest.raises(InvalidGrant):
        await provider.refresh(credentials, first.refresh_token)
    async with provider.ctx() as ctx:
        await provider.kit.users.set_state(ctx, user.id, "active")
    with pytest.raises(InvalidGrant):
        await provider.refresh(credentials, first.refresh_token)


async def test_ended_session_gets_no_refresh(provider: Provider) -> None:
    """N19: refresh after revocation."""
    _, credentials, _, session, first = await provider.tokens()
    async with provider.ctx() as ctx:
        await provider.kit.sessions.end(ctx, session.session.id)
    with pytest.raises(InvalidGrant):
        await provider.refresh(credentials, first.refresh_token)


async def test_disabled_client_gets_no_refresh_and_its_old_tokens_stay_dead(provider: Provider) -> None:
    """N18: disabled, then enabled again."""
    client, credentials, _, _, first = await provider.tokens()
    async with provider.ctx() as ctx:
        await provider.clients.disable(ctx, client.client_id)
    with pytest.raises(InvalidClient):
        await provider.refresh(credentials, first.refresh_token)
    async with provider.ctx() as ctx:
        await provider.clients.enable(ctx, client.client_id)
    with pytest.raises(InvalidGrant):
        await provider.refresh(credentials, first.refresh_token)


async def test_role_taken_away_is_gone_from_the_next_token(provider: Provider) -> None:
    """N19: role removed."""
    _, credentials, user, _, first = await provider.tokens()
    provider.roles.given[user.id] = ["administrator"]
    second = await provider.refresh(credentials, first.refresh_token)
    provider.roles.given[user.id] = []
    third = await provider.refresh(credentials, second.refresh_token)
    async with provider.ctx() as ctx:
        before = await provider.verifier.verify(ctx, second.access_token.reveal(), issuer=ISSUER, audience=API)
        after = await provider.verifier.verify(ctx, third.access_token.reveal(), issuer=ISSUER, audience=API)
    assert (before.roles, after.roles) == (("administrator",), ())


async def test_scope_can_be_narrowed_for_one_answer(provider: Provider) -> None:
    _, credentials, _, _, first = await provider.tokens()
    second = await provider.refresh(credentials, first.refresh_token, scope="notes:read")
    assert second.scope == {"notes:read"}
    assert (await provider.refresh(credentials, second.refresh_token)).scope == {"openid", "notes:read"}


@pytest.mark.parametrize("scope", ["notes:read notes:write", "unknown", "notes:read  openid", "notes:read\n"])
async def test_wider_or_malformed_scope_is_refused_and_spends_nothing(provider: Provider, scope: str) -> None:
    _, credentials, _, _, first = await provider.tokens()
    with pytest.raises(InvalidScope):
        await provider.refresh(credentials, first.refresh_token, scope=scope)
    second = await provider.refresh(credentials, first.refresh_token)
    assert (await provider.refresh(credentials, second.refresh_token)).refresh_token is not None


async def test_corrupted_or_truncated_token_is_refused_and_harms_nothing(provider: Provider) -> None:
    """N38."""
    _, credentials, _, _, first = await provider.tokens()
    assert first.refresh_token is not None
    text = first.refresh_token.reveal()
    for wrong in (text[:-1], text + "A", ("B" if text[0] == "A" else "A") + text[1:], "x" * 5000, text.swapcase()):
        with pytest.raises(InvalidGrant):
            await provider.refresh(credentials, Secret(wrong))
    assert isinstance(await provider.refresh(credentials, first.refresh_token), TokenResponse)


async def test_idle_token_is_refused(provider: Provider) -> None:
    _, credentials, _, _, first = await provider.tokens()
    with pytest.raises(InvalidGrant):
        await provider.refresh(credentials, first.refresh_token, later=timedelta(days=7, seconds=1))


async def test_missing_token_is_an_invalid_request(provider: Provider) -> None:
    _, credentials = await provider.client()
    with pytest.raises(InvalidRequest):
        await provider.exchange(credentials, {"grant_type": "refresh_token"})


@dataclass(frozen=True)
class Told:
    details: str


async def test_each_use_is_journalled_once(provider: Provider) -> None:
    """Which family, and for whom; in the transaction that rotated it."""
    client, credentials, user, _, first = await provider.tokens()
    second = await provider.refresh(credentials, first.refresh_token)
    await provider.refresh(credentials, second.refresh_token)
    async with provider.ctx() as ctx:
        statement = "select details from airside.audit_record where tenant_id = %s and event = %s and subject = %s"
        found = await ctx.tx.all(Told, statement, (ctx.tenant_id, Event.TOKEN_ISSUED.value, client.word))
    told = [loads_object(row.details.encode()) for row in found]
    assert sorted(str(each["grant"]) for each in told) == ["authorization_code", "refresh_token", "refresh_token"]
    assert {str(each["subject"]) for each in told} == {word(user)}
    assert len({str(each["family"]) for each in told}) == 1
