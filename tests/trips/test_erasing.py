"""Erasing somebody over HTTP: asked for, cancelled, carried out."""

import asyncio
from datetime import datetime, timedelta

import pytest

from airside.core.ids import USER, format_id
from airside.custody import read_person_certificate
from tests.running import Place
from tests.surface import token_with
from tests.trips.manager import manage


async def test_user_waits_is_brought_back_and_waits_again(place: Place) -> None:
    """N18: meanwhile nobody enables them."""
    user = await place.user("member")
    token, word = await token_with(place, "users:read", "users:write"), format_id(USER, user.id)
    path = f"/users/{word}/erasure"
    asked = await manage(place, token, "POST", path, {})
    assert asked.status_code == 202
    said = asked.json()
    assert said == (await manage(place, token, "GET", path)).json()
    assert (said["state"], said["certificate"]) == ("waiting", None)
    assert _moment(said["due_at"]) - _moment(said["requested_at"]) == timedelta(days=30)
    assert (await manage(place, token, "GET", f"/users/{word}")).json()["state"] == "disabled"
    for method, other, body in (
        ("PATCH", f"/users/{word}", {"state": "active"}),
        ("POST", path, {"days": 0}),
        ("DELETE", f"/users/{word}", None),
    ):
        refused = await manage(place, token, method, other, body)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert (await manage(place, token, "GET", path)).json() == said
    assert (await manage(place, token, "DELETE", path)).status_code == 204
    assert (await manage(place, token, "GET", f"/users/{word}")).json()["state"] == "active"
    for method in ("GET", "DELETE"):
        assert (await manage(place, token, method, path)).status_code == 404
    assert (await manage(place, token, "DELETE", f"/users/{word}")).status_code == 204
    assert (await manage(place, token, "GET", path)).json()["state"] == "waiting"


async def test_whoever_may_less_neither_asks_nor_cancels(place: Place) -> None:
    """N21."""
    user, chief = await place.user("member"), await place.user("administrator")
    await place.user("administrator")
    token, reader = await token_with(place, "users:read", "users:write"), await token_with(place, "users:read")
    path, above = (f"/users/{format_id(USER, each.id)}/erasure" for each in (user, chief))
    assert (await manage(place, reader, "POST", path, {})).status_code == 403
    assert (await manage(place, token, "POST", path, {})).status_code == 202
    assert (await manage(place, reader, "DELETE", path)).status_code == 403
    assert (await manage(place, token, "POST", above, {})).status_code == 403
    async with place.operator() as ctx:
        await place.server.services.closing.request(ctx, chief.id)
    assert (await manage(place, token, "DELETE", above)).status_code == 403
    assert (await manage(place, token, "GET", above)).json()["state"] == "waiting"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_another_tenant_s_user_is_not_found(place: Place, method: str) -> None:
    """N20."""
    other = await place.server.tenant()
    user = await other.user("member")
    async with other.operator() as ctx:
        await place.server.services.closing.request(ctx, user.id)
    token = await token_with(place, "users:read", "users:write")
    body: dict[str, object] | None = {} if method == "POST" else None
    answer = await manage(place, token, method, f"/users/{format_id(USER, user.id)}/erasure", body)
    assert answer.status_code == 404


@pytest.mark.parametrize("body", [{"days": -1}, {"days": 366}, {"days": "30"}, {"days": 1.5}, {"grace": 3}])
async def test_days_that_are_none_are_refused(place: Place, body: dict[str, object]) -> None:
    """Nothing is asked for then."""
    user = await place.user("member")
    token, path = await token_with(place, "users:read", "users:write"), f"/users/{format_id(USER, user.id)}/erasure"
    assert (await manage(place, token, "POST", path, body)).status_code in (400, 422)
    assert (await manage(place, token, "GET", path)).status_code == 404


async def test_erased_user_leaves_a_certificate(place: Place) -> None:
    services, user = place.server.services, await place.user("member")
    token, word = await token_with(place, "users:read", "users:write"), format_id(USER, user.id)
    path = f"/users/{word}/erasure"
    assert (await manage(place, token, "GET", path)).status_code == 404
    assert (await manage(place, token, "POST", path, {"days": 0})).status_code == 202
    said = (await manage(place, token, "GET", path)).json()
    assert (said["state"], said["certificate"]) == ("closed", None)
    for _ in range(100):
        async with place.operator() as ctx:
            for item in await services.outbox.take(ctx, limit=50, lease=timedelta(minutes=1)):
                await services.outbox.done(ctx, item)
        async with place.operator() as ctx:
            await services.closing.sweep(ctx)
        said = (await manage(place, token, "GET", path)).json()
        if said["state"] == "erased":
            break
        await asyncio.sleep(0.05)
    verified = read_person_certificate(said["certificate"])
    assert (verified.certificate.user_id, verified.certificate.tenant_id) == (user.id, place.tenant_id)
    assert (await manage(place, token, "GET", f"/users/{word}")).status_code == 404
    stranger = await place.server.tenant()
    theirs = await token_with(stranger, "users:read")
    assert (await manage(stranger, theirs, "GET", path)).status_code == 404
    client = await token_with(place, "clients:read")
    assert (await manage(place, client, "GET", path)).status_code == 403


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
