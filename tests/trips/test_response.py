"""Responding by API: who may, what is refused, and what it does on the running server."""

from datetime import timedelta

import pytest

from airside.core.ids import BAN, format_id, uuid7
from tests.admin.kit import make_manager
from tests.apikeys.kit import account_with, mint
from tests.running import Place, Running
from tests.surface import administrator_token
from tests.trips.manager import manage, person_tokens

SCOPES = ("incidents:read", "incidents:write")


@pytest.fixture
async def token(place: Place) -> str:
    """An administrator's, signed in by two factors."""
    _, tokens = await person_tokens(place, await place.user("administrator"), *SCOPES)
    return str(tokens["access_token"])


async def test_banned_network_is_turned_away_and_let_in_again(place: Place, token: str) -> None:
    made = await manage(place, token, "POST", "/response/bans", {"network": "127.0.0.2", "minutes": 5})
    assert made.status_code == 201, made.text
    ban = made.json()
    assert (ban["network"], (await manage(place, token, "GET", "/response/bans")).json()["bans"]) == (
        "127.0.0.2/32",
        [ban],
    )
    discovery = f"{place.issuer}/.well-known/openid-configuration"
    async with place.server.client(source="127.0.0.2") as banned, place.server.client() as other:
        for path in (discovery, f"{place.issuer}/oauth2/jwks", f"{place.issuer}/api/v1/users"):
            answer = await banned.get(path, headers={"authorization": "Bearer no.such.token"})
            assert answer.status_code == 403, path
            assert answer.json()["code"] == "network_banned"
        assert "Not from here" in (await banned.get(f"{place.issuer}/signin")).text
        assert (await other.get(discovery)).status_code == 200
        assert (await manage(place, token, "DELETE", f"/response/bans/{ban['id']}")).status_code == 204
        assert (await banned.get(discovery)).status_code == 200
    assert (await manage(place, token, "DELETE", f"/response/bans/{ban['id']}")).status_code == 404


async def test_key_that_is_answered_at_once_is_turned_away_too(place: Place, token: str) -> None:
    minted = await mint(place, "users:read", account=await account_with(place, "users:read"))
    bearer = {"authorization": f"Bearer {minted.secret}"}
    async with place.server.client(source="127.0.0.2") as banned:
        for _ in range(2):
            assert (await banned.get("/keys/v1/self", headers=bearer)).status_code == 200
        await manage(place, token, "POST", "/response/bans", {"network": "127.0.0.2", "minutes": 5})
        assert (await banned.get("/keys/v1/self", headers=bearer)).json()["code"] == "network_banned"


async def test_ban_holds_for_its_own_tenant_alone(server: Running, place: Place, token: str) -> None:
    other = await server.tenant()
    assert (
        await manage(place, token, "POST", "/response/bans", {"network": "127.0.0.2", "minutes": 5})
    ).status_code == 201
    async with server.client(source="127.0.0.2") as banned:
        assert (await banned.get(f"{other.issuer}/.well-known/openid-configuration")).status_code == 200


async def test_caller_bans_neither_everybody_nor_themself_unless_forced(place: Place, token: str) -> None:
    for network in ("0.0.0.0/0", "64.0.0.0/7", "127.0.0.0/8"):
        refused = await manage(place, token, "POST", "/response/bans", {"network": network, "minutes": 5})
        assert refused.status_code == 409, network
    for body in (
        {"network": "127.0.0.1/8", "minutes": 5},
        {"network": "192.0.2.0/24", "minutes": 0},
        {"network": "192.0.2.0/24", "minutes": 5, "for": "ever"},
        {"network": "192.0.2.0/24"},
    ):
        assert (await manage(place, token, "POST", "/response/bans", body)).status_code == 422, body
    forced = {"network": "64.0.0.0/7", "minutes": 5, "force": True}
    assert (await manage(place, token, "POST", "/response/bans", forced)).status_code == 201


async def test_role_keeps_incidents_and_only_administrators_act(place: Place) -> None:
    """N21: the permission alone isn't enough, for a program either."""
    manager = await make_manager(place, *SCOPES)
    _, tokens = await person_tokens(place, manager.user, *SCOPES)
    for token in (tokens["access_token"], await administrator_token(place)):
        assert (await manage(place, token, "GET", "/response/bans")).status_code == 200
        for method, path, body in (
            ("PUT", "/response/lock", None),
            ("DELETE", "/response/lock", None),
            ("POST", "/response/bans", {"network": "192.0.2.0/24", "minutes": 5}),
            ("DELETE", "/response/bans/" + _nobodys(place), None),
        ):
            assert (await manage(place, token, method, path, body)).status_code == 403, path


async def test_administrator_of_one_factor_acts_not(place: Place) -> None:
    """N12: nor does one whose proof is old; that is `test_management_assurance.py`'s."""
    _, tokens = await person_tokens(place, await place.user("administrator"), "incidents:read")
    assert (await manage(place, tokens["access_token"], "PUT", "/response/lock")).status_code == 403


async def test_ban_of_another_tenant_is_no_more_there_than_one_that_never_was(
    server: Running, place: Place, token: str
) -> None:
    """N20."""
    other = await server.tenant()
    async with other.operator() as ctx:
        foreign = await server.services.response_admin.ban(ctx, "192.0.2.0/24", timedelta(hours=1))
    answers = [
        await manage(place, token, "DELETE", f"/response/bans/{word}") for word in (foreign.word, _nobodys(place), "x")
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({answer.json()["detail"] for answer in answers}) == 1
    async with other.operator() as ctx:
        assert len((await server.services.response_admin.lockdown(ctx)).bans) == 1


def _nobodys(place: Place) -> str:
    services = place.server.services
    return format_id(BAN, uuid7(services.clock.now(), services.entropy))
