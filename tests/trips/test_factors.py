"""Others' factors over HTTP."""

import asyncio
from datetime import timedelta

from airside.core.ids import FACTOR, USER, format_id
from airside.custody import read_person_certificate
from tests.admin.kit import generator_of
from tests.running import Place
from tests.surface import token_with
from tests.trips.manager import manage


async def test_factors_are_listed_taken_and_reset(place: Place) -> None:
    user = await place.user("member")
    factor_id, _ = await generator_of(place, user)
    word, path = format_id(FACTOR, factor_id), f"/users/{format_id(USER, user.id)}"
    token = await token_with(place, "users:read", "users:write")
    found = (await manage(place, token, "GET", f"{path}/factors")).json()
    assert (found["password"], found["recovery_codes"]) == (True, 0)
    (factor,) = found["factors"]
    assert factor.keys() == {"id", "kind", "name", "created_at", "last_used_at"}
    assert (factor["id"], factor["kind"]) == (word, "totp")
    assert (await manage(place, token, "DELETE", f"{path}/factors/{word}")).status_code == 204
    for gone in (word, f"psk_{word[4:]}", "fac_", "x"):
        assert (await manage(place, token, "DELETE", f"{path}/factors/{gone}")).status_code == 404
    await generator_of(place, user)
    assert (await manage(place, token, "DELETE", f"{path}/factors")).status_code == 204
    assert (await manage(place, token, "GET", f"{path}/factors")).json()["factors"] == []
    assert (await manage(place, token, "POST", f"{path}/password/demand")).status_code == 204
    reader = await token_with(place, "users:read")
    for method, rest in (("DELETE", "/factors"), ("POST", "/password/demand"), ("DELETE", "")):
        assert (await manage(place, reader, method, path + rest)).status_code == 403


async def test_user_is_erased(place: Place) -> None:
    user, chief = await place.user("member"), await place.user("administrator")
    token = await token_with(place, "users:read", "users:write")
    path = f"/users/{format_id(USER, user.id)}"
    assert (await manage(place, token, "DELETE", path)).status_code == 204
    assert (await manage(place, token, "GET", path)).json()["state"] == "disabled"
    above = await manage(place, token, "DELETE", f"/users/{format_id(USER, chief.id)}")
    assert above.status_code == 403


async def test_erased_user_leaves_a_certificate(place: Place) -> None:
    services, user = place.server.services, await place.user("member")
    token, word = await token_with(place, "users:read", "users:write"), format_id(USER, user.id)
    path = f"/users/{word}/erasure"
    assert (await manage(place, token, "GET", path)).status_code == 404
    assert (await manage(place, token, "DELETE", f"/users/{word}")).status_code == 204
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
