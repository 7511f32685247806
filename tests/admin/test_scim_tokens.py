"""SCIM tokens over the management API."""

from airside.core.ids import CONNECTION, TOKEN, format_id, uuid7
from tests.federation.scim.directory import connect
from tests.running import Place
from tests.surface import administrator_token, token_with


async def test_administrator_makes_sees_and_revokes_a_token(place: Place) -> None:
    connection = await connect(place)
    path = f"{place.issuer}/api/v1/connections/{connection.word}/scim-tokens"
    headers = {"authorization": f"Bearer {await administrator_token(place)}"}
    async with place.server.client() as http:
        made = await http.post(path, json={"days": 30}, headers=headers)
        assert made.status_code == 201, made.text
        said = made.json()
        own = {"authorization": f"Bearer {said['token']}"}
        assert (await http.get(f"{place.issuer}/scim/v2/Users", headers=own)).status_code == 200
        listed = (await http.get(path, headers=headers)).json()["scim_tokens"]
        assert [one["id"] for one in listed] == [said["scim_token"]["id"]]
        assert "token" not in listed[0]
        assert listed[0]["setup_invitation_id"] is None
        assert (await http.delete(f"{path}/{said['scim_token']['id']}", headers=headers)).status_code == 204
        assert (await http.get(f"{place.issuer}/scim/v2/Users", headers=own)).status_code == 401
        assert (await http.delete(f"{path}/{said['scim_token']['id']}", headers=headers)).status_code == 404


async def test_who_may_not_write_users_and_connections_makes_no_token(place: Place) -> None:
    """N19, N21: a token makes and disables people, so whoever makes one may."""
    connection = await connect(place)
    path = f"{place.issuer}/api/v1/connections/{connection.word}/scim-tokens"
    for scopes, statuses in (
        (("connections:read", "users:write"), (403, 200)),
        (("connections:read", "connections:write"), (403, 200)),
        (("users:read", "users:write"), (403, 403)),
        (("connections:write", "users:write"), (201, 403)),
    ):
        headers = {"authorization": f"Bearer {await token_with(place, *scopes)}"}
        async with place.server.client() as http:
            made = await http.post(path, json={}, headers=headers)
            assert (made.status_code, (await http.get(path, headers=headers)).status_code) == statuses, scopes


async def test_token_of_another_connection_is_not_there(place: Place) -> None:
    """N20."""
    one, other = await connect(place), await connect(place)
    services = place.server.services
    headers = {"authorization": f"Bearer {await administrator_token(place)}"}
    nobody = format_id(CONNECTION, uuid7(services.clock.now(), services.entropy))
    root = f"{place.issuer}/api/v1/connections"
    async with place.server.client() as http:
        made = (await http.post(f"{root}/{one.word}/scim-tokens", json={}, headers=headers)).json()["scim_token"]["id"]
        assert (await http.delete(f"{root}/{other.word}/scim-tokens/{made}", headers=headers)).status_code == 404
        assert (await http.post(f"{root}/{nobody}/scim-tokens", json={}, headers=headers)).status_code == 404
        unknown = format_id(TOKEN, uuid7(services.clock.now(), services.entropy))
        assert (await http.delete(f"{root}/{one.word}/scim-tokens/{unknown}", headers=headers)).status_code == 404
