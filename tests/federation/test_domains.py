"""A tenant's domains, proven by a real name server."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from airside.audit import Journal
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, LimitExceeded, NotFound, Unavailable
from airside.federation import Domain, DomainChange, TenantDomains
from airside.federation import records_domains as records
from airside.fetch import DnsTextRecords
from airside.limits import PostgresLimiter
from airside.vault import Vault
from tests.federation.kit import FederationKit
from tests.fetch.name_server import NameServer, name_server
from tests.makers import MakeTenant


@pytest.fixture
async def dns() -> AsyncIterator[NameServer]:
    async with name_server() as server:
        yield server


@pytest.fixture
def domains(federation: FederationKit, vault: Vault, entropy: Entropy, dns: NameServer) -> TenantDomains:
    return TenantDomains(
        entropy=entropy,
        journal=Journal(vault=vault, entropy=entropy),
        limiter=PostgresLimiter(vault=vault),
        connections=federation.connections,
        texts=DnsTextRecords(dns.place),
        notices=federation.kit.notices,
    )


async def proven(
    federation: FederationKit, domains: TenantDomains, dns: NameServer, name: str = "example.com"
) -> Domain:
    """A domain whose record stands."""
    async with federation.begin() as ctx:
        domain = await domains.add(ctx, name)
    dns.records[domain.record_name] = ["something else", domain.record_value]
    async with federation.begin() as ctx:
        return await domains.verify(ctx, domain.id)


async def aged(federation: FederationKit, domain: Domain, days: float) -> None:
    """As if everything that is known of the domain were so many days older."""
    async with federation.begin() as ctx:
        found = await records.find(ctx, domain.id)
        assert found is not None
        age = timedelta(days=days)
        state = replace(
            found.state,
            seen_at=None if found.state.seen_at is None else found.state.seen_at - age,
            checked_at=None if found.state.checked_at is None else found.state.checked_at - age,
        )
        await records.update(ctx, replace(found, state=state))


async def test_domain_is_proven_by_its_record_and_nothing_else(
    federation: FederationKit, domains: TenantDomains, dns: NameServer
) -> None:
    async with federation.begin() as ctx:
        domain = await domains.add(ctx, "Example.COM")
        assert (domain.name, domain.record_name) == ("example.com", "_airside-challenge.example.com")
    for said in ([], [domain.challenge], [domain.record_value[:-1]], [domain.record_value + "x"]):
        dns.records[domain.record_name] = said
        async with federation.begin() as ctx:
            assert not (await domains.verify(ctx, domain.id)).verified
    dns.records[domain.record_name] = [domain.record_value]
    async with federation.begin() as ctx:
        assert (await domains.verify(ctx, domain.id)).verified


async def test_server_that_cannot_say_changes_nothing(
    federation: FederationKit, domains: TenantDomains, dns: NameServer
) -> None:
    domain = await proven(federation, domains, dns)
    dns.broken = True
    with pytest.raises(Unavailable):
        async with federation.begin() as ctx:
            await domains.verify(ctx, domain.id)
    async with federation.begin() as ctx:
        assert (await domains.get(ctx, domain.id)).verified


async def test_record_of_one_tenant_proves_nothing_to_another(
    federation: FederationKit, domains: TenantDomains, dns: NameServer, make_tenant: MakeTenant
) -> None:
    """N20: each tenant has a challenge of its own, and none sees another's domain."""
    domain = await proven(federation, domains, dns)
    other = await make_tenant()
    async with federation.kit.open_ctx(other) as ctx:
        theirs = await domains.add(ctx, "example.com")
        assert theirs.challenge != domain.challenge
        assert not (await domains.verify(ctx, theirs.id)).verified
    async with federation.kit.open_ctx(other) as ctx:
        with pytest.raises(NotFound):
            await domains.verify(ctx, domain.id)
        with pytest.raises(NotFound):
            await domains.update(ctx, domain.id, DomainChange(enforced=True))
        with pytest.raises(NotFound):
            await domains.delete(ctx, domain.id)


async def test_domain_is_added_once_and_only_where_it_can_be_ones_own(
    federation: FederationKit, domains: TenantDomains
) -> None:
    async with federation.begin() as ctx:
        await domains.add(ctx, "bücher.example.org")
        with pytest.raises(Conflict):
            await domains.add(ctx, "xn--bcher-kva.example.org")
        for name in ("gmail.com", "co.uk", "github.io", "corp.local"):
            with pytest.raises(InvalidInput):
                await domains.add(ctx, name)


