"""Mappings in a real tenant: roles given and taken, and never above their author."""

from dataclasses import dataclass

import pytest

from airside.core.errors import Forbidden, InvalidInput, NotFound
from airside.core.ids import USER, format_id
from airside.core.principal import Principal
from airside.federation import Connection, ConnectionDraft, ExternalClaims, MappingRules, OidcSettings, RoleRule
from airside.identity import User
from airside.tenancy import CustomRole, RoleChange
from tests.admin.kit import Manager, make_manager, make_role
from tests.running import Place

SETTINGS = OidcSettings(issuer="https://idp.example.com", client_id="airside")


@dataclass
class Site:
    """A connection, an author of its mapping, and somebody who signs in."""

    place: Place
    connection: Connection
    author: Manager
    user: User
    role: CustomRole

    @property
    def rules(self) -> MappingRules:
        return MappingRules(groups="groups", roles=(RoleRule("readers", self.role.word),))

    async def save(self, rules: MappingRules | None = None) -> None:
        async with self.author.acting() as ctx:
            await self.place.server.services.mappings.save(ctx, self.connection.id, rules or self.rules)

    async def sign_in(self, *groups: str, connection: Connection | None = None) -> None:
        """What linking does with a genuine answer."""
        services, used = self.place.server.services, connection or self.connection
        claims = ExternalClaims("subject", attributes={"groups": groups})
        async with self.place.operator() as ctx:
            mapped = await services.mappings.of(ctx, used, claims)
            await services.mappings.apply(ctx, used, self.user.id, mapped)

    async def roles(self) -> set[str]:
        async with self.place.operator() as ctx:
            return {role.word for role in await self.place.server.services.roles.of(ctx, self.user.id)}

    async def by_hand(self) -> None:
        services = self.place.server.services
        async with self.place.operator() as ctx:
            await services.role_admin.assign(ctx, self.user.id, self.role.role_id)


@pytest.fixture
async def site(place: Place) -> Site:
    services = place.server.services
    role = await make_role(place, "readers", "users:read")
    async with place.operator() as ctx:
        connection = await services.connections.create(ctx, ConnectionDraft("Example", SETTINGS))
    author = await make_manager(place, "members:write", "users:read", "roles:read")
    return Site(place, connection, author, await place.user(), role)


async def test_role_comes_with_the_group_and_goes_with_it(site: Site) -> None:
    await site.save()
    await site.sign_in("readers", "others")
    assert await site.roles() == {site.role.word}
    await site.sign_in("readers")
    assert await site.roles() == {site.role.word}
    await site.sign_in("others")
    assert await site.roles() == set()


async def test_taking_a_role_ends_the_tokens_that_carry_it(site: Site) -> None:
    """The contract: taking a role away writes `sub`."""
    await site.save()
    await site.sign_in("readers")
    await site.sign_in()
    query = "select kind from airside.revocation where tenant_id = %s and kind = 'sub'"
    async with site.place.operator() as ctx:
        assert await ctx.tx.all(Kind, query, (ctx.tenant_id,)) == [Kind("sub")]


@dataclass(frozen=True)
class Kind:
    kind: str


async def test_role_given_by_hand_stays(site: Site) -> None:
    await site.by_hand()
    await site.save()
    await site.sign_in("readers")
    await site.sign_in()
    assert await site.roles() == {site.role.word}


async def test_role_given_by_hand_after_the_mapping_gave_it_stays(site: Site) -> None:
    await site.save()
    await site.sign_in("readers")
    await site.by_hand()
    await site.sign_in()
    assert await site.roles() == {site.role.word}


async def test_role_that_another_connection_gives_too_stays(site: Site) -> None:
    services = site.place.server.services
    async with site.place.operator() as ctx:
        other = await services.connections.create(ctx, ConnectionDraft("Other", SETTINGS))
        await services.mappings.save(ctx, other.id, site.rules)
    await site.save()
    await site.sign_in("readers")
    await site.sign_in("readers", connection=other)
    await site.sign_in()
    assert await site.roles() == {site.role.word}
    await site.sign_in(connection=other)
    assert await site.roles() == set()


