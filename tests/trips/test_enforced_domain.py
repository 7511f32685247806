"""A domain that signs in only through its connection: what is closed to its people."""

from dataclasses import replace

import pytest

from airside.core.errors import Conflict, InvalidInput
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.federation import ConnectionDraft, Domain, DomainState, OidcSettings
from airside.federation import records_domains as records
from airside.tenancy import TenantPolicy
from tests.running import PASSWORD, Place
from tests.trips.test_authorization_endpoint import app_of, came, signed_in
from tests.trips.visitor import visitor

DOMAIN = "enforced.example"


async def enforce(place: Place, name: str = DOMAIN) -> None:
    services = place.server.services
    async with place.operator() as ctx:
        settings = OidcSettings(issuer="https://idp.example.com", client_id="airside")
        connection = await services.connections.create(ctx, ConnectionDraft("Example", settings))
        domain = Domain(uuid7(ctx.now, services.entropy), name, "x" * 43, None, enforced=False, created_at=ctx.now)
        await records.insert(ctx, domain)
        state = DomainState(ctx.now, ctx.now, ctx.now)
        await records.update(ctx, replace(domain, connection_id=connection.id, enforced=True, state=state))


@pytest.fixture
async def closed(place: Place) -> Place:
    await enforce(place)
    return place


async def test_recovery_mails_nobody_of_the_domain_and_says_what_it_says_to_everybody(closed: Place) -> None:
    """N15."""
    services = closed.server.services
    async with closed.operator() as ctx:
        ada = await services.users.create(ctx, f"ada@{DOMAIN}", "Ada", verified=True)
        free = await services.users.create(ctx, "ada@free.example", "Ada", verified=True)
    for email, mailed in ((ada.email, None), (f"nobody@{DOMAIN}", None), (free.email, free.id)):
        async with closed.operator() as ctx:  # asked before it is committed, and so before it can have been delivered
            await services.recovery.request(ctx, email)
            waiting = [user.id for user in (ada, free) if await services.outbox.waits(ctx, "recovery", user.id)]
            assert waiting == ([] if mailed is None else [mailed])
    async with closed.operator() as ctx:
        await services.enforcement.let_pass(ctx, ada.id)
        await services.recovery.request(ctx, ada.email)
        assert await services.outbox.waits(ctx, "recovery", ada.id)


async def test_sign_up_and_invitations_are_closed_to_the_domain(closed: Place) -> None:
    services = closed.server.services
    async with closed.operator() as ctx:
        version = (await services.policies.stored(ctx)).version
        await services.policies.change(ctx, version, TenantPolicy(signup="open"))
    with pytest.raises(InvalidInput):
        async with closed.operator() as ctx:
            await services.registration.request(ctx, f"bob@{DOMAIN}", "Bob", Secret(PASSWORD))
    async with closed.operator() as ctx:
        await services.registration.request(ctx, "bob@free.example", "Bob", Secret(PASSWORD))
    async with closed.operator() as ctx:
        with pytest.raises(Conflict):
            await services.invitation_admin.create(ctx, f"bob@{DOMAIN}", "Bob", ["member"])
        await services.invitation_admin.create(ctx, "bob@free.example", "Bob", ["member"])


async def test_session_of_before_the_domain_was_enforced_gives_no_more_codes(place: Place) -> None:
    """N12; OpenID Connect Core §3.1.2.6. Its person signs in through the connection, on a page that leads there;
    whoever may pass goes on."""
    services = place.server.services
    app, user = await app_of(place), await place.user()
    async with visitor(place) as browser:
        assert "code" in await signed_in(app, browser, user)
        assert "code" in came(await browser.get(app.url(prompt="none")))
        await enforce(place, "example.com")
        assert came(await browser.get(app.url(prompt="none")))["error"] == "login_required"
        page = await browser.get(app.url())
        assert "con_" in page.text
        refused = await browser.sign_in(page, user)
        assert refused.status_code == 401
        async with place.operator() as ctx:
            await services.enforcement.let_pass(ctx, user.id)
        assert "code" in came(await browser.get(app.url(prompt="none")))
