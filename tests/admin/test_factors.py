"""What managers do to others' factors."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest

from airside.core.errors import Conflict, Forbidden, NotFound
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.identity import User
from airside.store import RequestContext
from tests.admin.kit import Manager, generator_of, make_manager
from tests.authenticator import Authenticator
from tests.running import PASSWORD, Place

LEASE = timedelta(minutes=1)


async def enrolled(place: Place) -> tuple[User, UUID, bytes]:
    """Somebody with a generator, its id and its secret, a passkey, recovery codes and a session."""
    services, user = place.server.services, await place.user()
    factor_id, secret = await generator_of(place, user)
    async with place.operator() as ctx:
        await services.recovery_codes.renew(ctx, user.id)
        attempt = uuid7(ctx.now, services.entropy)
        options = await services.passkeys.begin_registration(ctx, user, attempt)
    async with place.operator() as ctx:
        device = Authenticator(origin=place.server.url)
        await services.passkeys.register(ctx, user.id, attempt, device.create(options), "Key")
        proof = await services.passwords.prove(ctx, user.email, Secret(PASSWORD))
    async with place.operator() as ctx:
        await services.sessions.start(ctx, [proof])
    return user, factor_id, secret


async def test_factors_are_seen_without_their_secrets(place: Place) -> None:
    """N37."""
    user, _, secret = await enrolled(place)
    reader = await make_manager(place, "users:read")
    async with reader.acting() as ctx:
        found = await place.server.services.factor_admin.list(ctx, user.id)
    assert (found.password, found.recovery_codes, len(found.totp)) == (True, 10, 1)
    assert [each.name for each in found.passkeys] == ["Key"]
    assert repr(secret) not in repr(found)


async def test_one_factor_is_taken_and_every_session_with_it(place: Place) -> None:
    services = place.server.services
    user, factor_id, _ = await enrolled(place)
    manager = await make_manager(place, "users:write", "users:read")
    async with manager.acting() as ctx:
        await services.factor_admin.remove_totp(ctx, user.id, factor_id)
        (passkey,) = (await services.factor_admin.list(ctx, user.id)).passkeys
    async with manager.acting() as ctx:
        assert await services.sessions.list(ctx, user.id) == []
        await services.factor_admin.remove_passkey(ctx, user.id, passkey.id)
        found = await services.factor_admin.list(ctx, user.id)
    assert (found.totp, found.passkeys) == ((), ())
    verbs = services.factor_admin
    for verb, factor in ((verbs.remove_totp, factor_id), (verbs.remove_passkey, passkey.id)):
        with pytest.raises(NotFound):
            async with manager.acting() as ctx:
                await verb(ctx, user.id, factor)


async def test_reset_takes_everything_but_the_password_and_tells_whose_it_was(place: Place) -> None:
    services = place.server.services
    user, _, _ = await enrolled(place)
    manager = await make_manager(place, "users:write", "users:read")
    async with manager.acting() as ctx:
        await services.factor_admin.reset(ctx, user.id)
        items = await services.outbox.take(ctx, limit=20, lease=LEASE)  # before the server's own delivery sees them
    async with manager.acting() as ctx:
        found = await services.factor_admin.list(ctx, user.id)
        assert (found.password, found.totp, found.passkeys, found.recovery_codes) == (True, (), (), 0)
        assert await services.sessions.list(ctx, user.id) == []
    mails = [item.about["factor"] for item in items if item.kind == "factor_removed"]
    assert mails == ["every"]


async def test_password_change_is_demanded(place: Place) -> None:
    services, user = place.server.services, await place.user()
    manager = await make_manager(place, "users:write")
    async with manager.acting() as ctx:
        await services.factor_admin.demand_password_change(ctx, user.id)
    async with manager.acting() as ctx:
        assert await services.passwords.is_due(ctx, user.id)


async def test_factors_of_who_may_more_are_not_touched(place: Place) -> None:
    """N21: whoever takes somebody's second factor is a password away from being them."""
    verbs, users = place.server.services.factor_admin, place.server.services.user_admin
    weak, equal = await make_manager(place, "users:write"), await make_manager(place, "users:write")
    strong = await make_manager(place, "users:write", "clients:write")
    chief = Manager(place, await place.user("administrator"))
    nothing = uuid7(place.server.services.clock.now(), place.server.services.entropy)
    attempts: tuple[Callable[[RequestContext, UUID], Awaitable[object]], ...] = (
        verbs.reset,
        verbs.demand_password_change,
        lambda ctx, user_id: verbs.remove_totp(ctx, user_id, nothing),
        lambda ctx, user_id: verbs.remove_passkey(ctx, user_id, nothing),
        users.erase,
    )
    for attempt in attempts:
        for above in (strong, chief):
            with pytest.raises(Forbidden):
                async with weak.acting() as ctx:
                    await attempt(ctx, above.user.id)
        reader = await make_manager(place, "users:read")
        with pytest.raises(Forbidden):
            async with reader.acting() as ctx:
                await attempt(ctx, equal.user.id)
    async with weak.acting() as ctx:
        await verbs.reset(ctx, equal.user.id)
        await users.erase(ctx, equal.user.id)


async def test_last_administrator_is_erased_by_nobody(place: Place) -> None:
    chief = Manager(place, await place.user("administrator"))
    with pytest.raises(Conflict):
        async with chief.acting() as ctx:
            await place.server.services.user_admin.erase(ctx, chief.user.id)


async def test_factors_of_another_tenants_user_are_not_found(place: Place) -> None:
    """N20."""
    verbs, stranger = place.server.services.factor_admin, await (await place.server.tenant()).user()
    attempts: tuple[Callable[[RequestContext, UUID], Awaitable[object]], ...] = (
        verbs.list,
        verbs.reset,
        verbs.demand_password_change,
    )
    for attempt in attempts:
        async with place.operator() as ctx:
            with pytest.raises(NotFound):
                await attempt(ctx, stranger.id)
