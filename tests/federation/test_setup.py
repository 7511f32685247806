"""Invitations to set a connection up: begun once, by one browser, for as long as the inviter may."""

import asyncio
from datetime import timedelta

import pytest

from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import USER, format_id
from airside.core.secret import Secret
from airside.federation import OidcGiven, OidcSettings, SamlSettings, Setup, SetupDraft, saml_typed
from airside.federation.setup_model import MAX_SETUPS
from tests.federation.certificates import pem_of
from tests.running import Place

DRAFT = SetupDraft("Contoso", "it@contoso.example")
GIVEN = OidcGiven("https://idp.example.com", "airside", Secret("hush"))


async def invited(place: Place, draft: SetupDraft = DRAFT, inviter: str = "") -> tuple[Setup, Secret[str]]:
    services = place.server.services
    async with place.operator() as ctx:
        setup = await services.setups.create(ctx, draft, inviter or ctx.principal.subject)
        return setup, await services.setups.token(ctx, setup)


async def begun(place: Place, draft: SetupDraft = DRAFT, inviter: str = "") -> tuple[Setup, Secret[str]]:
    setup, token = await invited(place, draft, inviter)
    async with place.operator() as ctx:
        return setup, await place.server.services.setups.start(ctx, token)


async def opens(place: Place, secret: Secret[str]) -> bool:
    async with place.operator() as ctx:
        try:
            await place.server.services.setups.enter(ctx, secret)
        except NotFound:
            return False
    return True


async def test_link_begins_once_whoever_else_tries_at_the_same_time(place: Place) -> None:
    """Single use: fifty at once, one wins."""
    _, token = await invited(place)

    gate = asyncio.Semaphore(8)  # as many as the pool lets through at once

    async def start() -> Secret[str] | None:
        async with gate, place.operator() as ctx:
            try:
                return await place.server.services.setups.start(ctx, token)
            except NotFound:
                return None

    won = [secret for secret in await asyncio.gather(*(start() for _ in range(50))) if secret is not None]
    assert len(won) == 1
    assert await opens(place, won[0])


async def test_fifty_who_invite_at_once_fill_the_tenant_and_no_more(place: Place) -> None:
    services, free = place.server.services, 3
    async with place.operator() as ctx:
        for _ in range(MAX_SETUPS - free):
            await services.setups.create(ctx, DRAFT, ctx.principal.subject)

    gate = asyncio.Semaphore(8)  # as many as the pool lets through at once

    async def invite() -> bool:
        async with gate, place.operator() as ctx:
            try:
                await services.setups.create(ctx, DRAFT, ctx.principal.subject)
            except Conflict:
                return False
        return True

    assert sum(await asyncio.gather(*(invite() for _ in range(50)))) == free


async def test_link_of_another_purpose_begins_nothing_and_this_one_opens_nothing_else(place: Place) -> None:
    """N06."""
    services = place.server.services
    _, token = await invited(place)
    async with place.operator() as ctx:
        invitation = await services.invitations.create(ctx, "guest@example.com", "Guest", ["member"], "operator:test")
        other = await services.links.token(ctx, invitation.link_id)
        with pytest.raises(NotFound):
            await services.setups.start(ctx, other)
    async with place.operator() as ctx:
        with pytest.raises(NotFound):
            await services.acceptance.look(ctx, token)
    assert not await opens(place, token)


async def test_link_and_secret_of_another_tenant_open_nothing(place: Place) -> None:
    """N20."""
    _, token = await invited(place)
    _, secret = await begun(place)
    other = await place.server.tenant()
    async with other.operator() as ctx:
        with pytest.raises(NotFound):
            await other.server.services.setups.start(ctx, token)
    assert not await opens(other, secret)


@pytest.mark.parametrize("text", ["", "x", "x" * 43, "x" * 64, "é" * 43, "x" * 100_000])
async def test_what_is_no_secret_opens_nothing(place: Place, text: str) -> None:
    assert not await opens(place, Secret(text))


async def test_secret_that_is_changed_or_cut_opens_nothing(place: Place) -> None:
    """N38."""
    _, secret = await begun(place)
    text = secret.reveal()
    for changed in (text[:-1], text + "A", text.swapcase(), text[1:] + text[0]):
        assert not await opens(place, Secret(changed)), changed
    assert await opens(place, secret)


async def test_revoked_or_finished_invitation_opens_nothing(place: Place) -> None:
    """N18: also for who has begun."""
    services = place.server.services
    setup, token = await invited(place)
    begun_setup, secret = await begun(place)
    async with place.operator() as ctx:
        await services.setups.revoke(ctx, setup.id)
        await services.setups.revoke(ctx, begun_setup.id)
        with pytest.raises(Conflict):
            await services.setups.revoke(ctx, setup.id)
    async with place.operator() as ctx:
        with pytest.raises(NotFound):
            await services.setups.start(ctx, token)
    assert not await opens(place, secret)
    _, another = await begun(place)
    async with place.operator() as ctx:
        access = await services.setups.enter(ctx, another)
        await services.setup_portal.choose(ctx, access, "other", "oidc")
        access = await services.setups.enter(ctx, another)
        await services.setup_portal.set_oidc(ctx, access, GIVEN)
        await services.setup_portal.finish(ctx, access)
    assert not await opens(place, another)


