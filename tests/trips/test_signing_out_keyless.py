"""The tenant's keys are wholly away, destroyed or behind a key service that is gone, and somebody signs out."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import httpx2
import psycopg
import pytest
from psycopg.types.json import Jsonb

from airside.audit import Event, verify_tenant
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Unavailable
from airside.core.ids import SESSION, format_id
from airside.vault import Kek
from airside.vault.kms.local import LocalKek
from tests.makers import Database
from tests.running import Place, Running, running
from tests.trips.test_rp_logout import NOTES, Trip, trip
from tests.trips.visitor import FORM, csrf_of, visitor

DESTROY: Final = "delete from airside.tenant_key k where tenant_id = %s returning to_jsonb(k)"
RESTORE: Final = "insert into airside.tenant_key select * from jsonb_populate_record(null::airside.tenant_key, %s)"
ENDED: Final = "select session_id from airside.user_session where tenant_id = %s and ended_at is not null"
TOLD: Final = (
    "select event, subject, origin, details from airside.audit_record where tenant_id = %s and event = any(%s)"
)


class Switched:
    """Implements `Kek`: another, which may be cut off."""

    def __init__(self, kek: Kek) -> None:
        self._kek = kek
        self.away = False

    @property
    def key_id(self) -> str:
        return self._kek.key_id

    @property
    def tag(self) -> UUID:
        return self._kek.tag

    async def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        self._reach()
        return await self._kek.seal(plaintext, aad)

    async def open(self, ciphertext: bytes, aad: bytes) -> bytes:
        self._reach()
        return await self._kek.open(ciphertext, aad)

    def _reach(self) -> None:
        if self.away:
            raise Unavailable("key service")


@dataclass(frozen=True)
class House:
    """A server, its key service, and whoever may destroy rows."""

    server: Running
    kek: Switched
    database: Database


@dataclass(frozen=True)
class _Told:
    event: str
    subject: str
    origin: str
    details: str


@dataclass(frozen=True)
class _Ended:
    session_id: UUID


@pytest.fixture(scope="module")
async def house(
    database: Database, tmp_path_factory: pytest.TempPathFactory, kek: LocalKek, clock: Clock, entropy: Entropy
) -> AsyncIterator[House]:
    switched = Switched(kek)
    folder = tmp_path_factory.mktemp("keyless")
    async with running(database.app, folder, kek=switched, clock=clock, entropy=entropy) as server:
        yield House(server, switched, database)


Back = Callable[[], Awaitable[None]]


async def destroyed(house: House, place: Place) -> Back:
    async with await psycopg.AsyncConnection.connect(house.database.superuser, autocommit=True) as connection:
        rows = await (await connection.execute(DESTROY, (place.tenant_id,))).fetchall()
    assert rows != []
    house.server.services.vault.forget(place.tenant_id)

    async def back() -> None:
        async with await psycopg.AsyncConnection.connect(house.database.superuser, autocommit=True) as connection:
            for (row,) in rows:
                await connection.execute(RESTORE, (Jsonb(row),))

    return back


async def cut_off(house: House, place: Place) -> Back:
    house.kek.away = True
    house.server.services.vault.forget(place.tenant_id)

    async def back() -> None:
        house.kek.away = False

    return back


async def by_account(here: Trip, account: httpx2.Response) -> httpx2.Response:
    return await said(here, account, everywhere="")


async def everywhere(here: Trip, account: httpx2.Response) -> httpx2.Response:
    return await said(here, account, everywhere="yes")


async def by_hint(here: Trip, account: httpx2.Response) -> httpx2.Response:
    return await here.ask(id_token_hint=here.hint)


async def by_question(here: Trip, account: httpx2.Response) -> httpx2.Response:
    asked = await here.ask()
    assert "Signing out ends your session in this browser" in asked.text
    return await here.say_yes(asked)


async def said(here: Trip, account: httpx2.Response, **fields: str) -> httpx2.Response:
    body = urlencode({"csrf_token": csrf_of(account), **fields})
    headers = {**FORM, "origin": here.place.server.url}
    return await here.browser.http.post(f"{here.place.issuer}/account/signout", content=body, headers=headers)


async def holds(place: Place, cookies: dict[str, str]) -> bool:
    """Whether what the browser once held still opens the account."""
    async with visitor(place) as other:
        other.http.cookies.update(cookies)
        return (await other.http.get(f"{place.issuer}/account")).status_code == 200


@pytest.mark.parametrize("leave", [by_account, everywhere, by_hint, by_question])
@pytest.mark.parametrize("gone", [destroyed, cut_off])
async def test_session_ends_though_nothing_can_be_sealed(
    house: House,
    gone: Callable[[House, Place], Awaitable[Back]],
    leave: Callable[[Trip, httpx2.Response], Awaitable[httpx2.Response]],
) -> None:
    """N18, N19, G12: ending is the safe side. Its record says who, what and when, not whence, and the log is sound."""
    place = await house.server.tenant()
    client, _ = await place.client(NOTES)
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        account = await browser.get(f"{place.issuer}/account")
        held = dict(browser.http.cookies)
        assert await holds(place, held)
        back = await gone(house, place)
        try:
            assert (await browser.http.get(f"{place.issuer}/account")).status_code in (500, 503)
            left = await leave(here, account)
            assert left.status_code == 200, left.text
            assert "signed out" in left.text
        finally:
            await back()
        assert not await holds(place, held)
    services = house.server.services
    async with place.operator() as ctx:
        (ended,) = await ctx.tx.all(_Ended, ENDED, (ctx.tenant_id,))
        events = [Event.SESSION_ENDED, Event.FAMILY_REVOKED]
        told = await ctx.tx.all(_Told, TOLD, (ctx.tenant_id, events))
    by_event = {each.event: each for each in told}
    assert set(by_event) == set(events)
    assert by_event[Event.SESSION_ENDED].details == (
        f'{{"session":"{format_id(SESSION, ended.session_id)}","unsealed":true}}'
    )
    assert {each.origin for each in told} == {""}
    async with place.operator() as ctx:
        await services.sequencer.sequence(ctx)
    async with place.operator() as ctx:
        assert (await verify_tenant(ctx)).sound
