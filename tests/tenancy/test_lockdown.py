"""What is shut of a tenant: networks by their prefixes, and what a process remembers of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from uuid import UUID

import pytest

from airside.audit import Journal
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.principal import Origin, Principal
from airside.store import Engine, Listener
from airside.tenancy import Ban, Lockdown, Lockdowns
from airside.tenancy.model_lockdown import OPEN, read_network
from airside.vault import Vault
from tests.makers import MakeTenant, OpenContext

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADMIN = Principal("user", subject="user:usr_x")


def _shut(*networks: str) -> Lockdown:
    return Lockdown(bans=[Ban(UUID(int=0), ip_network(each), "user:x", NOW, NOW + HOUR) for each in networks])


@pytest.mark.parametrize(
    ("network", "address", "shut"),
    [
        ("192.0.2.0/24", "192.0.2.255", True),
        ("192.0.2.0/24", "192.0.3.0", False),
        ("192.0.2.7/32", "192.0.2.7", True),
        ("192.0.2.7/32", "192.0.2.8", False),
        ("192.0.2.0/24", "::ffff:192.0.2.1", True),
        ("2001:db8::/32", "2001:db8:ffff::1", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("::/8", "0.0.0.1", False),
        ("0.0.0.0/0", "198.51.100.1", True),
        ("192.0.2.0/24", "-", False),
    ],
)
def test_address_is_shut_out_by_its_own_network_alone(network: str, address: str, shut: bool) -> None:
    assert _shut(network).shuts_out(address, NOW) is shut
    assert not OPEN.shuts_out(address, NOW)


def test_ban_ends_by_itself_and_the_longer_of_two_counts() -> None:
    twice = Lockdown(
        bans=[
            Ban(UUID(int=1), ip_network("192.0.2.0/24"), "user:x", NOW, NOW + 2 * HOUR),
            Ban(UUID(int=2), ip_network("192.0.2.0/24"), "user:x", NOW, NOW + HOUR),
        ]
    )
    assert twice.shuts_out("192.0.2.1", NOW + HOUR)
    assert not twice.shuts_out("192.0.2.1", NOW + 2 * HOUR)


@pytest.mark.parametrize("text", ["", "x", "192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/24 ", "::1%lo"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_network(text)


def test_ipv4_written_as_ipv6_is_ipv4() -> None:
    assert read_network("::ffff:192.0.2.0/120") == ip_network("192.0.2.0/24")
    assert read_network("::ffff:0:0/96") == ip_network("0.0.0.0/0")


@pytest.mark.parametrize("text", ["::ffff:0:0/95", "::fffe:0:0/95", "::/80", "::/64", "::/8", "::/3"])
def test_network_around_ipv4_written_as_ipv6_is_refused(text: str) -> None:
    """It would be taken, shown, and shut out nobody."""
    with pytest.raises(InvalidInput):
        read_network(text)


@pytest.mark.parametrize("text", ["::/0", "::/2", "2000::/3", "2001:db8::/32", "64:ff9b::/96", "::1/128"])
def test_network_in_which_somebody_may_be_is_taken(text: str) -> None:
    assert read_network(text) == ip_network(text)


@pytest.fixture
def lockdowns(vault: Vault, clock: Clock, entropy: Entropy, make_listener: Callable[[], Listener]) -> Lockdowns:
    journal = Journal(vault=vault, entropy=entropy)
    return Lockdowns(listener=make_listener(), clock=clock, entropy=entropy, journal=journal)


async def test_node_that_hears_no_news_reads_every_time(
    lockdowns: Lockdowns, tenant_id: UUID, open_ctx: OpenContext
) -> None:
    async with open_ctx(tenant_id) as ctx:
        assert (await lockdowns.enter(ctx)).lock is None
        assert lockdowns.known(ctx) is None  # its listener never began
    async with open_ctx(tenant_id) as ctx:
        await lockdowns.lock(ctx.known_as(ADMIN))
    async with open_ctx(tenant_id) as ctx:
        lock = (await lockdowns.enter(ctx)).lock
        assert lock is not None
        assert lock.locked_by == ADMIN.subject
        with pytest.raises(Conflict):
            await lockdowns.lock(ctx)
        await lockdowns.unlock(ctx)
        with pytest.raises(Conflict):
            await lockdowns.unlock(ctx)


async def test_ban_of_everybody_or_of_ones_own_network_takes_force(
    lockdowns: Lockdowns, tenant_id: UUID, engine: Engine
) -> None:
    async with engine.begin(tenant_id, principal=ADMIN, origin=Origin("198.51.100.7")) as ctx:
        for wide in ("0.0.0.0/0", "0.0.0.0/7", "::/0", "198.51.100.0/24", "198.51.100.7"):
            with pytest.raises(Conflict):
                await lockdowns.ban(ctx, wide, HOUR)
        forced = await lockdowns.ban(ctx, "198.51.100.0/24", HOUR, force=True)
        other = await lockdowns.ban(ctx, "203.0.113.0/24", HOUR)
        for lifetime in (timedelta(), timedelta(days=31)):
            with pytest.raises(InvalidInput):
                await lockdowns.ban(ctx, "192.0.2.0/24", lifetime)
        assert {each.ban_id for each in (await lockdowns.stored(ctx)).bans} == {forced.ban_id, other.ban_id}
        await lockdowns.lift(ctx, forced.ban_id)
        with pytest.raises(NotFound):
            await lockdowns.lift(ctx, forced.ban_id)
        assert await lockdowns.sweep(ctx) == 0


async def test_ban_of_another_tenant_is_not_there(
    lockdowns: Lockdowns, tenant_id: UUID, make_tenant: MakeTenant, open_ctx: OpenContext
) -> None:
    async with open_ctx(tenant_id) as ctx:
        ban = await lockdowns.ban(ctx, "192.0.2.0/24", HOUR)
    other = await make_tenant()
    async with open_ctx(other) as ctx:
        assert (await lockdowns.stored(ctx)).bans == ()
        with pytest.raises(NotFound):
            await lockdowns.lift(ctx, ban.ban_id)
