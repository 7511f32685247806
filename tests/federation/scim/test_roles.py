"""Groups become roles by the connection's mapping: given when somebody comes into one, taken when they leave it, never
above what the mapping's author may grant."""

from typing import Any

from airside.core.ids import USER, format_id
from airside.core.principal import Principal
from airside.federation.mapping import MappingRules, RoleRule
from airside.federation.scim import MappedRoles, Provisioned
from airside.identity import User
from airside.tenancy import RoleDraft
from tests.federation.scim.directory import GROUP_SCHEMA, Directory, uuid_of


async def _role(entra: Directory, *groups: str, author: User | None = None) -> str:
    """A role that follows from groups of these names."""
    services = entra.place.server.services
    async with entra.place.operator() as ctx:
        role = (await services.role_admin.create(ctx, RoleDraft("support", "", frozenset({"users:read"})))).word
    caller = None if author is None else Principal("user", f"user:{format_id(USER, author.id)}")
    rules = MappingRules(groups="groups", roles=tuple(RoleRule(group, role) for group in groups))
    async with entra.place.operator() as ctx:
        known = ctx if caller is None else ctx.known_as(caller)
        await services.mappings.save(known, entra.connection.id, rules)
    return role


async def _has(entra: Directory, said: dict[str, Any]) -> list[str]:
    services = entra.place.server.services
    async with entra.place.operator() as ctx:
        return [role.word for role in await services.roles.of(ctx, uuid_of(said))]


async def test_role_comes_and_goes_with_the_group(entra: Directory) -> None:
    role = await _role(entra, "Staff")
    ada, bob = await entra.create("ada"), await entra.create("bob")
    group = await entra.group("Staff", ada["id"])
    assert (await _has(entra, ada), await _has(entra, bob)) == ([role], [])
    path = f"/Groups/{group['id']}"
    await entra.patch(path, {"op": "add", "path": "members", "value": [{"value": bob["id"]}]})
    await entra.patch(path, {"op": "remove", "path": f'members[value eq "{ada["id"]}"]'})
    assert (await _has(entra, ada), await _has(entra, bob)) == ([], [role])
    assert (await entra.ask("DELETE", path)).status_code == 204
    assert await _has(entra, bob) == []


async def test_role_follows_from_the_name_or_the_external_id(entra: Directory) -> None:
    role = await _role(entra, "Staff", "object-7")
    ada = await entra.create("ada")
    body = {"schemas": [GROUP_SCHEMA], "displayName": "People", "externalId": "object-7"}
    answer = await entra.ask("POST", "/Groups", {**body, "members": [{"value": ada["id"]}]})
    assert await _has(entra, ada) == [role]
    path = f"/Groups/{answer.json()['id']}"
    await entra.patch(path, {"op": "remove", "path": "externalId"})
    assert await _has(entra, ada) == []
    await entra.patch(path, {"op": "replace", "path": "displayName", "value": "Staff"})
    assert await _has(entra, ada) == [role]


async def test_role_above_its_author_is_not_given(entra: Directory) -> None:
    """N21: a member who saved the mapping may grant nothing, so nothing follows from it."""
    author = await entra.place.user("member")
    await _role(entra, "Staff", author=author)
    ada = await entra.create("ada")
    await entra.group("Staff", ada["id"])
    assert await _has(entra, ada) == []


async def test_role_given_by_hand_stays_when_the_group_goes(entra: Directory) -> None:
    role = await _role(entra, "Staff")
    ada = await entra.create("ada")
    services = entra.place.server.services
    async with entra.place.operator() as ctx:
        taken = next(one for one in await services.roles.list(ctx) if one.word == role)
        await services.role_admin.assign(ctx, uuid_of(ada), taken.role_id)
    group = await entra.group("Staff", ada["id"])
    assert (await entra.ask("DELETE", f"/Groups/{group['id']}")).status_code == 204
    assert await _has(entra, ada) == [role]


async def test_directory_that_keeps_groups_says_them_at_a_sign_in_too(entra: Directory) -> None:
    """What an assertion says of groups counts where no directory keeps them; the author's rights are asked anew."""
    services = entra.place.server.services
    author = await entra.place.user("administrator")
    role = await _role(entra, "Staff", author=author)
    ada = await entra.create("ada")
    roles = MappedRoles(connections=services.connections, mappings=services.mappings)
    provisioned = Provisioned(vault=services.vault, roles=roles)

    async def signs_in() -> bool:
        async with entra.place.operator() as ctx:
            return await provisioned.follow(ctx, entra.connection, uuid_of(ada))

    assert not await signs_in()
    await entra.group("Staff", ada["id"])
    assert await signs_in()
    assert await _has(entra, ada) == [role]
    async with entra.place.operator() as ctx:
        await services.user_admin.set_state(ctx, author.id, "disabled")
    assert await signs_in()
    assert await _has(entra, ada) == []
