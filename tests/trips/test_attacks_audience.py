"""N04, N05: a token opens the doors that it names, and no others. Over HTTP."""

from dataclasses import replace

import pytest

from airside.admin import OPERATOR
from airside.cli.demonstration import NOTES_AUDIENCE, SLUG, ensure
from airside.core.errors import InvalidInput
from airside.core.ids import CLIENT, parse_id
from airside.protocols.jose import peek_claims
from tests.running import Place
from tests.trips.manager import manage, person_tokens, program_token
from tests.trips.visitor import API, NATIVE, redeem, refresh, tokens_for


async def statuses(place: Place, token: str) -> list[int]:
    """What the token opens of this server's own interfaces."""
    headers = {"authorization": f"Bearer {token}"}
    async with place.server.client() as http:
        return [
            (await http.get(f"{place.issuer}/api/v1/users", headers=headers)).status_code,
            (await http.get(f"{place.issuer}/oauth2/revocations", headers=headers)).status_code,
            (await http.get("/stores", headers=headers)).status_code,
            (await http.get("/platform/v1/tenants", headers=headers)).status_code,
        ]


async def test_token_for_another_resource_opens_nothing_here(place: Place) -> None:
    """N05: an administrator's, with every scope; and so is its successor by refresh."""
    scopes = frozenset({"openid", "users:read", "revocations:read", "permissions:read"})
    client, _ = await place.client(replace(NATIVE, scopes=scopes | {"notes:read"}))
    tokens = await tokens_for(place, client, await place.user("administrator"))
    assert await statuses(place, tokens["access_token"]) == [401] * 4
    again = (await refresh(place, client, tokens["refresh_token"])).json()
    assert peek_claims(again["access_token"])["aud"] == API
    assert await statuses(place, again["access_token"]) == [401] * 4


@pytest.mark.parametrize("other", [API, "https://airside.example"])
async def test_client_for_us_and_for_somebody_else_at_once_is_refused(place: Place, other: str) -> None:
    """N05: its users' tokens, handed to the one, would be good at the other."""
    token = await program_token(place, "clients:write")
    client = {"name": "Both", "grants": ["client_credentials"], "scopes": ["notes:read"]}
    answer = await manage(place, token, "POST", "/clients", client | {"audiences": [other, place.issuer]})
    assert answer.status_code in (400, 422)
    assert answer.json()["detail"].startswith("audiences:")
    alone = await manage(place, token, "POST", "/clients", client | {"audiences": [other]})
    assert alone.status_code == 201
    with pytest.raises(InvalidInput):
        await place.client(replace(NATIVE, audiences=(place.issuer, other)))


async def test_audience_is_compared_whole(place: Place) -> None:
    """N05: nearly our name is another's."""
    user = await place.user("administrator")
    for audience in (place.issuer + "/", place.issuer[:-1], place.issuer.upper(), place.server.url):
        client, _ = await place.client(
            replace(NATIVE, audiences=(audience,), scopes=frozenset({"openid", "notes:read", "users:read"}))
        )
        tokens = await tokens_for(place, client, user)
        assert (await manage(place, tokens["access_token"], "GET", "/users")).status_code == 401


async def test_token_of_the_demonstrations_front_end_opens_nothing_here(place: Place) -> None:
    """N05: the demonstration shows the strict way: one client where people sign in, another that asks us."""
    services = place.server.services
    made = await ensure(services)
    if made is None:
        pytest.skip("the demonstration tenant stood already")
    tenant_id = await services.platform.find(SLUG)
    async with services.engine.begin(tenant_id, principal=OPERATOR) as ctx:
        front = await services.client_admin.get(ctx, parse_id(CLIENT, made.front_id))
    assert front.audiences == (NOTES_AUDIENCE,)


async def test_code_is_good_for_the_audience_of_its_own_client(place: Place) -> None:
    """N05: the request can't add one; `resource` and `audience` bind to nothing."""
    client, tokens = await person_tokens(place, await place.user("administrator"), "users:read")
    assert await statuses(place, tokens["access_token"]) == [200, 403, 403, 401]
    form = {"resource": API, "audience": API}
    assert (await redeem(place, client, "x" * 43, **form)).json()["error"] == "invalid_grant"
