"""Who may ask somebody outside to set a connection up: whoever may say whom it believes."""

from dataclasses import replace

import pytest

from airside.core.errors import Forbidden, NotFound
from airside.core.secret import Secret
from airside.federation import OidcGiven, SetupDraft
from airside.identity import User
from tests.admin.kit import EVERY, Manager, make_manager, make_role
from tests.running import Place

CONNECTIONS = frozenset({"connections:read", "connections:write"})
DRAFT = SetupDraft("Contoso", "it@contoso.example")
GIVEN = OidcGiven("https://idp.example.com", "airside", Secret("hush"))


async def administrator(place: Place, scopes: frozenset[str] = EVERY) -> Manager:
    return Manager(place, await place.user("administrator"), scopes)


async def invited_by(manager: Manager, draft: SetupDraft = DRAFT) -> Secret[str]:
    """The link."""
    services = manager.place.server.services
    async with manager.acting() as ctx:
        setup, _ = await services.setup_admin.create(ctx, draft)
        return await services.setups.token(ctx, setup)


async def demote(place: Place, user: User) -> None:
    """They stay able to write connections."""
    services = place.server.services
    role = await make_role(place, "integrator", "connections:write")
    async with place.operator() as ctx:
        await services.role_admin.assign(ctx, user.id, role.role_id)
        await services.member_admin.revoke(ctx, user.id, "administrator")


async def test_whoever_only_writes_connections_invites_nobody(place: Place) -> None:
    """N21: an invitation would change what a connection believes, step by step, which they may not themselves."""
    manager = await make_manager(place, *CONNECTIONS)
    with pytest.raises(Forbidden):
        await invited_by(manager)
    async with place.operator() as ctx:
        assert await place.server.services.setups.list(ctx) == []


async def test_making_users_is_not_invited_to_by_who_may_not(place: Place) -> None:
    """N21: neither at first sight nor by a directory, whatever relation stands behind the credential."""
    narrow = await administrator(place, CONNECTIONS)
    for draft in (replace(DRAFT, creates_users=True), replace(DRAFT, provisions=True)):
        with pytest.raises(Forbidden):
            await invited_by(narrow, draft)
        await invited_by(await administrator(place), draft)
    await invited_by(narrow)


async def test_invitation_ends_when_its_inviter_is_no_administrator_any_more(place: Place) -> None:
    """N18, N21: at the link, and at each step of who has begun, though they may still write connections."""
    services = place.server.services
    await administrator(place)  # the last one can't be taken away
    manager = await administrator(place)
    link, begun = await invited_by(manager), await invited_by(manager)
    async with place.operator() as ctx:
        secret = await services.setups.start(ctx, begun)
        access = await services.setups.enter(ctx, secret)
        await services.setup_portal.choose(ctx, access, "other", "oidc")
        await services.setup_portal.set_oidc(ctx, await services.setups.enter(ctx, secret), GIVEN)
    await demote(place, manager.user)
    async with place.operator() as ctx:
        with pytest.raises(NotFound):
            await services.setups.start(ctx, link)
    async with place.operator() as ctx:
        with pytest.raises(NotFound):
            await services.setups.enter(ctx, secret)
