"""Shredding a tenant: grace, cancel, the end, and whoever is killed on the way."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest

from airside.admin import OPERATOR
from airside.audit import Authority, verify_tenant
from airside.core.errors import Conflict, Inconsistent, InvalidInput, NotFound, Unavailable
from airside.custody import MAX_GRACE, Shredder, read_certificate
from airside.custody import records_shredding as records
from airside.custody.records_shredding import EMPTIED
from airside.store import RequestContext
from airside.store.catalogue import TABLES
from airside.tenancy import Draft
from airside.wiring.build import Services
from tests.running import Place, Running


@dataclass
class Archive:
    """A `KeyArchive` that remembers what it forgot, and can be away."""

    forgotten: list[tuple[UUID, frozenset[UUID]]] = field(default_factory=list[tuple[UUID, frozenset[UUID]]])
    away: bool = False

    async def forget(self, tenant_id: UUID, key_ids: Collection[UUID]) -> None:
        if self.away:
            raise Unavailable("archive")
        self.forgotten.append((tenant_id, frozenset(key_ids)))


@dataclass(frozen=True)
class Count:
    count: int


def shredder(services: Services, archive: Archive) -> Shredder:
    return Shredder(
        engine=services.engine,
        vault=services.vault,
        journal=services.journal,
        sequencer=services.sequencer,
        archive=archive,
        authority=Authority(vault=services.vault, entropy=services.entropy),
        entropy=services.entropy,
    )


async def condemn(place: Place, days: int = 0) -> UUID:
    """The tenant is to be shredded; who signs."""
    platform = place.server.services.platform
    authority = await platform.bootstrap()
    async with place.server.services.engine.begin(authority, principal=OPERATOR) as ctx:
        await platform.shred_tenant(ctx, place.slug, days)
    return authority


async def rows(place: Place, ctx: RequestContext) -> dict[str, int]:
    found: dict[str, int] = {}
    for table in ("tenant_key", *EMPTIED):
        counting = f"select count(*) as count from airside.{table} where tenant_id = %s"  # our own names
        row = await ctx.tx.one(Count, counting, (place.tenant_id,))
        if row is not None and row.count:
            found[table] = row.count
    return found


async def reached(place: Place) -> int:
    async with place.server.client() as http:
        return (await http.get(f"{place.issuer}/.well-known/openid-configuration")).status_code


def test_every_table_of_a_tenant_is_emptied_or_is_the_log_or_says_that_there_was_one() -> None:
    kept = {name for name, table in TABLES.items() if table.scope == "tenant"} - set(EMPTIED)
    assert {name for name in kept if not name.startswith("audit_")} == {"tenant", "tenant_shredding", "tenant_key"}
    assert [name for name in EMPTIED if "delete" not in TABLES[name].rights] == []


async def test_nobody_enters_a_condemned_tenant_and_cancelling_lets_them_in_again(server: Running) -> None:
    """N18: the state of the whole stands above every credential in it."""
    place, services = await server.tenant(), server.services
    await place.user("administrator")
    assert await reached(place) == 200
    authority = await condemn(place, 30)
    assert await reached(place) == 404
    assert await services.shredder.turn(place.tenant_id, authority) == "waiting"
    async with services.engine.begin(authority, principal=OPERATOR) as ctx:
        with pytest.raises(Conflict):
            await services.platform.shred_tenant(ctx, place.slug, 30)
        await services.platform.cancel_shredding(ctx, place.slug)
        with pytest.raises(NotFound):
            await services.platform.cancel_shredding(ctx, place.slug)
    assert await reached(place) == 200
    assert await services.shredder.turn(place.tenant_id, authority) is None


async def test_operators_themselves_and_grace_without_end_are_refused(server: Running) -> None:
    place, platform = await server.tenant(), server.services.platform
    async with server.services.engine.begin(await platform.bootstrap(), principal=OPERATOR) as ctx:
        for slug, days in (("platform", 30), (place.slug, -1), (place.slug, MAX_GRACE.days + 1)):
            with pytest.raises(InvalidInput):
                await platform.shred_tenant(ctx, slug, days)
        with pytest.raises(NotFound):
            await platform.shred_tenant(ctx, "nobody-at-all", 30)
    async with place.operator() as ctx:
        with pytest.raises(NotFound):
            await platform.shred_tenant(ctx, place.slug, 30)
    assert await reached(place) == 200


async def test_shredded_tenant_has_no_key_and_no_row_and_its_log_verifies_and_its_certificate_says_so(
    server: Running,
) -> None:
    place, other, services, archive = await server.tenant(), await server.tenant(), server.services, Archive()
    await asyncio.gather(*(place.user("administrator") for _ in range(3)))
    neighbour = await other.user("administrator")
    async with place.operator() as ctx:
        keys = {key.key_id for key in await records.keys(ctx)}
    authority = await condemn(place)
    assert await shredder(services, archive).turn(place.tenant_id, authority) == "finished"
    assert archive.forgotten == [(place.tenant_id, frozenset(keys))]
    async with services.engine.begin(place.tenant_id) as ctx:
        assert await rows(place, ctx) == {}
        report = await verify_tenant(ctx)
        with pytest.raises(Inconsistent):
            await services.vault.keyset(ctx)
    assert report.sound
    assert report.younger == 0
    async with services.engine.begin(authority, principal=OPERATOR) as ctx:
        found = await services.platform.shredding_of(ctx, place.slug)
        assert found.certificate is not None
        said = read_certificate(found.certificate)
        signing = await Authority(vault=services.vault, entropy=services.entropy).key(ctx)
        assert place.slug not in [address.slug for address in await services.platform.list_tenants(ctx)]
    assert said.thumbprint == signing.kid
    assert {key.key_id for key in said.certificate.keys} == keys
    assert (said.certificate.slug, said.certificate.people) == (place.slug, 3)
    assert report.head is not None
    assert (said.certificate.tree_size, said.certificate.root) == (report.head.tree_size, report.head.root)
    assert await reached(place) == 404
    assert await reached(other) == 200
    async with other.operator() as ctx:
        assert await services.users.get(ctx, neighbour.id) == neighbour


async def test_address_is_never_given_again(server: Running) -> None:
    place, platform = await server.tenant(), server.services.platform
    authority = await condemn(place)
    await server.services.shredder.turn(place.tenant_id, authority)
    async with server.services.engine.begin(authority, principal=OPERATOR) as ctx:
        with pytest.raises(Conflict):
            await platform.create_tenant(ctx, Draft(place.slug, "Another"))


async def test_eight_at_once_shred_once(server: Running) -> None:
    place, services, archive = await server.tenant(), server.services, Archive()
    authority = await condemn(place)
    turns = (shredder(services, archive).turn(place.tenant_id, authority) for _ in range(8))
    ends = await asyncio.gather(*turns, return_exceptions=True)
    assert "finished" in ends
    assert all(end == "finished" or isinstance(end, Unavailable) for end in ends)  # whom it is too much asks again
    assert {forgotten for _, forgotten in archive.forgotten} == {archive.forgotten[0][1]}
    async with services.engine.begin(authority, principal=OPERATOR) as ctx:
        found = await services.platform.shredding_of(ctx, place.slug)
    assert found.state == "finished"


async def test_archive_that_is_away_is_asked_again_and_until_then_nothing_is_called_finished(server: Running) -> None:
    place, services, archive = await server.tenant(), server.services, Archive(away=True)
    authority = await condemn(place)
    with pytest.raises(Unavailable):
        await shredder(services, archive).turn(place.tenant_id, authority)
    async with services.engine.begin(authority, principal=OPERATOR) as ctx:
        assert (await services.platform.shredding_of(ctx, place.slug)).state == "destroyed"
        with pytest.raises(NotFound):
            await services.platform.cancel_shredding(ctx, place.slug)
    assert place.tenant_id in [address.tenant_id for address in await services.lookup.leaving()]
    archive.away = False
    assert await shredder(services, archive).turn(place.tenant_id, authority) == "finished"
    assert len(archive.forgotten) == 1


async def test_nothing_is_emptied_of_a_tenant_that_has_keys_and_nothing_of_a_log_ever(server: Running) -> None:
    place, services = await server.tenant(), server.services
    await place.user("administrator")
    async with place.operator() as ctx:
        before = await rows(place, ctx)
        for table in EMPTIED:
            assert await records.empty(ctx, table, 10) == 0
    authority = await condemn(place, 1)
    async with place.operator() as ctx:
        for table in EMPTIED:
            assert await records.empty(ctx, table, 10) == 0
        assert (await rows(place, ctx)).items() >= before.items()
        await services.shredding.cancel(ctx)
    await condemn(place)
    assert await services.shredder.turn(place.tenant_id, authority) == "finished"
    async with services.engine.begin(place.tenant_id) as ctx:
        for table in ("audit_record", "audit_leaf", "tenant_address", "tenant_shredding", "migration", "nothing"):
            assert await records.empty(ctx, table, 10) == 0


async def test_grace_is_kept_to_the_second(server: Running) -> None:
    place, services = await server.tenant(), server.services
    await condemn(place, 30)
    now = services.clock.now()
    async with services.engine.begin(place.tenant_id, now=now + timedelta(days=29, hours=23)) as ctx:
        assert not await records.close(ctx)
    async with services.engine.begin(place.tenant_id, now=now + timedelta(days=30, minutes=1)) as ctx:
        assert await records.close(ctx)
        assert not await records.cancel(ctx)
