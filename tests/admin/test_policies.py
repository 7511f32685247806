"""Who may change what the tenant demands."""

import pytest
from msgspec.structs import replace

from airside.core.errors import Conflict, Forbidden, InvalidInput
from airside.core.principal import Origin
from airside.tenancy import AdministrationPolicy, StoredPolicy, TenantPolicy
from tests.admin.kit import EVERY, Manager, make_manager
from tests.running import Place

OPEN = TenantPolicy(signup="open")
LAX = replace(OPEN, administration=AdministrationPolicy(max_age_minutes=1_440))
STRICT = replace(OPEN, administration=AdministrationPolicy(max_age_minutes=15))


async def change(manager: Manager, version: int, policy: TenantPolicy) -> StoredPolicy:
    async with manager.acting() as ctx:
        return await manager.place.server.services.policy_admin.change(ctx, version, policy)


async def test_manager_of_policies_reads_and_changes_them(place: Place) -> None:
    manager = await make_manager(place, "policies:read", "policies:write")
    assert (await change(manager, 0, OPEN)).version == 1
    async with manager.acting() as ctx:
        stored = await place.server.services.policy_admin.get(ctx)
    assert (stored.policy, stored.changed_by) == (OPEN, manager.subject)


async def test_who_only_reads_changes_nothing(place: Place) -> None:
    """N21."""
    manager = await make_manager(place, "policies:read")
    with pytest.raises(Forbidden):
        await change(manager, 0, OPEN)
    writer = await make_manager(place, "policies:write", scopes=EVERY - {"policies:write"})
    with pytest.raises(Forbidden):
        await change(writer, 0, OPEN)


@pytest.mark.parametrize("policy", [LAX, STRICT])
async def test_what_managers_must_prove_only_an_administrator_changes(place: Place, policy: TenantPolicy) -> None:
    """N21: a lock before one's superiors is neither weakened nor made one that bars them."""
    manager = await make_manager(place, "policies:read", "policies:write")
    assert (await change(manager, 0, OPEN)).version == 1
    with pytest.raises(Forbidden):
        await change(manager, 1, policy)
    administrator = Manager(place, await place.user("administrator"))
    assert (await change(administrator, 1, policy)).version == 2
    with pytest.raises(Forbidden):
        await change(manager, 2, OPEN)
    assert (await change(manager, 2, replace(policy, signup="closed"))).version == 3


async def test_stale_version_is_a_conflict_before_anything_is_asked(place: Place) -> None:
    manager = await make_manager(place, "policies:write")
    with pytest.raises(Conflict):
        await change(manager, 1, LAX)


async def test_nobody_bars_themselves(place: Place) -> None:
    services = place.server.services
    manager = await make_manager(place, "policies:write")
    here = Origin("192.0.2.7")
    for network, allowed in (("198.51.100.0/24", False), ("192.0.2.0/24", True)):
        policy = TenantPolicy(networks=(network,))
        async with services.engine.begin(place.tenant_id, principal=manager.principal, origin=here) as ctx:
            if allowed:
                assert (await services.policy_admin.change(ctx, 0, policy)).version == 1
            else:
                with pytest.raises(InvalidInput):
                    await services.policy_admin.change(ctx, 0, policy)
