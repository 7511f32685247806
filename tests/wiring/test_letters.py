"""Every letter that a room asks for, through the real wiring: who gets it, and that its link is the real one."""

import asyncio
import re
from typing import Final
from uuid import UUID

import pytest

from airside.core.errors import NotFound
from airside.core.ids import SESSION, format_id
from airside.core.secret import Secret
from airside.notify import Letter
from airside.tenancy import TenantPolicy
from tests.running import Place
from tests.trips.visitor import visitor

EMAIL: Final = "grace@example.org"
PASSWORD: Final = "quite some long words in a row 7"


async def _next(place: Place, known: set[UUID]) -> Letter:
    """The letter that comes next, of this tenant's."""
    mailbox = place.server.services.mailbox
    assert mailbox is not None
    for _ in range(500):
        for letter in mailbox.letters():
            if letter.id not in known and f"/t/{place.slug}/" in letter.text.reveal() + letter.html.reveal():
                known.add(letter.id)
                return letter
        await asyncio.sleep(0.01)
    raise AssertionError("no letter came")


def _token(place: Place, letter: Letter, page: str) -> Secret[str]:
    found = re.findall(
        rf"{re.escape(place.server.url)}/t/{place.slug}/{page}\?token=([A-Za-z0-9_-]+)", letter.text.reveal()
    )
    assert len(found) == 1
    return Secret(found[0])


async def test_sign_up_is_mailed_to_the_address_that_was_typed(place: Place) -> None:
    services = place.server.services
    async with place.operator() as ctx:
        await services.policies.change(ctx, 0, TenantPolicy(signup="open", language="de"))
        await services.registration.request(ctx, EMAIL, "Grace", Secret(PASSWORD))
    letter = await _next(place, set())
    assert (letter.to, letter.language) == (EMAIL, "de")
    assert "Grace" not in letter.text.reveal()
    async with place.operator() as ctx:
        assert (await services.registration.look(ctx, _token(place, letter, "signup"))).email == EMAIL


async def test_recovery_is_mailed_to_the_user_with_the_real_link(place: Place) -> None:
    services, user = place.server.services, await place.user()
    async with place.operator() as ctx:
        await services.recovery.request(ctx, user.email)
    letter = await _next(place, set())
    assert letter.to == user.email
    async with place.operator() as ctx:
        await services.recovery.look(ctx, _token(place, letter, "recover"))


async def test_recovery_of_nobody_is_mailed_to_nobody(place: Place) -> None:
    """N15: the same row, and nothing comes of it."""
    services = place.server.services
    async with place.operator() as ctx:
        await services.recovery.request(ctx, EMAIL)
    for _ in range(300):
        async with place.operator() as ctx:
            if await services.outbox.next_due(ctx) is None:
                break
        await asyncio.sleep(0.01)
    assert services.mailbox is not None
    assert [
        letter for letter in services.mailbox.letters() if letter.to == EMAIL and "recover" in letter.text.reveal()
    ] == []


async def test_new_device_is_told_when_where_and_with_what(place: Place) -> None:
    services, user = place.server.services, await place.user()
    async with visitor(place) as browser:
        await browser.sign_in(await browser.get(f"{place.issuer}/signin"), user)
    async with place.operator() as ctx:
        (session,) = await services.sessions.list(ctx, user.id)
        await services.sessions.end(ctx, session.id)
        began = await services.sessions.beginning(ctx, session.id)
        about = {"session": format_id(SESSION, session.id)}
        await services.outbox.put(ctx, "new_device", subject=user.id, about=about)
    assert (began.user_id, began.at, began.origin) == (user.id, session.created_at, session.origin)
    said = (await _next(place, set())).text.reveal()
    assert f"When: {session.created_at:%Y-%m-%d %H:%M} UTC" in said
    assert "Place: 127.0.0.1" in said


async def test_beginning_of_no_session_is_not_found(place: Place) -> None:
    async with place.operator() as ctx:
        with pytest.raises(NotFound):
            await place.server.services.sessions.beginning(ctx, UUID(int=1))
