"""Certificates that end soon are told of, once for each warning: to who set the connection up and who asked for it."""

import asyncio
from datetime import timedelta

import pytest

from airside.core.errors import NotFound
from airside.core.ids import USER, format_id
from airside.federation import Connection, ConnectionChange, SetupDraft, saml_typed
from tests.federation.certificates import pem_of
from tests.running import Place

IDP = "https://idp.example.com"


async def connected(place: Place, *days: float, inviter: str = "") -> Connection:
    """A SAML connection that somebody set up, with certificates that are good for so many more days."""
    services = place.server.services
    async with place.operator() as ctx:
        draft = SetupDraft("Contoso", "it@contoso.example")
        setup = await services.setups.create(ctx, draft, inviter or ctx.principal.subject)
        secret = await services.setups.start(ctx, await services.setups.token(ctx, setup))
        await services.setup_portal.choose(ctx, await services.setups.enter(ctx, secret), "other", "saml")
        pems = "".join(pem_of("idp", ctx.now.replace(microsecond=0) + timedelta(days=each)) for each in days)
        access = await services.setups.enter(ctx, secret)
        return await services.setup_portal.set_saml(ctx, access, saml_typed(IDP, f"{IDP}/sso", pems))


async def reminded(place: Place) -> int:
    async with place.operator() as ctx:
        return await place.server.services.certificate_reminders.remind(ctx)


@pytest.mark.parametrize(("days", "expected"), [(40, 0), (29.5, 1), (13.5, 1), (6.5, 1), (0.5, 1), (-1, 1)])
async def test_warning_is_given_when_it_is_due_and_once(place: Place, days: float, expected: int) -> None:
    await connected(place, days)
    assert await reminded(place) == expected
    assert await reminded(place) == 0


async def test_certificate_that_has_a_successor_is_not_told_of(place: Place) -> None:
    await connected(place, 3, 300)
    assert await reminded(place) == 0


async def test_many_servers_tell_once(place: Place) -> None:
    """Single use: fifty at once, one wins."""
    await connected(place, 3)
    gate = asyncio.Semaphore(8)

    async def remind() -> int:
        async with gate:
            return await reminded(place)

    assert sum(await asyncio.gather(*(remind() for _ in range(50)))) == 1


async def test_disabled_connection_is_not_told_of(place: Place) -> None:
    """N18."""
    made = await connected(place, 3)
    async with place.operator() as ctx:
        await place.server.services.connections.disable(ctx, made.id)
    assert await reminded(place) == 0


async def test_letters_reach_whom_they_are_for(place: Place) -> None:
    services = place.server.services
    user = await place.user("administrator")
    await connected(place, 3, inviter=f"user:{format_id(USER, user.id)}")
    assert services.mailbox is not None
    assert await reminded(place) == 1
    for _ in range(100):
        told = {letter.to for letter in services.mailbox.letters() if "certificate" in letter.subject}
        if {"it@contoso.example", user.email} <= told:
            break
        await asyncio.sleep(0.1)
    else:
        raise AssertionError([letter.to for letter in services.mailbox.letters()])
    text = next(letter for letter in services.mailbox.letters() if letter.to == user.email).text.reveal()
    assert "Contoso" in text


async def test_setup_that_is_revoked_names_nobody(place: Place) -> None:
    made = await connected(place, 3)
    services = place.server.services
    async with place.operator() as ctx:
        setup = await services.setups.of_connection(ctx, made.id)
        assert setup is not None
        await services.setups.revoke(ctx, setup.id)
        assert await services.setups.of_connection(ctx, made.id) is None
        with pytest.raises(NotFound):
            await services.setups.look(ctx, await services.setups.token(ctx, setup))


async def kept(place: Place, connection: Connection) -> int:
    """How many warnings are remembered of it."""
    async with place.operator() as ctx:
        return await ctx.tx.run(
            "select days from airside.certificate_reminder where tenant_id = %s and connection_id = %s",
            (ctx.tenant_id, connection.id),
        )


async def test_what_was_told_of_a_certificate_is_forgotten_with_it(place: Place) -> None:
    services = place.server.services
    made = await connected(place, 3)
    assert (await reminded(place), await kept(place, made)) == (1, 1)
    async with place.operator() as ctx:
        successor = pem_of("idp", ctx.now.replace(microsecond=0) + timedelta(days=300))
        await services.connections.update(ctx, made.id, ConnectionChange(settings={"certificates": [successor]}))
    assert (await reminded(place), await kept(place, made)) == (0, 0)


async def test_what_was_told_of_a_connection_goes_with_it(place: Place) -> None:
    made = await connected(place, 3)
    assert (await reminded(place), await kept(place, made)) == (1, 1)
    async with place.operator() as ctx:
        await place.server.services.connection_admin.delete(ctx, made.id)
    assert await kept(place, made) == 0
