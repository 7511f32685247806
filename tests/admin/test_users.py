"""What is done to people: never by whoever may less than they, at that very moment."""

import asyncio
from collections.abc import Awaitable

import pytest

from airside.core.errors import Forbidden, NotFound
from airside.core.secret import Secret
from airside.tenancy import RoleChange
from tests.admin.kit import Manager, make_manager, make_role
from tests.running import Place

PASSWORD = Secret("another long enough password")


async def set_password(manager: Manager, target: Manager) -> None:
    async with manager.acting() as ctx:
        await manager.place.server.services.user_admin.set_password(ctx, target.user.id, PASSWORD)


async def waits(attempt: Awaitable[None]) -> "asyncio.Task[None]":
    """`attempt` under way, and not getting on."""
    task = asyncio.ensure_future(attempt)
    await asyncio.sleep(0.2)
    assert not task.done()
    return task


async def test_password_of_who_is_being_raised_is_not_set_from_below(place: Place) -> None:
    """N21: who becomes stronger while somebody weaker is at it keeps their place."""
    services = place.server.services
    weak, target = await make_manager(place, "users:write"), Manager(place, await place.user())
    role = await make_role(place, "stronger", "clients:write")
    async with place.operator() as ctx:
        await services.role_admin.assign(ctx, target.user.id, role.role_id)
        attempt = await waits(set_password(weak, target))
    with pytest.raises(Forbidden):
        await attempt


async def test_who_is_losing_the_right_sets_no_password_any_more(place: Place) -> None:
    """N21, N19."""
    services = place.server.services
    manager, target = await make_manager(place, "users:write"), Manager(place, await place.user())
    async with place.operator() as ctx:
        (own,) = await services.role_admin.of(ctx, manager.user.id)
        await services.role_admin.unassign(ctx, manager.user.id, own.role_id)
        attempt = await waits(set_password(manager, target))
    with pytest.raises(Forbidden):
        await attempt


async def test_who_is_losing_the_right_makes_nobody_any_more(place: Place) -> None:
    """N21, N19: it is asked again once the password is hashed."""
    services = place.server.services
    manager = await make_manager(place, "users:write")

    async def create() -> None:
        async with manager.acting() as ctx:
            await services.user_admin.create(ctx, "late@example.com", "Late", PASSWORD)

    async with place.operator() as ctx:
        (own,) = await services.role_admin.of(ctx, manager.user.id)
        await services.role_admin.unassign(ctx, manager.user.id, own.role_id)
        attempt = await waits(create())
    with pytest.raises(Forbidden):
        await attempt
    async with place.operator() as ctx:
        with pytest.raises(NotFound):
            await services.user_admin.find(ctx, "late@example.com")


async def test_role_that_is_raised_raises_who_has_it(place: Place) -> None:
    """N21."""
    services = place.server.services
    weak, target = await make_manager(place, "users:write"), Manager(place, await place.user())
    role = await make_role(place, "growing", "users:read")
    async with place.operator() as ctx:
        await services.role_admin.assign(ctx, target.user.id, role.role_id)
    with pytest.raises(Forbidden):
        await set_password(weak, target)
    also = await make_manager(place, "users:write", "users:read")
    await set_password(also, target)
    async with place.operator() as ctx:
        await services.role_admin.change(ctx, role.role_id, RoleChange(permissions=frozenset({"clients:write"})))
        attempt = await waits(set_password(also, target))
    with pytest.raises(Forbidden):
        await attempt
