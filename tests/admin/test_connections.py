"""Who manages connections and domains, and how far."""

from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from airside.core.errors import Conflict, Forbidden, NotFound
from airside.federation import (
    AssuranceRule,
    ConnectionChange,
    ConnectionDraft,
    DomainChange,
    MappingRules,
    OidcSettings,
    RoleRule,
)
from airside.store import RequestContext
from tests.admin.kit import make_manager, make_role
from tests.running import Place

SETTINGS = OidcSettings(issuer="https://idp.example.com", client_id="airside")
MANAGING = ("connections:read", "connections:write")


async def test_what_a_connection_believes_is_an_administrators_to_change(place: Place) -> None:
    """N21: whoever says whose answers count says who everybody is, administrators among them."""
    services = place.server.services
    manager = await make_manager(place, *MANAGING)
    async with manager.acting() as ctx:
        connection = await services.connection_admin.create(ctx, ConnectionDraft("Example", SETTINGS))
        domain = await services.domain_admin.add(ctx, "example.com")
        await services.connection_admin.update(ctx, connection.id, ConnectionChange(name="Renamed"))
    verbs, domains = services.connection_admin, services.domain_admin
    with pytest.raises(Forbidden):
        async with manager.acting() as ctx:
            change = ConnectionChange(settings={"issuer": "https://evil.example.com"})
            await verbs.update(ctx, connection.id, change)
    with pytest.raises(Forbidden):
        async with manager.acting() as ctx:
            await verbs.set_client_secret(ctx, connection.id, None)
    with pytest.raises(Forbidden):
        async with manager.acting() as ctx:
            await domains.update(ctx, domain.id, DomainChange(connection_id=connection.id))
    with pytest.raises(Forbidden):
        async with manager.acting() as ctx:
            await domains.let_pass(ctx, manager.user.id)
    with pytest.raises(Forbidden):
        async with manager.acting() as ctx:
            await verbs.create(ctx, ConnectionDraft("Maker", SETTINGS, creates_users=True))
    with pytest.raises(Forbidden):
        async with manager.acting() as ctx:
            await verbs.delete(ctx, connection.id)


async def test_mapping_never_gives_what_its_author_may_not(place: Place) -> None:
    """N21, G38."""
    services = place.server.services
    manager = await make_manager(place, *MANAGING, "members:write", "users:read")
    async with manager.acting() as ctx:
        connection = await services.connection_admin.create(ctx, ConnectionDraft("Example", SETTINGS))
    low = await make_role(place, "low", "users:read")
    high = await make_role(place, "high", "clients:write")
    for role, lawful in ((low.word, True), (high.word, False), ("administrator", False), ("member", True)):
        rules = MappingRules(groups="groups", roles=(RoleRule("g", role),))
        if lawful:
            async with manager.acting() as ctx:
                await services.connection_admin.save_mapping(ctx, connection.id, rules)
            continue
        with pytest.raises(Forbidden):
            async with manager.acting() as ctx:
                await services.connection_admin.save_mapping(ctx, connection.id, rules)
    with pytest.raises(Forbidden):
        async with manager.acting() as ctx:
            rules = MappingRules(assurance=(AssuranceRule("x", "aal3"),))
            await services.connection_admin.save_mapping(ctx, connection.id, rules)


async def test_connection_and_domain_of_another_tenant_are_missing(place: Place) -> None:
    """N20."""
    services = place.server.services
    async with place.operator() as ctx:
        connection = await services.connection_admin.create(ctx, ConnectionDraft("Example", SETTINGS))
        domain = await services.domain_admin.add(ctx, "example.com")
    other = await place.server.tenant()
    verbs: list[Callable[[RequestContext], Awaitable[object]]] = [
        partial(services.connection_admin.get, connection_id=connection.id),
        partial(services.connection_admin.disable, connection_id=connection.id),
        partial(services.connection_admin.delete, connection_id=connection.id),
        partial(services.connection_admin.mapping, connection_id=connection.id),
        partial(services.domain_admin.get, domain_id=domain.id),
        partial(services.domain_admin.verify, domain_id=domain.id),
        partial(services.domain_admin.delete, domain_id=domain.id),
    ]
    for verb in verbs:
        with pytest.raises(NotFound):
            async with other.operator() as ctx:
                await verb(ctx)


async def test_connection_that_a_domain_signs_in_only_by_is_not_deleted(place: Place) -> None:
    services = place.server.services
    async with place.operator() as ctx:
        connection = await services.connection_admin.create(ctx, ConnectionDraft("Example", SETTINGS))
        domain = await services.domain_admin.add(ctx, "example.com")
        with pytest.raises(Conflict):
            await services.domain_admin.update(ctx, domain.id, DomainChange(connection_id=connection.id))
        await services.connection_admin.delete(ctx, connection.id)
        with pytest.raises(NotFound):
            await services.connection_admin.get(ctx, connection.id)
