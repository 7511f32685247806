"""An application hears of events: endpoints by the management API, messages over TLS, verified by the SDK."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from airside.core.clock import SystemClock
from airside.sdk import WebhookReplayed, WebhookVerifier
from tests.notify.webhooks.kit import headers_of
from tests.running import Place
from tests.surface import administrator_token, token_with
from tests.trips.relying_party import SOON, Parties, house, parties

__all__ = ["house", "parties"]


@asynccontextmanager
async def _api(house: Place, token: str) -> AsyncGenerator[Callable[..., Any]]:
    async with house.server.client() as http:

        async def call(method: str, path: str, body: object = None) -> httpx2.Response:
            url, headers = f"{house.issuer}/api/v1{path}", {"authorization": f"Bearer {token}"}
            if body is None:
                return await http.request(method, url, headers=headers)
            return await http.request(method, url, headers=headers, json=body)

        yield call


async def _until(call: Callable[..., Any], path: str, state: str, count: int = 1) -> list[dict[str, Any]]:
    """The deliveries of an endpoint, once so many are in that state."""
    async with asyncio.timeout(SOON):
        while True:
            found = (await call("GET", f"{path}/deliveries?state={state}")).json()["deliveries"]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.05)


async def test_application_hears_of_users_and_each_message_is_taken_once(house: Place, parties: Parties) -> None:
    async with _api(house, await administrator_token(house)) as call:
        url = f"{parties.receiver.url}/hooks"
        made = await call("POST", "/webhooks", {"url": url, "events": ["user:*"], "description": "Notes"})
        assert made.status_code == 201, made.text
        secret, path = made.json()["secret"], f"/webhooks/{made.json()['webhook']['id']}"
        user = (await call("POST", "/users", {"email": "ada@example.com"})).json()
        (delivery,) = await _until(call, path, "delivered")
        assert (delivery["event"], delivery["status"], delivery["attempts"]) == ("user:user:created", 200, 1)
        (head, body) = next((head, body) for at, head, body in parties.receiver.heard if at == "/hooks")
        verifier = WebhookVerifier(secret, clock=SystemClock())
        with verifier.taking(headers_of(head), body) as event:
            assert (event.id, event.type, event.data["subject"]) == (delivery["id"], "user:user:created", user["id"])
        with pytest.raises(WebhookReplayed), verifier.taking(headers_of(head), body):
            pytest.fail("taken twice")
        assert secret not in json.dumps((await call("GET", path)).json())
        assert (await call("POST", f"{path}/test")).status_code == 202
        newest, *_ = await _until(call, path, "delivered", 2)
        assert newest["event"] == "webhook:endpoint:tested"


async def test_endpoint_is_changed_rotated_disabled_and_deleted(house: Place, parties: Parties) -> None:
    async with _api(house, await administrator_token(house)) as call:
        body = {"url": f"{parties.receiver.url}/changed", "events": ["user:*"]}
        made = (await call("POST", "/webhooks", body)).json()
        path = f"/webhooks/{made['webhook']['id']}"
        changed = (await call("PATCH", path, {"events": ["session:*", "user:user:erased"]})).json()
        assert changed["events"] == ["session:*", "user:user:erased"]
        assert changed["url"] == body["url"]
        rotated = await call("POST", f"{path}/rotate", {"overlap_hours": 1})
        assert rotated.status_code == 201
        assert rotated.json()["secret"] != made["secret"]
        assert rotated.json()["webhook"]["signed_with_two_until"] is not None
        assert (await call("PATCH", path, {"state": "disabled"})).json()["state"] == "disabled"
        assert (await call("POST", f"{path}/test")).status_code == 409
        assert (await call("POST", f"{path}/replay")).status_code == 409
        listed = (await call("GET", "/webhooks?limit=1")).json()
        assert [each["id"] for each in listed["webhooks"]] == [made["webhook"]["id"]]
        rest = (await call("GET", f"/webhooks?limit=1&cursor={listed['next_cursor']}")).json()
        assert rest == {"webhooks": [], "next_cursor": None}
        assert (await call("DELETE", path)).status_code == 204
        assert (await call("GET", path)).status_code == 404


async def test_dead_letter_is_shown_and_sent_again(house: Place, parties: Parties) -> None:
    parties.receiver.statuses["/gone"] = ["410 Gone", "200 OK"]
    async with _api(house, await administrator_token(house)) as call:
        made = (await call("POST", "/webhooks", {"url": f"{parties.receiver.url}/gone", "events": ["user:*"]})).json()
        path = f"/webhooks/{made['webhook']['id']}"
        await call("POST", "/users", {"email": "ada@example.com"})
        (dead,) = await _until(call, path, "dead")
        assert (dead["status"], (await call("GET", path)).json()["state"]) == (410, "disabled")
        await call("PATCH", path, {"state": "active"})
        assert (await call("POST", f"{path}/deliveries/{dead['id']}/replay")).json() == {"replayed": 1}
        assert [each["id"] for each in await _until(call, path, "delivered")] == [dead["id"]]
        assert (await call("POST", f"{path}/deliveries/{dead['id']}/replay")).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "http://example.com/", "events": ["*"]}, "url"),
        ({"url": "https://127.0.0.1/", "events": ["*"]}, "url"),
        ({"url": "https://example.com/", "events": ["users:*"]}, "events"),
        ({"url": "https://example.com/", "events": []}, "events"),
        ({"url": "https://example.com/", "events": ["*"], "secret": "whsec_mine"}, "secret"),
    ],
    ids=["plain", "inside", "unknown", "none", "mass assignment"],
)
async def test_unlawful_endpoint_is_refused_by_field(house: Place, body: dict[str, object], field: str) -> None:
    async with _api(house, await administrator_token(house)) as call:
        refused = await call("POST", "/webhooks", body)
        assert refused.status_code == 422
        assert field in refused.json()["detail"]


async def test_who_may_read_may_not_write(house: Place, parties: Parties) -> None:
    async with _api(house, await token_with(house, "webhooks:read")) as call:
        assert (await call("GET", "/webhooks")).status_code == 200
        refused = await call("POST", "/webhooks", {"url": f"{parties.receiver.url}/x", "events": ["*"]})
        assert refused.status_code == 403


async def test_a_tenant_has_so_many_endpoints_and_no_more(house: Place, parties: Parties) -> None:
    async with _api(house, await administrator_token(house)) as call:
        body = {"url": f"{parties.receiver.url}/many", "events": ["session:*"]}
        codes = [(await call("POST", "/webhooks", body)).status_code for _ in range(21)]
        assert codes == [201] * 20 + [409]
