"""The verbs of roles: nobody hands on, takes or touches more than they hold (N21)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

import pytest

from airside.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.permissions import TupleKey
from airside.store import RequestContext
from airside.tenancy import PERMISSIONS, ROLES, RoleChange, RoleDraft
from airside.tenancy.model import MAX_DESCRIPTION, MAX_ROLE_NAME, MAX_ROLES, MAX_ROLES_OF_USER
from tests.admin.kit import Manager, draft, make_manager, make_role, permissions_of
from tests.running import Place


@pytest.mark.parametrize(
    "name",
    ["", "A", "1st", "-a", "a-", "a b", "a_b", "é", "a\n", "a\x00", "rol:x", "a" * (MAX_ROLE_NAME + 1), *ROLES],
)
def test_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        RoleDraft(name)
    assert refused.value.data["pointer"] == "name"


@pytest.mark.parametrize("text", ["x" * (MAX_DESCRIPTION + 1), "a\nb", "a\x00", "\u202eevil"])
def test_description_that_cannot_be_one_is_refused(text: str) -> None:
    for make in (lambda: RoleDraft("a", text), lambda: RoleChange(text)):
        with pytest.raises(InvalidInput) as refused:
            make()
        assert refused.value.data["pointer"] == "description"


@pytest.mark.parametrize("name", ["", "administrator", "can_read_users", "users:*", "users:read ", "assignee"])
def test_permission_outside_the_catalogue_is_refused(name: str) -> None:
    for make in (lambda: draft("a", "users:read", name), lambda: RoleChange(None, frozenset({name}))):
        with pytest.raises(InvalidInput) as refused:
            make()
        assert refused.value.data["pointer"] == "permissions"


def test_change_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput):
        RoleChange()


async def test_role_gives_what_it_holds_and_nothing_else(place: Place) -> None:
    services, user = place.server.services, await place.user("member")
    role = await make_role(place, "support", "users:read", "sessions:write")
    assert await permissions_of(place, user) == set()
    async with place.operator() as ctx:
        await services.role_admin.assign(ctx, user.id, role.role_id)
    assert await permissions_of(place, user) == {"users:read", "sessions:write"}
    async with place.operator() as ctx:
        assert await services.member_admin.roles(ctx, user.id) == ["member", "support"]
        assert await services.role_admin.of(ctx, user.id) == [role]
        assert await services.role_admin.assignees(ctx, role.role_id) == [Manager(place, user).subject]
        await services.role_admin.unassign(ctx, user.id, role.role_id)
    assert await permissions_of(place, user) == set()


async def test_changed_role_gives_at_once_what_it_holds_now(place: Place) -> None:
    services, manager = place.server.services, await make_manager(place, "users:read")
    async with place.operator() as ctx:
        (role,) = await services.role_admin.of(ctx, manager.user.id)
        change = RoleChange("Reads sessions", frozenset({"sessions:read"}))
        changed = await services.role_admin.change(ctx, role.role_id, change)
    assert await permissions_of(place, manager.user) == {"sessions:read"}
    async with place.operator() as ctx:
        assert await services.role_admin.get(ctx, role.role_id) == changed
    assert replace(changed, updated_at=role.updated_at) == replace(
        role, description="Reads sessions", permissions=frozenset({"sessions:read"})
    )


async def test_role_of_the_same_name_inherits_nothing(place: Place) -> None:
    services, user = place.server.services, await place.user()
    old = await make_role(place, "support", "users:read")
    async with place.operator() as ctx:
        await services.role_admin.assign(ctx, user.id, old.role_id)
    async with place.operator() as ctx:
        await services.role_admin.delete(ctx, old.role_id)
        store_id = (await services.tenants.current(ctx)).system_store_id
    new = await make_role(place, "support", "users:write")
    assert new.role_id != old.role_id
    assert await permissions_of(place, user) == set()
    async with place.operator() as ctx:
        assert await services.member_admin.roles(ctx, user.id) == []
        assert await services.role_admin.assignees(ctx, new.role_id) == []
        swept = await services.permissions.sweeping.delete_object(ctx, store_id, f"role:{old.word}")
        assert swept.deleted == 0
        for verb in (services.role_admin.get, services.role_admin.delete):
            with pytest.raises(NotFound):
                await verb(ctx, old.role_id)


async def test_role_that_many_have_is_gone_with_one_word(place: Place) -> None:
    """More than one write takes, and more than are told one by one: then every token of the tenant ends."""
    services = place.server.services
    role = await make_role(place, "crowd", "users:read")
    async with place.operator() as ctx:
        user = await services.user_admin.create(ctx, "crowd@example.com", "")
        store_id = (await services.tenants.current(ctx)).system_store_id
        await services.role_admin.assign(ctx, user.id, role.role_id)
        for page in range(6):
            keys = [TupleKey(f"user:{page}-{each}", "assignee", f"role:{role.word}") for each in range(100)]
            await services.permissions.tuples.write(ctx, store_id, writes=keys)
    async with place.operator() as ctx:
        await services.role_admin.delete(ctx, role.role_id)
    async with place.operator() as ctx:
        revoked = [entry.kind for entry in await services.revocations.current(ctx)]
        assert set(revoked) == {"tenant"}
        assert (await services.permissions.sweeping.delete_object(ctx, store_id, f"role:{role.word}")).deleted == 0
    assert await permissions_of(place, user) == set()


async def test_name_is_taken_once(place: Place) -> None:
    await make_role(place, "support")
    with pytest.raises(Conflict):
        await make_role(place, "support", "users:read")


async def test_fifty_of_one_name_at_once_make_one(place: Place) -> None:
    made = await asyncio.gather(*(make_role(place, "support") for _ in range(50)), return_exceptions=True)
    assert len([each for each in made if not isinstance(each, BaseException)]) == 1


async def test_caps_are_kept(place: Place) -> None:
    services, user = place.server.services, await place.user()
    roles = [await make_role(place, f"role-{number}") for number in range(MAX_ROLES)]
    with pytest.raises(Conflict):
        await make_role(place, "one-more")
    for role in roles[:MAX_ROLES_OF_USER]:
        async with place.operator() as ctx:
            await services.role_admin.assign(ctx, user.id, role.role_id)
    async with place.operator() as ctx:
        await services.role_admin.assign(ctx, user.id, roles[0].role_id)  # twice is once
        with pytest.raises(Conflict):
            await services.role_admin.assign(ctx, user.id, roles[MAX_ROLES_OF_USER].role_id)
        listed = await services.role_admin.list(ctx, None, 60)
        listed += await services.role_admin.list(ctx, listed[-1].role_id, 60)
        assert listed == sorted(roles, key=lambda role: role.role_id)  # two of one millisecond come in any order


async def test_role_above_the_caller_is_neither_made_changed_deleted_given_nor_taken(place: Place) -> None:
    """N21: what is theirs may be handed on, what isn't may not be touched."""
    verbs, user = place.server.services.role_admin, await place.user()
    manager = await make_manager(place, "roles:write", "members:write", "users:read")
    above = await make_role(place, "above", "users:read", "users:write")
    below = await make_role(place, "below", "users:read")
    change = RoleChange(permissions=frozenset({"users:read"}))
    raised = RoleChange(permissions=frozenset({"users:read", "users:write"}))
    async with place.operator() as ctx:
        await verbs.assign(ctx, user.id, above.role_id)
    refused: tuple[Callable[[RequestContext], Awaitable[object]], ...] = (
        lambda ctx: verbs.create(ctx, draft("mine", "users:write")),
        lambda ctx: verbs.change(ctx, above.role_id, change),
        lambda ctx: verbs.change(ctx, above.role_id, RoleChange("renamed")),
        lambda ctx: verbs.change(ctx, below.role_id, raised),
        lambda ctx: verbs.delete(ctx, above.role_id),
        lambda ctx: verbs.assign(ctx, manager.user.id, above.role_id),
        lambda ctx: verbs.unassign(ctx, user.id, above.role_id),
    )
    for verb in refused:
        with pytest.raises(Forbidden):
            async with manager.acting() as ctx:
                await verb(ctx)
    async with place.operator() as ctx:
        assert [await verbs.get(ctx, each.role_id) for each in (above, below)] == [above, below]
    assert await permissions_of(place, user) == {"users:read", "users:write"}
    assert await permissions_of(place, manager.user) == {"roles:write", "members:write", "users:read"}
    async with manager.acting() as ctx:
        mine = await verbs.create(ctx, draft("mine", "users:read"))
        await verbs.assign(ctx, user.id, mine.role_id)
        await verbs.change(ctx, below.role_id, change)
        await verbs.delete(ctx, below.role_id)