async def test_connection_speaks_for_the_proven_domain_it_is_bound_to_alone(
    federation: FederationKit, domains: TenantDomains, dns: NameServer
) -> None:
    """N17: what isn't proven, or is another connection's, links nobody."""
    connection, other = await federation.connection(), await federation.connection()
    async with federation.begin() as ctx:
        unproven = await domains.add(ctx, "example.net")
        with pytest.raises(Conflict):
            await domains.update(ctx, unproven.id, DomainChange(connection_id=connection.id))
    domain = await proven(federation, domains, dns)
    async with federation.begin() as ctx:
        assert not await domains.covers(ctx, connection.id, "ada@example.com")
        await domains.update(ctx, domain.id, DomainChange(connection_id=connection.id))
        assert await domains.covers(ctx, connection.id, "ADA@EXAMPLE.com")
        assert not await domains.covers(ctx, other.id, "ada@example.com")
        for email in ("ada@sub.example.com", "ada@com", "ada@example.com.evil.org", "ada@example.com@evil.org", ""):
            assert not await domains.covers(ctx, connection.id, email)
        with pytest.raises(NotFound):
            await domains.update(ctx, domain.id, DomainChange(connection_id=uuid4()))


async def test_discovery_answers_by_the_domain_and_asks_of_nobody(
    federation: FederationKit, domains: TenantDomains, dns: NameServer
) -> None:
    """N15: who is here and who isn't lead to the same place; N18: a disabled connection leads nowhere."""
    connection = await federation.connection()
    await federation.kit.user("ada@example.com")
    domain = await proven(federation, domains, dns)
    async with federation.begin() as ctx:
        assert not await domains.offers(ctx)
        await domains.update(ctx, domain.id, DomainChange(connection_id=connection.id))
        assert await domains.offers(ctx)
        found = {await domains.discover(ctx, email) for email in ("ada@example.com", "nobody@example.com")}
        assert found == {connection.id}
        assert await domains.discover(ctx, "ada@example.org") is None
        await federation.connections.disable(ctx, connection.id)
        assert await domains.discover(ctx, "ada@example.com") is None
        assert not await domains.offers(ctx)


async def test_record_that_is_gone_for_days_loses_the_domain_and_tells_administrators(
    federation: FederationKit, domains: TenantDomains, dns: NameServer
) -> None:
    connection = await federation.connection()
    domain = await proven(federation, domains, dns)
    async with federation.begin() as ctx:
        await domains.update(ctx, domain.id, DomainChange(connection_id=connection.id, enforced=True))
        assert await domains.recheck(ctx) == 0, "it was looked at a moment ago"
    dns.records.clear()
    await aged(federation, domain, 1)
    async with federation.begin() as ctx:
        assert await domains.recheck(ctx) == 1
    assert federation.kit.notices.kinds == ["domain_missed"]
    await aged(federation, domain, 2.5)
    async with federation.begin() as ctx:
        assert await domains.recheck(ctx) == 1
    assert federation.kit.notices.kinds == ["domain_missed", "domain_lost"]
    async with federation.begin() as ctx:
        assert not await domains.covers(ctx, connection.id, "ada@example.com")
        assert await domains.discover(ctx, "ada@example.com") is None
        assert await federation.kit.enforcement.closes(ctx, "ada@example.com"), "its mail may be a stranger's by now"


async def test_only_a_proven_and_bound_domain_is_enforced(
    federation: FederationKit, domains: TenantDomains, dns: NameServer
) -> None:
    domain = await proven(federation, domains, dns)
    async with federation.begin() as ctx:
        with pytest.raises(Conflict):
            await domains.update(ctx, domain.id, DomainChange(enforced=True))
    connection = await federation.connection()
    async with federation.begin() as ctx:
        await domains.update(ctx, domain.id, DomainChange(connection_id=connection.id, enforced=True))
        with pytest.raises(Conflict):
            await domains.update(ctx, domain.id, DomainChange(unbind=True))
        with pytest.raises(Conflict):
            await domains.release(ctx, connection.id)
        await domains.update(ctx, domain.id, DomainChange(enforced=False))
        await domains.release(ctx, connection.id)
        assert (await domains.get(ctx, domain.id)).connection_id is None


async def test_name_servers_are_asked_only_so_often(
    federation: FederationKit, domains: TenantDomains, dns: NameServer
) -> None:
    async with federation.begin() as ctx:
        domain = await domains.add(ctx, "example.com")
        for _ in range(60):
            await domains.verify(ctx, domain.id)
        with pytest.raises(LimitExceeded):
            await domains.verify(ctx, domain.id)
    assert len(dns.asked) == 60
