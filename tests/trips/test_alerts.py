"""A real attack on the running server raises its alert, and an administrator sees it over the API."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx2

from airside.core.ids import ALERT, USER, format_id
from airside.notify import Letter
from airside.permissions import TupleKey
from tests.running import Place
from tests.surface import administrator_token, alert_of, token_with
from tests.trips.visitor import FORM, NATIVE, csrf_of, refresh, tokens_for

PATIENCE = 20.0
SOURCE = "127.0.0.77"
MODEL = "model\n  schema 1.1\ntype user\ntype doc\n  relations\n    define viewer: [user]\n"


class Office:
    """An administrator's program, over the management API."""

    def __init__(self, place: Place, http: httpx2.AsyncClient, token: str) -> None:
        self.place = place
        self.http = http
        self.headers = {"authorization": f"Bearer {token}"}

    async def get(self, path: str, **query: str) -> httpx2.Response:
        return await self.http.get(f"{self.place.issuer}/api/v1{path}", params=query, headers=self.headers)

    async def post(self, path: str, body: dict[str, Any] | None = None) -> httpx2.Response:
        return await self.http.post(f"{self.place.issuer}/api/v1{path}", json=body, headers=self.headers)

    async def alert(self, rule: str) -> dict[str, Any]:
        """The one alert of `rule`, as soon as there is one: nobody asks for it to be raised."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = (await self.get("/alerts", rule=rule)).json()["alerts"]
                if found:
                    assert len(found) == 1
                    return found[0]
                await asyncio.sleep(0.1)


async def _counted(place: Place) -> None:
    """The minute is over: what the process counted is written."""
    async with place.operator() as ctx:
        await place.server.services.watch.count(ctx)


async def test_list_of_passwords_tried_from_one_address_raises_an_alert(place: Place) -> None:
    """N13"""
    async with place.server.client(source=SOURCE) as http:
        for number in range(12):
            page = await http.get(f"{place.issuer}/signin", follow_redirects=True)
            fields = {"email": f"person-{number}@example.com", "password": "Summer2026!", "csrf_token": csrf_of(page)}
            headers = {**FORM, "origin": place.server.url}
            answer = await http.post(str(page.url), content=urlencode(fields), headers=headers)
            assert answer.status_code in (401, 429, 503), answer.text
    await _counted(place)
    async with place.server.client() as http:
        alert = await Office(place, http, await administrator_token(place)).alert("credential_stuffing")
    assert (alert["severity"], alert["state"], alert["count"]) == ("high", "open", 12)
    assert alert["evidence"]["measured"] == 12
    assert alert["evidence"]["about"] == [SOURCE]


async def test_stolen_refresh_token_raises_an_alert_and_a_letter_to_the_administrators(place: Place) -> None:
    """N07"""
    boss = await place.user("administrator")
    user = await place.user("member")
    client, _ = await place.client(NATIVE)
    first = (await tokens_for(place, client, user))["refresh_token"]
    second = (await refresh(place, client, first)).json()["refresh_token"]
    await refresh(place, client, second)
    assert (await refresh(place, client, first)).json()["error"] == "invalid_grant"
    async with place.server.client() as http:
        office = Office(place, http, await administrator_token(place))
        alert = await office.alert("refresh_token_reuse")
        assert alert["subject"] == format_id(USER, user.id)
        assert len(alert["evidence"]["records"]) == 1
    mailbox = place.server.services.mailbox
    assert mailbox is not None
    async with asyncio.timeout(PATIENCE):
        letters = list[Letter]()
        while not letters:
            await asyncio.sleep(0.1)
            letters = [letter for letter in mailbox.letters() if letter.to == boss.email]
    assert [letter.subject for letter in letters] == ["Acme Instruments: security alert"]


async def test_alert_is_acknowledged_and_closed_and_the_list_is_read_in_pages(place: Place) -> None:
    first = format_id(ALERT, await alert_of(place))
    async with place.server.client() as http:
        office = Office(place, http, await administrator_token(place))
        done = await office.post(f"/alerts/{first}/acknowledge")
        assert (done.status_code, done.json()["state"]) == (200, "acknowledged")
        assert (await office.post(f"/alerts/{first}/acknowledge")).status_code == 409
        assert (await office.post(f"/alerts/{first}/close", {"reason": "a test", "state": "x"})).status_code == 422
        done = await office.post(f"/alerts/{first}/close", {"reason": "a test"})
        assert (done.status_code, done.json()["state"]) == (200, "closed")
        assert done.json()["changed_by"].startswith("client:")
        second = format_id(ALERT, await alert_of(place))
        page = (await office.get("/alerts", limit="1")).json()
        assert [each["id"] for each in page["alerts"]] == [second]
        rest = (await office.get("/alerts", limit="1", cursor=page["next_cursor"])).json()
        assert [each["id"] for each in rest["alerts"]] == [first]
        assert (await office.get("/alerts", state="open", cursor=page["next_cursor"])).status_code == 422
        assert [each["id"] for each in (await office.get("/alerts", state="closed")).json()["alerts"]] == [first]
        assert (await office.get("/alerts", severity="low")).json()["alerts"] == []
        assert (await office.get("/alerts", rule="none")).status_code == 422
        assert (await office.get(f"/alerts/{first}")).json()["state"] == "closed"
        reader = Office(place, http, await token_with(place, "audit:read"))
        assert (await reader.get(f"/alerts/{second}")).status_code == 200
        assert (await reader.post(f"/alerts/{second}/close", {})).status_code == 403


async def test_caller_who_may_not_and_tries_again_and_again_raises_an_alert(place: Place) -> None:
    """N22"""
    async with place.server.client() as http:
        office = Office(place, http, await administrator_token(place))
        policy = {"alerts": {"thresholds": {"refused_spike": 20, "denied_spike": 100}}}
        changed = await http.put(
            f"{place.issuer}/api/v1/policies", json={"version": 0, "policy": policy}, headers=office.headers
        )
        assert changed.status_code == 200, changed.text
        too_low = {"alerts": {"thresholds": {"refused_spike": 19}}}
        refused = await http.put(
            f"{place.issuer}/api/v1/policies", json={"version": 1, "policy": too_low}, headers=office.headers
        )
        assert refused.status_code == 422
        stranger = Office(place, http, await token_with(place, "permissions:check"))
        for _ in range(25):
            assert (await stranger.get("/users")).status_code == 403
        async with place.operator() as ctx:
            permissions = place.server.services.permissions
            store = await permissions.stores.create(ctx, "Files")
            await permissions.models.write(ctx, store.id, MODEL)
            await permissions.tuples.write(ctx, store.id, writes=[TupleKey("user:anne", "viewer", "doc:0")])
        services = place.server.services
        # A minute begins now: at the end of one, noes too few to be told of would be left out.
        for now in (services.clock.now() + timedelta(days=1), services.clock.now()):
            services.tallies.due(now)
        for number in range(120):
            key = {"user": "user:anne", "relation": "viewer", "object": f"doc:{number}"}
            answer = await http.post(
                f"{place.server.url}/stores/{store.id}/check", json={"tuple_key": key}, headers=stranger.headers
            )
            assert answer.json()["allowed"] is (number == 0)
        # What callers were answered is gathered once a minute.
        services.tallies.due(services.clock.now() + timedelta(days=1))
        await _counted(place)
        assert (await office.alert("refused_spike"))["count"] == 25
        assert (await office.alert("denied_spike"))["count"] == 119