async def test_credential_counts_and_not_only_its_holder(place: Place) -> None:
    """N21: an administrator's application hands on no more than it was made for."""
    verbs = place.server.services.role_admin
    user = await place.user("administrator")
    with pytest.raises(Forbidden, match="insufficient_scope"):
        async with Manager(place, user, frozenset({"roles:write"})).acting() as ctx:
            await verbs.create(ctx, draft("mine", "users:read"))
    async with Manager(place, user, frozenset({"roles:write", "users:read"})).acting() as ctx:
        await verbs.create(ctx, draft("mine", "users:read"))


async def test_every_permission_together_makes_no_administrator(place: Place) -> None:
    """N21."""
    services, manager = place.server.services, await make_manager(place, *PERMISSIONS)
    with pytest.raises(Forbidden):
        async with manager.acting() as ctx:
            await services.member_admin.grant(ctx, manager.user.id, "administrator")


async def test_stronger_users_place_is_not_taken(place: Place) -> None:
    """N21: whoever sets somebody's password can be them."""
    verbs, weak = place.server.services.user_admin, await make_manager(place, "users:write")
    strong = await make_manager(place, "users:write", "clients:write")
    equal = await make_manager(place, "users:write")
    password = Secret("another long enough password")
    touched: tuple[Callable[[RequestContext, UUID], Awaitable[object]], ...] = (
        lambda ctx, user_id: verbs.set_password(ctx, user_id, password),
        lambda ctx, user_id: verbs.set_state(ctx, user_id, "disabled"),
    )
    for verb in touched:
        with pytest.raises(Forbidden):
            async with weak.acting() as ctx:
                await verb(ctx, strong.user.id)
        async with weak.acting() as ctx:
            await verb(ctx, equal.user.id)


