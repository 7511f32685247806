"""Secrets by path: check-and-set, versions, leases, rotation, and a record of every reading."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from airside.audit import Journal
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, NotFound, TooLarge
from airside.core.secret import Secret
from airside.secrets import SecretStore
from airside.secrets.stored import KEPT_VERSIONS, MAX_METADATA, MAX_VALUE
from airside.store import Engine
from airside.vault import Unopenable, Vault
from tests.makers import Database, MakeTenant, OpenContext

PATH = "billing/stripe/api-key"
DAY = timedelta(days=1)


class Later:
    """The true clock, so many days ahead."""

    def __init__(self, clock: Clock, ahead: timedelta) -> None:
        self._clock, self._ahead = clock, ahead

    def now(self) -> datetime:
        return self._clock.now() + self._ahead

    def monotonic(self) -> float:
        return self._clock.monotonic()


@pytest.fixture
def store(vault: Vault, entropy: Entropy, journal: Journal) -> SecretStore:
    return SecretStore(vault=vault, entropy=entropy, journal=journal)


def events(dsn: str, tenant_id: UUID) -> list[tuple[str, str, str]]:
    """What the journal says of secrets: event, path and details."""
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            "select event, subject, details from airside.audit_record"
            " where tenant_id = %s and event like 'vault:%%' order by at, record_id",
            (tenant_id,),
        ).fetchall()


async def test_secret_is_written_read_and_followed_by_another(
    store: SecretStore, open_ctx: OpenContext, tenant_id: UUID, superuser_dsn: str
) -> None:
    async with open_ctx(tenant_id) as ctx:
        assert await store.put(ctx, PATH, Secret("one"), metadata={"owner": "billing"}) == 1
    async with open_ctx(tenant_id) as ctx:
        assert await store.put(ctx, PATH, Secret("two")) == 2
    async with open_ctx(tenant_id) as ctx:
        assert (await store.read(ctx, PATH)).value.reveal() == "two"
        assert (await store.read(ctx, PATH, version=1)).value.reveal() == "one"
        (listed,) = await store.list(ctx, "billing")
    assert (listed.path, listed.version, listed.metadata) == (PATH, 2, {"owner": "billing"})
    told = events(superuser_dsn, tenant_id)
    assert [event for event, _, _ in told] == ["vault:stored_secret:written"] * 2 + ["vault:stored_secret:read"] * 2
    assert {path for _, path, _ in told} == {PATH}
    assert not any("one" in details or "two" in details for _, _, details in told)


async def test_of_fifty_check_and_sets_at_once_one_wins(
    store: SecretStore, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    async def put(number: int, expected: int) -> int | None:
        async with open_ctx(tenant_id) as ctx:
            try:
                return await store.put(ctx, PATH, Secret(str(number)), expected=expected)
            except Conflict:
                return None

    for expected in (0, 1):
        made = await asyncio.gather(*(put(number, expected) for number in range(50)))
        assert sorted(each for each in made if each is not None) == [expected + 1]
    async with open_ctx(tenant_id) as ctx:
        with pytest.raises(Conflict):
            await store.put(ctx, PATH, Secret("x"), expected=7)
        with pytest.raises(Conflict):
            await store.put(ctx, "never/there", Secret("x"), expected=1)


async def test_deleted_version_comes_back_and_destroyed_one_never_does(
    store: SecretStore, open_ctx: OpenContext, tenant_id: UUID, superuser_dsn: str
) -> None:
    """N18."""
    async with open_ctx(tenant_id) as ctx:
        await store.put(ctx, PATH, Secret("one"))
        await store.delete(ctx, PATH, 1)
        with pytest.raises(NotFound):
            await store.read(ctx, PATH)
        with pytest.raises(NotFound):
            await store.delete(ctx, PATH, 1)
        await store.restore(ctx, PATH, 1)
        assert (await store.read(ctx, PATH)).value.reveal() == "one"
        await store.destroy(ctx, PATH, 1)
        for verb in (store.delete, store.restore, store.destroy):
            with pytest.raises(NotFound):
                await verb(ctx, PATH, 1)
        with pytest.raises(NotFound):
            await store.read(ctx, PATH, version=1)
    with psycopg.connect(superuser_dsn) as connection:
        rows = connection.execute(
            "select value_sealed from airside.app_secret_version where tenant_id = %s", (tenant_id,)
        ).fetchall()
    assert rows == [(None,)]


@pytest.mark.parametrize(
    "path", ["", "/", "a/", "/a", "a//b", "../a", "a/..", "A", "a b", "a" * 201, "/".join("abcdefghi")]
)
async def test_paths_that_no_secret_has_are_refused(
    store: SecretStore, open_ctx: OpenContext, tenant_id: UUID, path: str
) -> None:
    """N32."""
    async with open_ctx(tenant_id) as ctx:
        for asked in (store.put(ctx, path, Secret("x")), store.read(ctx, path), store.get(ctx, path)):
            with pytest.raises(InvalidInput):
                await asked


async def test_oversized_values_and_metadata_are_refused(
    store: SecretStore, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    async with open_ctx(tenant_id) as ctx:
        with pytest.raises(TooLarge):
            await store.put(ctx, PATH, Secret("x" * (MAX_VALUE + 1)))
        with pytest.raises(InvalidInput):
            await store.put(ctx, PATH, Secret("x"), metadata={"a": "x" * MAX_METADATA})
        with pytest.raises(NotFound):
            await store.get(ctx, PATH)


async def test_listing_of_a_path_has_what_is_below_it_and_no_namesake(
    store: SecretStore, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    async with open_ctx(tenant_id) as ctx:
        for path in ("a/b", "a/b/c", "a/bc", "ab"):
            await store.put(ctx, path, Secret("x"))
        assert [each.path for each in await store.list(ctx, "a/b")] == ["a/b", "a/b/c"]
        assert len(await store.list(ctx)) == 4


async def test_lease_is_renewed_by_its_holder_until_its_version_is_gone(
    store: SecretStore, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    async with open_ctx(tenant_id) as ctx:
        await store.put(ctx, PATH, Secret("one"))
        lease = (await store.read(ctx, PATH, lease=timedelta(minutes=5))).lease
        assert lease is not None
        assert lease.current
        renewed = await store.renew(ctx, PATH, lease.lease_id, timedelta(hours=1))
        assert renewed.expires_at == ctx.now + timedelta(hours=1)
        await store.put(ctx, PATH, Secret("two"))
        assert not (await store.renew(ctx, PATH, lease.lease_id, timedelta(hours=1))).current
        other = ctx.known_as(type(ctx.principal)("client", "client:cli_other"))
        with pytest.raises(NotFound):
            await store.renew(other, PATH, lease.lease_id, timedelta(hours=1))
        with pytest.raises(NotFound):
            await store.renew(ctx, "another", lease.lease_id, timedelta(hours=1))
        await store.delete(ctx, PATH, 1)
        with pytest.raises(NotFound):
            await store.renew(ctx, PATH, lease.lease_id, timedelta(hours=1))
        await store.revoke(ctx, PATH, lease.lease_id)
        with pytest.raises(NotFound):
            await store.revoke(ctx, PATH, lease.lease_id)
        for wrong in (timedelta(0), timedelta(days=2)):
            with pytest.raises(InvalidInput):
                await store.read(ctx, PATH, lease=wrong)


async def test_old_versions_go_as_new_ones_come_but_for_what_somebody_holds(
    store: SecretStore, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    async with open_ctx(tenant_id) as ctx:
        for number in (1, 2):
            await store.put(ctx, PATH, Secret(str(number)))
        await store.read(ctx, PATH, version=1, lease=DAY)
        for number in range(3, KEPT_VERSIONS + 4):
            await store.put(ctx, PATH, Secret(str(number)))
        _, found = await store.versions(ctx, PATH)
    assert [each.version for each in found if each.state == "destroyed"] == [3, 2]


async def test_rotation_is_due_in_its_time_and_many_processes_do_it_once(
    store: SecretStore,
    open_ctx: OpenContext,
    tenant_id: UUID,
    superuser_dsn: str,
    database: Database,
    entropy: Entropy,
    clock: Clock,
) -> None:
    async with open_ctx(tenant_id) as ctx:
        await store.put(ctx, PATH, Secret("one"))
        await store.schedule(ctx, PATH, 7)
        await store.sweep(ctx)
        assert (await store.get(ctx, PATH)).version == 1
    async with Engine(database.app, clock=Later(clock, 8 * DAY), entropy=entropy) as later:

        async def sweep() -> None:
            async with later.begin(tenant_id) as ctx:
                await store.sweep(ctx)

        await asyncio.gather(*(sweep() for _ in range(8)))
        async with later.begin(tenant_id) as ctx:
            assert (await store.get(ctx, PATH)).version == 2
            assert len((await store.read(ctx, PATH)).value.reveal()) == 43
            await store.schedule(ctx, PATH, None)
    assert "vault:stored_secret:rotated" in [event for event, _, _ in events(superuser_dsn, tenant_id)]


async def test_values_that_trade_places_open_nothing(
    store: SecretStore, open_ctx: OpenContext, make_tenant: MakeTenant, superuser_dsn: str
) -> None:
    """N20: not between secrets of one tenant, and not between tenants."""
    one, other = await make_tenant(), await make_tenant()
    for tenant, path in ((one, "a"), (one, "b"), (other, "c")):
        async with open_ctx(tenant) as ctx:
            await store.put(ctx, path, Secret(path))
    for source, path in ((one, "a"), (other, "b")):
        with psycopg.connect(superuser_dsn) as connection:
            connection.execute(
                "update airside.app_secret_version v set value_sealed = o.value_sealed"
                " from airside.app_secret_version o, airside.app_secret s where v.tenant_id = %s"
                " and s.tenant_id = v.tenant_id and s.secret_id = v.secret_id and s.path = %s"
                " and o.tenant_id = %s and o.secret_id <> v.secret_id",
                (one, path, source),
            )
        async with open_ctx(one) as ctx:
            with pytest.raises(Unopenable):
                await store.read(ctx, path)