async def test_mapping_gives_nothing_that_its_author_may_not_any_more(site: Site) -> None:
    """N21, G38: what the author lost, the mapping doesn't give, and takes back at the next sign-in."""
    services = site.place.server.services
    await site.save()
    await site.sign_in("readers")
    async with site.place.operator() as ctx:
        for role in await services.roles.of(ctx, site.author.user.id):
            await services.role_admin.unassign(ctx, site.author.user.id, role.role_id)
    await site.sign_in("readers")
    assert await site.roles() == set()


async def test_mapping_of_a_disabled_author_gives_nothing(site: Site) -> None:
    """N18."""
    services = site.place.server.services
    await site.save()
    async with site.place.operator() as ctx:
        await services.user_admin.set_state(ctx, site.author.user.id, "disabled")
    await site.sign_in("readers")
    assert await site.roles() == set()


async def test_role_that_grows_after_saving_is_not_given_beyond_its_author(site: Site) -> None:
    """N21: the role's rights count as they are when it is given."""
    services = site.place.server.services
    await site.save()
    async with site.place.operator() as ctx:
        change = RoleChange(permissions=frozenset({"users:read", "clients:write"}))
        await services.role_admin.change(ctx, site.role.role_id, change)
    await site.sign_in("readers")
    assert await site.roles() == set()


async def test_administrator_is_mapped_by_an_administrator_only(site: Site) -> None:
    """N21."""
    services = site.place.server.services
    rules = MappingRules(groups="groups", roles=(RoleRule("admins", "administrator"),))
    await site.save(rules)
    await site.sign_in("admins")
    subject = f"user:{format_id(USER, site.user.id)}"
    async with site.place.operator() as ctx:
        assert not await services.members.holds(ctx, subject, "administrator")
        await services.mappings.save(ctx, site.connection.id, rules)
    await site.sign_in("admins")
    async with site.place.operator() as ctx:
        assert await services.members.holds(ctx, subject, "administrator")
    await site.sign_in()
    async with site.place.operator() as ctx:
        assert not await services.members.holds(ctx, subject, "administrator")


async def test_no_program_is_the_author_of_roles_and_no_oidc_address_is_another_attribute(site: Site) -> None:
    services = site.place.server.services
    program = Principal("client", "client:cli_00000000000000000000000001", frozenset())
    with pytest.raises(Forbidden):
        async with services.engine.begin(site.place.tenant_id, principal=program) as ctx:
            await services.mappings.save(ctx, site.connection.id, site.rules)
    with pytest.raises(InvalidInput):
        await site.save(MappingRules(email="mail"))


async def test_preview_shows_what_came_last_and_is_bounded_by_who_looks(site: Site) -> None:
    services = site.place.server.services
    async with site.author.acting() as ctx:
        with pytest.raises(NotFound):
            await services.mappings.preview(ctx, site.connection.id, site.rules)
    await site.sign_in("readers", "admins")
    rules = MappingRules(
        groups="groups", roles=(RoleRule("readers", site.role.word), RoleRule("admins", "administrator"))
    )
    async with site.author.acting() as ctx:
        preview = await services.mappings.preview(ctx, site.connection.id, rules)
    assert preview.sample.claims.attributes["groups"] == ("readers", "admins")
    assert preview.mapped.roles == {site.role.word}


async def test_what_a_connection_gave_goes_with_it(site: Site) -> None:
    services = site.place.server.services
    await site.save()
    await site.sign_in("readers")
    async with site.place.operator() as ctx:
        await services.mappings.forget(ctx, site.connection.id)
        await services.connections.delete(ctx, site.connection.id)
    assert await site.roles() == set()


async def test_mapping_of_another_tenants_connection_is_missing(site: Site) -> None:
    """N20."""
    services = site.place.server.services
    stranger = await make_manager(await site.place.server.tenant(), "members:write")
    async with stranger.acting() as ctx:
        with pytest.raises(NotFound):
            await services.mappings.get(ctx, site.connection.id)
        with pytest.raises(NotFound):
            await services.mappings.save(ctx, site.connection.id, MappingRules())
        with pytest.raises(NotFound):
            await services.mappings.preview(ctx, site.connection.id, MappingRules())