async def test_invitation_opens_nothing_once_its_inviter_may_no_longer(place: Place) -> None:
    """N18, N21: the right is asked for again at every step, and while somebody is at it."""
    services = place.server.services
    await place.user("administrator")  # the last one can't be taken away
    user = await place.user("administrator")
    inviter = f"user:{format_id(USER, user.id)}"
    _, secret = await begun(place, inviter=inviter)
    _, token = await invited(place, inviter=inviter)
    assert await opens(place, secret)
    async with place.operator() as ctx:
        await services.users.set_state(ctx, user.id, "disabled")
    assert not await opens(place, secret)
    async with place.operator() as ctx:
        await services.users.set_state(ctx, user.id, "active")
    assert await opens(place, secret)
    async with place.operator() as ctx:
        await services.member_admin.revoke(ctx, user.id, "administrator")
    assert not await opens(place, secret)
    async with place.operator() as ctx:
        with pytest.raises(NotFound):
            await services.setups.start(ctx, token)


async def test_invitation_ends_with_its_time(place: Place) -> None:
    services = place.server.services
    setup, secret = await begun(place, SetupDraft("Contoso", "it@contoso.example", lifetime=timedelta(seconds=1)))
    assert await opens(place, secret)
    await asyncio.sleep(1.1)
    assert not await opens(place, secret)
    async with place.operator() as ctx:
        assert (await services.setups.get(ctx, setup.id)).state == "expired"


@pytest.mark.parametrize(
    ("draft", "pointer"),
    [
        (SetupDraft("", "it@contoso.example"), "name"),
        (SetupDraft("a\nb", "it@contoso.example"), "name"),
        (SetupDraft("Contoso", "it@contoso.example", lifetime=timedelta(days=31)), "days"),
        (SetupDraft("Contoso", "it@contoso.example", lifetime=timedelta()), "days"),
    ],
)
async def test_draft_that_isnt_lawful_is_refused(place: Place, draft: SetupDraft, pointer: str) -> None:
    async with place.operator() as ctx:
        with pytest.raises(InvalidInput) as refused:
            await place.server.services.setups.create(ctx, draft, "operator:test")
    assert refused.value.data["pointer"] == pointer


async def test_connection_is_made_as_the_inviter_said_and_offered_when_it_is_finished(place: Place) -> None:
    """N21: neither its name nor whether it makes accounts is the guest's to say."""
    services = place.server.services
    _, secret = await begun(place, SetupDraft("Contoso", "it@contoso.example", creates_users=True))
    async with place.operator() as ctx:
        access = await services.setups.enter(ctx, secret)
        with pytest.raises(Conflict):
            await services.setup_portal.set_oidc(ctx, access, GIVEN)
        await services.setup_portal.choose(ctx, access, "other", "oidc")
        access = await services.setups.enter(ctx, secret)
        with pytest.raises(InvalidInput):
            await services.setup_portal.set_oidc(ctx, access, OidcGiven("https://idp.example.com", "airside", None))
        made = await services.setup_portal.set_oidc(ctx, access, GIVEN)
        assert (made.name, made.creates_users, made.shown) == ("Contoso", True, False)
        assert made.id == access.setup.connection_id
        changed = OidcGiven("https://other.example.com", "airside", None)
        after = await services.setup_portal.set_oidc(ctx, access, changed)
        assert isinstance(after.settings, OidcSettings)
        assert (after.settings.issuer, after.has_secret) == ("https://other.example.com", True)
        finished = await services.setup_portal.finish(ctx, access)
    assert finished.shown


async def test_another_protocol_takes_away_what_was_set_up(place: Place) -> None:
    services = place.server.services
    _, secret = await begun(place)
    async with place.operator() as ctx:
        access = await services.setups.enter(ctx, secret)
        await services.setup_portal.choose(ctx, access, "okta", "saml")
        access = await services.setups.enter(ctx, secret)
        typed = saml_typed("https://idp.example.com", "https://idp.example.com/sso", pem_of("idp.example.com"))
        made = await services.setup_portal.set_saml(ctx, access, typed)
        assert isinstance(made.settings, SamlSettings)
        await services.setup_portal.choose(ctx, access, "okta", "oidc")
        again = await services.setups.enter(ctx, secret)
        assert again.setup.connection_id != made.id
        assert await services.setup_portal.connection(ctx, again) is None
        with pytest.raises(NotFound):
            await services.connections.get(ctx, made.id)


@pytest.mark.parametrize("text", ["", "nothing", "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----"])
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        saml_typed("https://idp.example.com", "https://idp.example.com/sso", text)
    assert refused.value.data["pointer"] == "certificates"


async def test_metadata_is_fetched_from_nowhere_private(place: Place) -> None:
    """N28."""
    services = place.server.services
    for url in ("http://127.0.0.1/metadata", "https://169.254.169.254/", "https://localhost/", "file:///etc/passwd"):
        _, secret = await begun(place)
        async with place.operator() as ctx:
            access = await services.setups.enter(ctx, secret)
            with pytest.raises(InvalidInput):
                await services.setup_portal.metadata_at(ctx, access, url)
