"""The system model: what the catalogue says, and how a tenant of an older build comes by it."""

import asyncio
import re

import pytest

from airside.core.ids import TENANT, format_id
from airside.permissions import Filter, Question, TupleKey
from airside.permissions.language import from_json, parse, to_json
from airside.permissions.refusals import UnknownWord
from airside.tenancy import PERMISSIONS, RELATIONS, RoleDraft, Tenants
from airside.tenancy.system_model import FORMER, SYSTEM_MODEL, is_former
from tests.running import Place
from tests.trips.manager import manage, program_token

YOUNGER = SYSTEM_MODEL + "    define can_fly: [client, role#assignee] or administrator\n"


async def is_model(place: Place, text: str) -> None:
    """Make `text` the tenant's system model, as another build would have."""
    services = place.server.services
    async with place.operator() as ctx:
        store_id = (await services.tenants.current(ctx)).system_store_id
        await services.permissions.models.write(ctx, store_id, text)


async def models(place: Place) -> list[object]:
    """Every system model of the tenant, newest first, as JSON."""
    services = place.server.services
    async with place.operator() as ctx:
        store_id = (await services.tenants.current(ctx)).system_store_id
        return [to_json(each.model) for each in await services.permissions.models.list(ctx, store_id, limit=50)]


def another_process(place: Place) -> Tenants:
    """One that has seen no tenant yet."""
    services = place.server.services
    return Tenants(
        vault=services.vault,
        keys=services.keys,
        permissions=services.permissions,
        journal=services.journal,
        clock=services.clock,
    )


def test_every_permission_is_a_relation_of_the_model_and_no_other_is() -> None:
    said = re.findall(r"define (can_\w+): \[client, role#assignee\] or administrator\n", SYSTEM_MODEL)
    assert tuple(said) == RELATIONS
    assert len(set(RELATIONS)) == len(PERMISSIONS) == SYSTEM_MODEL.count("define can_")


def test_only_what_an_older_build_wrote_is_former() -> None:
    assert [is_former(from_json(to_json(parse(text)))) for text in FORMER] == [True] * len(FORMER)
    assert not is_former(parse(SYSTEM_MODEL))
    assert not is_former(parse(YOUNGER))


@pytest.mark.parametrize("former", FORMER)
async def test_tenant_of_an_older_build_has_roles_at_its_first_request(place: Place, former: str) -> None:
    await is_model(place, former)
    services = place.server.services
    async with place.operator() as ctx:
        store_id = (await services.tenants.current(ctx)).system_store_id
        question = Question(store_id, "user:x", "can_manage_signals", f"tenant:{format_id(TENANT, place.tenant_id)}")
        with pytest.raises(UnknownWord):
            await services.permissions.engine.check(ctx, question)
    token = await program_token(place, "users:read")
    assert (await manage(place, token, "GET", "/users")).status_code == 200
    assert (await manage(place, await program_token(place, "policies:read"), "GET", "/policies")).status_code == 200
    async with place.operator() as ctx:
        assert await services.role_admin.list(ctx) == []
    assert (await models(place))[0] == to_json(parse(SYSTEM_MODEL))


async def test_members_of_an_older_build_stay_what_they_were(place: Place) -> None:
    await is_model(place, FORMER[0])
    user = await place.user("administrator")
    async with place.operator() as ctx:
        await another_process(place).enter(ctx)
    async with place.operator() as ctx:
        assert await place.server.services.member_admin.roles(ctx, user.id) == ["administrator", "member"]


async def test_many_processes_write_the_newer_model_once(place: Place) -> None:
    await is_model(place, FORMER[-1])
    before = len(await models(place))

    async def enter(tenants: Tenants) -> None:
        async with place.operator() as ctx:
            await tenants.enter(ctx)

    await asyncio.gather(*(enter(another_process(place)) for _ in range(8)))
    found = await models(place)
    assert len(found) == before + 1
    assert found[0] == to_json(parse(SYSTEM_MODEL))


async def test_model_of_a_younger_build_is_left_alone(place: Place) -> None:
    await is_model(place, YOUNGER)
    before = await models(place)
    async with place.operator() as ctx:
        await another_process(place).enter(ctx)
    assert await models(place) == before


async def test_newer_model_stands_whatever_becomes_of_the_request(place: Place) -> None:
    await is_model(place, FORMER[-1])
    with pytest.raises(ZeroDivisionError):
        async with place.operator() as ctx:
            await another_process(place).enter(ctx)
            raise ZeroDivisionError
    assert (await models(place))[0] == to_json(parse(SYSTEM_MODEL))


async def test_permission_of_a_younger_build_is_seen_and_counted(place: Place) -> None:
    """A role that holds one may more than it seems here: it is shown, and goes when the role goes."""
    await is_model(place, YOUNGER)
    services = place.server.services
    async with place.operator() as ctx:
        role = await services.role_admin.create(ctx, RoleDraft("pilot", permissions=frozenset({"users:read"})))
        store_id = (await services.tenants.current(ctx)).system_store_id
        tenant = f"tenant:{format_id(TENANT, place.tenant_id)}"
        key = TupleKey(f"role:{role.word}#assignee", "can_fly", tenant)
        await services.permissions.tuples.write(ctx, store_id, writes=[key])
    async with place.operator() as ctx:
        found = await services.role_admin.get(ctx, role.role_id)
        assert found.permissions == {"users:read", "can_fly"}
        await services.role_admin.delete(ctx, role.role_id)
    async with place.operator() as ctx:
        assert await services.permissions.tuples.read(ctx, store_id, Filter(relation="can_fly"), limit=10) == []
