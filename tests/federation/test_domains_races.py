"""Domains that many change at once: what may happen once happens once, and nobody is left with no way in."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import pytest

from airside.audit import Event
from airside.core.errors import Conflict, NotFound, Refusal
from airside.federation import Connection, ConnectionDraft, Domain, DomainChange, TenantDomains
from airside.federation.model import MAX_CONNECTIONS
from airside.federation.model_domains import MAX_BREAK_GLASS, MAX_DOMAINS
from airside.store import RequestContext
from tests.federation.kit import OIDC, FederationKit
from tests.federation.test_domains import NameServer, dns, domains, proven

__all__ = ["dns", "domains"]

EVENTS = "select event from airside.audit_record where tenant_id = %s and event = %s"
PASSING = "select user_id as event from airside.break_glass where tenant_id = %s and %s <> ''"
AT_ONCE = 50


@dataclass(frozen=True)
class _Row:
    event: object


async def count(federation: FederationKit, event: str, query: str = EVENTS) -> int:
    async with federation.begin() as ctx:
        return len(await ctx.tx.all(_Row, query, (ctx.tenant_id, event)))


async def at_once(
    federation: FederationKit, *verbs: Callable[[RequestContext], Awaitable[object]]
) -> list[object | BaseException]:
    """Each in a transaction of its own; what came of it."""

    async def one(verb: Callable[[RequestContext], Awaitable[object]]) -> object:
        async with federation.begin() as ctx:
            return await verb(ctx)

    return await asyncio.gather(*(one(verb) for verb in verbs), return_exceptions=True)


async def test_fifty_who_add_one_domain_at_once_make_one(federation: FederationKit, domains: TenantDomains) -> None:
    came = await at_once(federation, *[partial(domains.add, name="example.com")] * AT_ONCE)
    assert sum(isinstance(each, Domain) for each in came) == 1
    assert sum(isinstance(each, Conflict) for each in came) == AT_ONCE - 1
    assert await count(federation, Event.DOMAIN_ADDED) == 1


async def test_fifty_who_add_domains_at_once_fill_the_tenant_and_no_more(
    federation: FederationKit, domains: TenantDomains
) -> None:
    free = 3
    async with federation.begin() as ctx:
        for number in range(MAX_DOMAINS - free):
            await domains.add(ctx, f"there-{number}.example.com")
    came = await at_once(
        federation, *(partial(domains.add, name=f"more-{number}.example.com") for number in range(AT_ONCE))
    )
    assert sum(isinstance(each, Domain) for each in came) == free
    assert sum(isinstance(each, Conflict) for each in came) == AT_ONCE - free
    assert await count(federation, Event.DOMAIN_ADDED) == MAX_DOMAINS


async def test_fifty_who_make_connections_at_once_fill_the_tenant_and_no_more(federation: FederationKit) -> None:
    free = 3
    draft = ConnectionDraft("Example", OIDC)
    async with federation.begin() as ctx:
        for _ in range(MAX_CONNECTIONS - free):
            await federation.connections.create(ctx, draft)
    came = await at_once(federation, *[partial(federation.connections.create, draft=draft)] * AT_ONCE)
    assert sum(isinstance(each, Connection) for each in came) == free
    assert sum(isinstance(each, Conflict) for each in came) == AT_ONCE - free
    assert await count(federation, Event.CONNECTION_CREATED) == MAX_CONNECTIONS


async def test_fifty_who_look_for_one_proof_at_once_prove_it_once(
    federation: FederationKit, domains: TenantDomains, dns: NameServer
) -> None:
    async with federation.begin() as ctx:
        domain = await domains.add(ctx, "example.com")
    dns.records[domain.record_name] = [domain.record_value]
    came = await at_once(federation, *[partial(domains.verify, domain_id=domain.id)] * AT_ONCE)
    assert all(isinstance(each, Domain) and each.verified for each in came)
    assert await count(federation, Event.DOMAIN_VERIFIED) == 1


async def test_fifty_who_bind_one_domain_at_once_write_it_down_once(
    federation: FederationKit, domains: TenantDomains, dns: NameServer
) -> None:
    domain, connection = await proven(federation, domains, dns), await federation.connection()
    change = DomainChange(connection_id=connection.id, enforced=True)
    came = await at_once(federation, *[partial(domains.update, domain_id=domain.id, change=change)] * AT_ONCE)
    assert all(isinstance(each, Domain) and each.enforced for each in came)
    assert await count(federation, Event.DOMAIN_UPDATED) == 1


async def deleted(
    ctx: RequestContext, federation: FederationKit, domains: TenantDomains, connection: Connection
) -> None:
    """As an administrator deletes one."""
    await federation.connections.hold(ctx, connection.id, alone=True)
    await domains.release(ctx, connection.id)
    await federation.connections.delete(ctx, connection.id)


async def test_connection_that_a_domain_is_just_being_enforced_through_is_not_deleted(
    federation: FederationKit, domains: TenantDomains, dns: NameServer
) -> None:
    domain, connection = await proven(federation, domains, dns), await federation.connection()
    async with federation.begin() as ctx:
        await domains.update(ctx, domain.id, DomainChange(connection_id=connection.id))
    delete = partial(deleted, federation=federation, domains=domains, connection=connection)
    async with federation.begin() as ctx:
        await domains.update(ctx, domain.id, DomainChange(enforced=True))
        deleting = asyncio.create_task(at_once(federation, delete))
        await asyncio.sleep(0.2)
    (came,) = await deleting
    assert isinstance(came, Conflict)


@pytest.mark.parametrize("bound", [False, True])
async def test_domain_never_enforces_a_connection_that_is_gone(
    federation: FederationKit, domains: TenantDomains, dns: NameServer, bound: bool
) -> None:
    """One binds and enforces, or only enforces, while the other deletes: one of them is refused in words."""
    for number in range(10):
        name = f"example-{number}.com"
        domain, connection = await proven(federation, domains, dns, name), await federation.connection()
        if bound:
            async with federation.begin() as ctx:
                await domains.update(ctx, domain.id, DomainChange(connection_id=connection.id))

        delete = partial(deleted, federation=federation, domains=domains, connection=connection)
        change = DomainChange(connection_id=None if bound else connection.id, enforced=True)
        came = await at_once(federation, partial(domains.update, domain_id=domain.id, change=change), delete)
        refused = [each for each in came if isinstance(each, BaseException)]
        assert len(refused) == 1, came
        assert isinstance(refused[0], Conflict | NotFound), came
        async with federation.begin() as ctx:
            after = await domains.get(ctx, domain.id)
            there = [each.id for each in await federation.connections.list(ctx)]
        assert after.enforced is (connection.id in there)


async def test_fifty_who_are_named_at_once_are_no_more_than_may_pass(federation: FederationKit) -> None:
    people = [await federation.kit.user(f"a{number}@example.com") for number in range(AT_ONCE)]
    enforcement = federation.kit.enforcement
    came = await at_once(federation, *(partial(enforcement.let_pass, user_id=person.id) for person in people))
    assert sum(not isinstance(each, Refusal) for each in came) == MAX_BREAK_GLASS, came
    assert await count(federation, "x", PASSING) == MAX_BREAK_GLASS
