"""An invitation that nobody finished leaves nothing behind that opens, and takes nothing that somebody took over."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest

from airside.core.errors import Conflict, NotFound, Unauthenticated
from airside.core.secret import Secret
from airside.federation import Connection, ConnectionChange, DomainChange, Setup, SetupDraft, SetupTest, records_setup
from tests.federation.test_setup import GIVEN, begun
from tests.running import Place

DRAFT = SetupDraft("Contoso", "it@contoso.example", provisions=True)
PROVEN = """
update airside.tenant_domain set verified_at = created_at, seen_at = created_at, checked_at = created_at
where tenant_id = %s and domain_id = %s
"""
OVER = "update airside.setup_invitation set expires_at = %s where tenant_id = %s and setup_id = %s"
TESTED = "select test_sealed from airside.setup_invitation where tenant_id = %s and setup_id = %s"

Ending = Callable[[Place, Setup], Awaitable[None]]


@dataclass(frozen=True)
class _Tested:
    test_sealed: bytes | None


@dataclass(frozen=True)
class Left:
    """What somebody made and went away from."""

    setup: Setup
    secret: Secret[str]
    connection: Connection
    domains: tuple[UUID, ...]
    token: Secret[str]
    theirs: Secret[str]
    """An administrator's, of the same connection."""


async def left(place: Place) -> Left:
    services = place.server.services
    setup, secret = await begun(place, DRAFT)
    async with place.operator() as ctx:
        await services.setup_portal.choose(ctx, await services.setups.enter(ctx, secret), "other", "oidc")
        made = await services.setup_portal.set_oidc(ctx, await services.setups.enter(ctx, secret), GIVEN)
        for name in ("one.example.com", "two.example.com"):
            await services.setup_domains.add(ctx, await services.setups.enter(ctx, secret), name)
        access = await services.setups.enter(ctx, secret)
        token = await services.setup_directory.create(ctx, access)
        _, theirs = await services.scim_tokens.create(ctx, made.id, lifetime=timedelta(days=1))
        test = SetupTest(ctx.now, subject="subject-1")
        assert await records_setup.keep_test(ctx, await services.vault.keyset(ctx), setup.id, test)
    return Left(setup, secret, made, access.setup.domain_ids, token, theirs)


async def kept_of(place: Place, setup: Setup) -> bytes | None:
    """What is kept of the last test."""
    async with place.operator() as ctx:
        (row,) = await ctx.tx.all(_Tested, TESTED, (ctx.tenant_id, setup.id))
    return row.test_sealed


async def revoked(place: Place, setup: Setup) -> None:
    async with place.operator() as ctx:
        await place.server.services.setup_admin.revoke(ctx, setup.id)


async def expired(place: Place, setup: Setup) -> None:
    async with place.operator() as ctx:
        await ctx.tx.run(OVER, (ctx.now - timedelta(seconds=1), ctx.tenant_id, setup.id))
        assert await place.server.services.setup_endings.sweep(ctx) == 1
        assert await place.server.services.setup_endings.sweep(ctx) == 0
        assert (await place.server.services.setups.get(ctx, setup.id)).state == "expired"


async def bound(place: Place, made: Left) -> UUID:
    """An administrator leads a domain of theirs to the connection."""
    services = place.server.services
    async with place.operator() as ctx:
        await ctx.tx.run(PROVEN, (ctx.tenant_id, made.domains[0]))
        await services.domains.update(ctx, made.domains[0], DomainChange(connection_id=made.connection.id))
    return made.domains[0]


async def opens(place: Place, token: Secret[str]) -> bool:
    async with place.operator() as ctx:
        try:
            await place.server.services.scim_tokens.authenticate(ctx, [f"Bearer {token.reveal()}"])
        except Unauthenticated:
            return False
    return True


async def there(place: Place, made: Left) -> tuple[bool, set[UUID], tuple[bool, bool]]:
    """Whether the connection is there, which domains are, and whether its own SCIM token opens and an
    administrator's."""
    services = place.server.services
    async with place.operator() as ctx:
        connections = [each.id for each in await services.connections.list(ctx)]
        domains = {each.id for each in await services.domains.list(ctx)}
    tokens = await opens(place, made.token), await opens(place, made.theirs)
    return made.connection.id in connections, domains, tokens


@pytest.mark.parametrize("end", [revoked, expired])
async def test_what_was_made_by_it_goes_with_it(place: Place, end: Ending) -> None:
    """N18: connection, domains, SCIM token and what a test brought; the secret opens nothing."""
    made = await left(place)
    assert await there(place, made) == (True, set(made.domains), (True, True))
    assert await kept_of(place, made.setup) is not None
    await end(place, made.setup)
    assert await there(place, made) == (False, set(), (False, False))
    assert await kept_of(place, made.setup) is None
    async with place.operator() as ctx:
        with pytest.raises(NotFound):
            await place.server.services.setups.enter(ctx, made.secret)


@pytest.mark.parametrize("end", [revoked, expired])
async def test_connection_that_a_domain_leads_to_stays_without_the_tokens_it_made(place: Place, end: Ending) -> None:
    """N18: what the invitation made opens nothing; what an administrator made is theirs."""
    made = await left(place)
    domain_id = await bound(place, made)
    await end(place, made.setup)
    assert await there(place, made) == (True, {domain_id}, (False, True))


@pytest.mark.parametrize("end", [revoked, expired])
async def test_connection_that_the_sign_in_page_shows_stays_without_the_tokens_it_made(
    place: Place, end: Ending
) -> None:
    made = await left(place)
    async with place.operator() as ctx:
        change = ConnectionChange(shown=True)
        await place.server.services.connections.update(ctx, made.connection.id, change)
    await end(place, made.setup)
    assert await there(place, made) == (True, set(), (False, True))


async def test_what_is_finished_stays_whole_and_its_test_is_forgotten(place: Place) -> None:
    services = place.server.services
    made = await left(place)
    async with place.operator() as ctx:
        await services.setup_portal.finish(ctx, await services.setups.enter(ctx, made.secret))
    with pytest.raises(Conflict):
        await revoked(place, made.setup)
    async with place.operator() as ctx:
        await ctx.tx.run(OVER, (ctx.now - timedelta(seconds=1), ctx.tenant_id, made.setup.id))
        assert await services.setup_endings.sweep(ctx) == 0
    assert await kept_of(place, made.setup) is None
    assert await there(place, made) == (True, set(made.domains), (True, True))


async def test_one_that_nobody_began_or_that_made_nothing_ends_all_the_same(place: Place) -> None:
    for _ in range(2):
        setup, _ = await begun(place, DRAFT)
        await revoked(place, setup)
    setup, _ = await begun(place, DRAFT)
    await expired(place, setup)


async def test_fifty_who_revoke_at_once_end_it_once(place: Place) -> None:
    """Whoever is second finds it settled, and the connection gone once."""
    made = await left(place)
    gate = asyncio.Semaphore(8)  # as many as the pool lets through at once

    async def revoke() -> bool:
        async with gate:
            try:
                await revoked(place, made.setup)
            except Conflict:
                return False
            return True

    assert sum(await asyncio.gather(*(revoke() for _ in range(50)))) == 1
    assert await there(place, made) == (False, set(), (False, False))
