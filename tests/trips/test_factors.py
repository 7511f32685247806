"""Others' factors over HTTP."""

from airside.core.ids import FACTOR, USER, format_id
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
