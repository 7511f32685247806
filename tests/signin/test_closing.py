"""Closing an account: nothing of it works any more, anywhere, and a tenant keeps one who manages it."""

import asyncio

import pytest

from airside.core.errors import Conflict, NotFound
from airside.identity import User
from tests.admin.kit import make_role
from tests.running import Place
from tests.trips.manager import manage, person_tokens


async def close(place: Place, user: User) -> bool:
    try:
        async with place.operator() as ctx:
            await place.server.services.closing.close(ctx, user.id)
    except Conflict:
        return False
    return True


async def test_closed_account_has_no_role_no_session_and_no_token(place: Place) -> None:
    """N18, N19."""
    services = place.server.services
    user = await place.user("administrator", "member")
    await place.user("administrator")
    role = await make_role(place, "support", "users:read")
    async with place.operator() as ctx:
        await services.role_admin.assign(ctx, user.id, role.role_id)
    _, tokens = await person_tokens(place, user, "users:read")
    assert (await manage(place, tokens["access_token"], "GET", "/users")).status_code == 200
    assert await close(place, user)
    await asyncio.sleep(1)  # what is revoked is heard of within a second
    assert (await manage(place, tokens["access_token"], "GET", "/users")).status_code == 401
    async with place.operator() as ctx:
        assert await services.member_admin.roles(ctx, user.id) == []
        assert await services.role_admin.assignees(ctx, role.role_id) == []
        assert await services.sessions.list(ctx, user.id) == []
        assert (await services.users.get(ctx, user.id)).state == "disabled"


async def test_last_administrator_who_can_sign_in_stays(place: Place) -> None:
    first, second, disabled = [await place.user("administrator") for _ in range(3)]
    async with place.operator() as ctx:
        await place.server.services.user_admin.set_state(ctx, disabled.id, "disabled")
    assert await close(place, first)
    assert not await close(place, second)
    async with place.operator() as ctx:
        assert await place.server.services.member_admin.roles(ctx, second.id) == ["administrator", "member"]
    assert await close(place, disabled)
    assert await close(place, await place.user("member"))


async def test_two_administrators_who_close_at_once_are_not_both_gone(place: Place) -> None:
    pair = [await place.user("administrator") for _ in range(2)]
    assert sorted(await asyncio.gather(*(close(place, user) for user in pair))) == [False, True]


async def test_account_of_nobody_is_not_found(place: Place) -> None:
    """N20."""
    user = await (await place.server.tenant()).user()
    async with place.operator() as ctx:
        with pytest.raises(NotFound):
            await place.server.services.closing.close(ctx, user.id)
