"""The end-session endpoint's verbs: judged when asked, done once, and everybody who took part is told once."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import pytest

from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import CLIENT, SESSION, format_id
from airside.identity import Session
from airside.oauth import Client, ClientSettings, Logout, Participants
from airside.oauth.records_logout import LOGOUT_LIFETIME
from tests.makers import MakeTenant
from tests.oauth.provider import ISSUER, WEB, Provider

AFTER = "https://app.example.test/bye"
TOLD = replace(
    WEB,
    settings=ClientSettings(
        post_logout_redirect_uris=(AFTER,),
        backchannel_logout_uri="https://app.example.test/back",
        frontchannel_logout_uri="https://app.example.test/front?x=1",
        frontchannel_logout_session_required=True,
    ),
)
ITEMS = """
select about ->> 'client' as client, about ->> 'session' as session, subject from airside.outbox
where tenant_id = %s and way = 'logout' order by item_id
"""


@dataclass(frozen=True)
class Item:
    client: str
    session: str
    subject: UUID


@pytest.fixture
def participants(provider: Provider) -> Participants:
    return Participants(outbox=provider.kit.outbox)


@pytest.fixture
def logout(provider: Provider, participants: Participants) -> Logout:
    return Logout(
        lookup=provider.lookup,
        hints=provider.hints,
        sessions=provider.kit.sessions,
        participants=participants,
        entropy=provider.entropy,
    )


async def items(provider: Provider) -> list[Item]:
    async with provider.ctx() as ctx:
        return await ctx.tx.all(Item, ITEMS, (ctx.tenant_id,))


async def join(provider: Provider, participants: Participants, client: Client, session: Session) -> None:
    async with provider.ctx() as ctx:
        participants.join(ctx, client, session)


async def asked(provider: Provider, logout: Logout, **parameters: str) -> str:
    async with provider.ctx() as ctx:
        return await logout.begin(ctx, ISSUER, parameters)


async def test_request_is_done_by_one_of_fifty(provider: Provider, logout: Logout) -> None:
    word = await asked(provider, logout)

    async def finish() -> None:
        async with provider.ctx() as ctx:
            await logout.finish(ctx, ISSUER, word, None, confirmed=True)

    done = await asyncio.gather(*(finish() for _ in range(50)), return_exceptions=True)
    assert sum(each is None for each in done) == 1
    assert sum(isinstance(each, NotFound) for each in done) == 49


async def test_request_that_nobody_answers_expires_and_is_forgotten(provider: Provider, logout: Logout) -> None:
    word = await asked(provider, logout)
    async with provider.ctx(later=LOGOUT_LIFETIME) as ctx:
        for verb in (logout.look(ctx, word), logout.finish(ctx, ISSUER, word, None, confirmed=True)):
            with pytest.raises(NotFound):
                await verb
        assert await logout.sweep(ctx) == 1


async def test_request_of_another_tenant_is_not_there(
    provider: Provider, logout: Logout, make_tenant: MakeTenant
) -> None:
    """N20."""
    word = await asked(provider, logout)
    async with provider.kit.open_ctx(await make_tenant()) as ctx:
        with pytest.raises(NotFound):
            await logout.look(ctx, word)


async def test_address_that_is_taken_away_meanwhile_leads_nowhere(provider: Provider, logout: Logout) -> None:
    """N10, N18."""
    client, _ = await provider.client(TOLD)
    word = await asked(provider, logout, client_id=client.word, post_logout_redirect_uri=AFTER)
    async with provider.ctx() as ctx:
        await provider.clients.disable(ctx, client.client_id)
        done = await logout.finish(ctx, ISSUER, word, None, confirmed=True)
    assert (done.client, done.onward) == (None, None)


@pytest.mark.parametrize("client_id", ["cli_", "x", "cli_" + "0" * 26])
async def test_client_that_is_none_is_refused(provider: Provider, logout: Logout, client_id: str) -> None:
    with pytest.raises(InvalidInput):
        await asked(provider, logout, client_id=client_id)


async def test_end_of_a_session_is_told_to_each_once_by_whoever_ends_it_first(
    provider: Provider, participants: Participants, logout: Logout
) -> None:
    """Back-Channel Logout 1.0 §2.1: of fifty who end it at once."""
    one, _ = await provider.client(TOLD)
    two, _ = await provider.client(TOLD)
    user, started, _ = await provider.signed_in()
    for client in (one, two, one):
        await join(provider, participants, client, started.session)

    async def end() -> None:
        async with provider.ctx() as ctx:
            await provider.kit.sessions.end(ctx, started.session.id)

    ended = await asyncio.gather(*(end() for _ in range(50)), return_exceptions=True)
    assert sum(each is None for each in ended) == 1
    session = format_id(SESSION, started.session.id)
    assert {(item.client, item.session, item.subject) for item in await items(provider)} == {
        (client.word, session, user.id) for client in (one, two)
    }
    assert len(await items(provider)) == 2


async def test_code_of_the_last_moment_is_made_up_for_by_the_sweep(
    provider: Provider, participants: Participants
) -> None:
    """Whoever joins while the session ends is told as well, once."""
    client, _ = await provider.client(TOLD)
    _, started, _ = await provider.signed_in()
    async with provider.ctx() as ctx:
        await provider.kit.sessions.end(ctx, started.session.id)
    await join(provider, participants, client, started.session)

    async def sweep() -> int:
        async with provider.ctx() as ctx:
            return await participants.sweep(ctx)

    assert sum(await asyncio.gather(*(sweep() for _ in range(20)))) == 1
    assert [item.client for item in await items(provider)] == [format_id(CLIENT, client.client_id)]


async def test_live_session_is_left_alone_by_the_sweep(provider: Provider, participants: Participants) -> None:
    client, _ = await provider.client(TOLD)
    _, started, _ = await provider.signed_in()
    await join(provider, participants, client, started.session)
    async with provider.ctx() as ctx:
        assert await participants.sweep(ctx) == 0
        assert [each.word for each in await participants.of(ctx, started.session.id)] == [client.word]
    async with provider.ctx(later=timedelta(days=60)) as ctx:
        assert await participants.sweep(ctx) == 1


async def test_frames_carry_issuer_and_session_where_the_client_wants_them(
    provider: Provider, participants: Participants, logout: Logout
) -> None:
    """Front-Channel Logout 1.0 §2."""
    client, _ = await provider.client(TOLD)
    _, started, _ = await provider.signed_in()
    await join(provider, participants, client, started.session)
    async with provider.ctx() as ctx:
        (frame,) = await logout.end(ctx, ISSUER, started.session)
    session = format_id(SESSION, started.session.id)
    assert frame == (f"https://app.example.test/front?x=1&iss=https%3A%2F%2Fid.example.test%2Ft%2Facme&sid={session}")
