"""Users brought in and taken along: nobody gets a right by it, and nobody who is there is changed."""

import json
from dataclasses import dataclass

import pytest

from airside.admin import LineResult
from airside.admin.userline import MAX_LINES, UserLine
from airside.core.errors import Forbidden, InvalidInput
from airside.core.ids import USER, format_id
from airside.core.secret import Secret
from tests.admin.kit import EVERY, Manager, make_manager, make_role, permissions_of
from tests.running import PASSWORD, Place

EVENTS = (
    "select event, details from airside.audit_record where tenant_id = %s and event like 'admin:%%' order by record_id"
)


@dataclass(frozen=True)
class _Told:
    event: str
    details: str


def line(email: str, **more: object) -> bytes:
    return json.dumps({"email": email, **more}).encode()


async def brought(manager: Manager, *lines: bytes) -> list[LineResult]:
    async with manager.acting() as ctx:
        return await manager.place.server.services.transfer_admin.import_users(ctx, lines)


async def taken(place: Place, *, hashes: bool = False) -> list[UserLine]:
    async with place.operator() as ctx:
        return [each for _, each in await place.server.services.transfer_admin.export_users(ctx, hashes=hashes)]


async def test_each_line_is_a_user_or_a_problem(place: Place) -> None:
    manager = await make_manager(place, "users:write")
    results = await brought(
        manager,
        line("ada@example.com", name="Ada"),
        line("nobody"),
        b"not JSON",
        line("ADA@example.com"),
        line("bea@example.com", state="disabled"),
        line(manager.user.email, name="Mallory"),
    )
    assert [result.user_id is not None for result in results] == [True, False, False, False, True, False]
    assert [result.line for result in results] == [1, 2, 3, 4, 5, 6]
    assert results[2].problem == "not JSON"
    assert results[3].problem == results[5].problem == "email: there is a user with this address"
    services = place.server.services
    async with place.operator() as ctx:
        assert (await services.user_admin.find(ctx, "bea@example.com")).state == "disabled"
        assert (await services.user_admin.find(ctx, manager.user.email)).name == "Ada"  # as they were


async def test_import_gives_no_role_that_the_caller_could_not_give(place: Place) -> None:
    """N21."""
    role = await make_role(place, "support", "users:read")
    await make_role(place, "lead", "users:read", "clients:write")
    wanted = [["support"], ["lead"], ["administrator"], ["member"], ["nothing"], ["support", "lead"]]
    lines = [line(f"u{number}@example.com", roles=roles) for number, roles in enumerate(wanted)]
    without = await make_manager(place, "users:write", "users:read")
    assert [result.problem for result in await brought(without, *lines)] == ["roles: not yours to give"] * 6
    manager = await make_manager(place, "users:write", "users:read", "members:write")
    results = await brought(manager, *lines)
    assert [result.problem for result in results] == [
        "",
        *["roles: not yours to give"] * 2,
        "",
        "roles: there is no role of this name",
        "roles: not yours to give",
    ]
    services = place.server.services
    async with place.operator() as ctx:
        user = await services.user_admin.find(ctx, "u0@example.com")
        assert await services.role_admin.assignees(ctx, role.role_id) == [f"user:{format_id(USER, user.id)}"]
    assert await permissions_of(place, user) == {"users:read"}
    scoped = Manager(place, manager.user, EVERY - {"members:write"})
    assert (await brought(scoped, line("v@example.com", roles=["support"])))[0].user_id is None
    administrator = Manager(place, await place.user("administrator"))
    (result,) = await brought(administrator, line("chief@example.com", roles=["administrator", "lead"]))
    assert result.user_id is not None


async def test_who_may_not_write_users_imports_none(place: Place) -> None:
    manager = await make_manager(place, "users:read", "members:write")
    with pytest.raises(Forbidden):
        await brought(manager, line("ada@example.com"))


async def test_batch_has_its_cap(place: Place) -> None:
    manager = await make_manager(place, "users:write")
    with pytest.raises(InvalidInput):
        await brought(manager, *[b"{}"] * (MAX_LINES + 1))


async def test_user_of_one_tenant_signs_in_at_another_by_what_was_exported(place: Place) -> None:
    """Round trip, hashes included: what one tenant sealed is sealed anew by the other."""
    services = place.server.services
    user, chief = await place.user("member"), await place.user("administrator")
    there = await place.server.tenant()
    lines = [json.dumps(each).encode() for each in [_plain(each) for each in await taken(place, hashes=True)]]
    async with there.operator() as ctx:
        results = await services.transfer_admin.import_users(ctx, lines)
    assert [result.problem for result in results] == ["", ""]
    for each in (user, chief):
        async with services.engine.begin(there.tenant_id) as ctx:
            proof = await services.passwords.prove(ctx, each.email, Secret(PASSWORD))
            assert proof.user_id != each.id
    found = await taken(there)
    assert {each.email: each.roles for each in found} == {
        user.email: ("member",),
        chief.email: ("administrator", "member"),
    }


def _plain(user: UserLine) -> dict[str, object]:
    return {"email": user.email, "name": user.name, "password_hash": user.password_hash, "roles": list(user.roles)}


async def test_hashes_are_for_administrators_and_told_in_a_word_of_their_own(place: Place) -> None:
    """N21, N37: who has the hashes can guess at leisure."""
    services = place.server.services
    await place.user()
    reader = await make_manager(place, "users:read", "users:write", "members:read")
    async with reader.acting() as ctx:
        plain = await services.transfer_admin.export_users(ctx)
    assert {each.password_hash for _, each in plain} == {None}
    with pytest.raises(Forbidden):
        async with reader.acting() as ctx:
            await services.transfer_admin.export_users(ctx, hashes=True)
    blind = await make_manager(place, "users:read")
    with pytest.raises(Forbidden):
        async with blind.acting() as ctx:
            await services.transfer_admin.export_users(ctx)
    chief = Manager(place, await place.user("administrator"))
    async with chief.acting() as ctx:
        found = await services.transfer_admin.export_users(ctx, hashes=True)
    assert all((each.password_hash or "").startswith("$argon2id$") for _, each in found)
    async with place.operator() as ctx:
        told = [row.event for row in await ctx.tx.all(_Told, EVENTS, (place.tenant_id,))]
    assert told == ["admin:users:exported", "admin:hashes:exported"]