async def test_right_that_is_being_taken_away_is_not_handed_on(place: Place) -> None:
    """N21: whoever assigns waits for whoever takes away, and then asks again."""
    verbs = place.server.services.role_admin
    manager, user = await make_manager(place, "members:write", "users:write"), await place.user()
    role = await make_role(place, "writer", "users:write")
    async with place.operator() as ctx:
        (own,) = await verbs.of(ctx, manager.user.id)

    async def assign() -> None:
        async with manager.acting() as theirs:
            await verbs.assign(theirs, user.id, role.role_id)

    async with place.operator() as ctx:
        await verbs.unassign(ctx, manager.user.id, own.role_id)
        attempt = asyncio.create_task(assign())
        await asyncio.sleep(0.2)
        assert not attempt.done()
    with pytest.raises(Forbidden):
        await attempt
    assert await permissions_of(place, user) == set()


async def test_role_that_is_being_raised_is_not_given_by_who_is_below_it(place: Place) -> None:
    """N21: what is judged is what is given."""
    verbs = place.server.services.role_admin
    manager, user = await make_manager(place, "members:write", "users:read"), await place.user()
    role = await make_role(place, "growing", "users:read")

    async def assign() -> None:
        async with manager.acting() as theirs:
            await verbs.assign(theirs, user.id, role.role_id)

    async with place.operator() as ctx:
        await verbs.change(ctx, role.role_id, RoleChange(permissions=frozenset({"users:read", "users:write"})))
        attempt = asyncio.create_task(assign())
        await asyncio.sleep(0.2)
        assert not attempt.done()
    with pytest.raises(Forbidden):
        await attempt


async def test_role_of_nobody_is_not_found(place: Place) -> None:
    services, user = place.server.services, await place.user()
    role_id = uuid7(services.clock.now(), services.entropy)
    elsewhere = await make_role(await place.server.tenant(), "support")
    async with place.operator() as ctx:
        for missing in (role_id, elsewhere.role_id):
            with pytest.raises(NotFound):
                await services.role_admin.assign(ctx, user.id, missing)
            with pytest.raises(NotFound):
                await services.role_admin.assignees(ctx, missing)
        with pytest.raises(NotFound):
            await services.role_admin.of(ctx, role_id)
