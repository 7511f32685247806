"""A locked tenant: every route that writes says so, everything that reads goes on, administrators alone come in."""

from urllib.parse import urlencode

import httpx2

from airside.access.writing import OPEN
from airside.core.ids import USER, format_id, uuid7
from tests.running import Place, Running
from tests.surface import Endpoint, administrator_token, endpoints
from tests.trips.generator import generator
from tests.trips.manager import manage, person_tokens
from tests.trips.visitor import FORM, NATIVE, csrf_of, refresh, tokens_for, visitor

TAKEN = {
    "POST /stores/{store_id}/batch-check",
    "POST /stores/{store_id}/check",
    "POST /stores/{store_id}/check-relations",
    "POST /stores/{store_id}/expand",
    "POST /stores/{store_id}/explain",
    "POST /stores/{store_id}/list-objects",
    "POST /stores/{store_id}/list-users",
    "POST /stores/{store_id}/read",
    "POST /stores/{store_id}/streamed-list-objects",
    "POST /access/v1/evaluation",
    "POST /access/v1/evaluations",
    "POST /access/v1/search/action",
    "POST /access/v1/search/resource",
    "POST /access/v1/search/subject",
    "POST /t/{slug}/account/sessions/{session}/end",
    "POST /t/{slug}/account/signout",
    "POST /t/{slug}/api/v1/connections/{connection_id}/mapping/preview",
    "POST /t/{slug}/api/v1/vault/datakeys",
    "POST /t/{slug}/api/v1/vault/decrypt",
    "POST /t/{slug}/api/v1/vault/detokenise",
    "POST /t/{slug}/api/v1/vault/encrypt",
    "POST /t/{slug}/api/v1/vault/retokenise",
    "POST /t/{slug}/api/v1/vault/rewrap",
    "POST /t/{slug}/api/v1/vault/secrets/read",
    "POST /t/{slug}/api/v1/vault/tokenise",
    "POST /t/{slug}/device",
    "POST /t/{slug}/oauth2/authorize",
    "POST /t/{slug}/oauth2/device_authorization",
    "POST /t/{slug}/oauth2/introspect",
    "POST /t/{slug}/oauth2/logout",
    "POST /t/{slug}/oauth2/par",
    "POST /t/{slug}/oauth2/revoke",
    "POST /t/{slug}/oauth2/token",
    "POST /t/{slug}/oauth2/userinfo",
    "POST /t/{slug}/oidc/{connection}/backchannel",
    "POST /t/{slug}/oidc/{connection}/callback",
    "POST /t/{slug}/saml/{connection}/acs",
    "POST /t/{slug}/saml/{connection}/slo",
    "POST /t/{slug}/scim/v2/Groups/.search",
    "POST /t/{slug}/scim/v2/Users/.search",
    "POST /t/{slug}/signin/{flow}",
    "POST /t/{slug}/signout/{request}",
    "POST /t/{slug}/ssf/poll/{stream_id}",
}
"""What reads, takes somebody through the doors or ends something; all but these and the response's own are refused."""

RESPONDING = ("/t/{slug}/api/v1/response/", "/t/{slug}/api/v1/incidents")
LOCKED = "tenant_read_only"


async def lock(place: Place) -> None:
    async with place.operator() as ctx:
        await place.server.services.response_admin.lock(ctx)


async def unlock(place: Place) -> None:
    async with place.operator() as ctx:
        await place.server.services.response_admin.unlock(ctx)


def _writes(each: Endpoint) -> bool:
    if each.method == "GET" or each.is_platform or each.template.startswith(RESPONDING):
        return False
    return each.takes_json or each.is_scim or "/api/v1/" in each.template or each.is_openfga


def _refused(each: Endpoint, answer: httpx2.Response) -> bool:
    if answer.status_code != 403:
        return False
    if each.is_openfga or each.is_scim or "/oauth2/" in each.template:
        return True  # their protocols have no word for it
    return bool(answer.json()["code"] == LOCKED)


async def test_every_route_that_writes_is_refused_while_the_tenant_is_locked(server: Running, place: Place) -> None:
    """Its mutant lets one of them through. What may be open is listed here, apart from the code that opens it."""
    services = server.services
    token = await administrator_token(place)
    async with place.operator() as ctx:
        store = await services.permissions.stores.create(ctx, "kept")
    ids = dict.fromkeys(("user_id", "resource_id"), format_id(USER, uuid7(services.clock.now(), services.entropy)))
    ids |= {"slug": place.slug, "store_id": store.id, "endpoint": "Users"}
    await lock(place)
    asked, through, shut = 0, list[str](), list[str]()
    async with server.client() as http:
        for each in filter(_writes, endpoints(server)):
            path = each.template
            for part in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
                path = path.replace("{" + part + "}", ids.get(part, "none"))
            headers = {"authorization": f"Bearer {token}"}
            body = dict[str, object]() if each.method in ("POST", "PUT", "PATCH") else None
            answer = await http.request(each.method, path, headers=headers, json=body)
            asked += 1
            if _refused(each, answer) is (str(each) in TAKEN):
                (shut if str(each) in TAKEN else through).append(f"{each}: {answer.status_code} {answer.text[:80]}")
    await unlock(place)
    assert (through, shut) == ([], [])
    assert asked > 80


def test_what_stays_open_is_what_is_served(server: Running) -> None:
    """An address that is gone would open another that comes to be spelt like it."""
    served = {str(each) for each in endpoints(server)}
    assert {f"POST {each}" for each in OPEN} == TAKEN
    assert served >= TAKEN


async def test_page_that_writes_says_that_the_tenant_is_locked(place: Place) -> None:
    async with visitor(place) as browser:
        page = await browser.get(f"{place.issuer}/recover")
        fields = {"email": "somebody@example.com", "csrf_token": csrf_of(page)}
        await lock(place)
        headers = {**FORM, "origin": place.server.url}
        answer = await browser.http.post(f"{place.issuer}/recover", content=urlencode(fields), headers=headers)
    await unlock(place)
    assert answer.status_code == 403
    assert "Nothing can be changed just now" in answer.text


async def test_members_are_kept_out_and_administrators_come_in_and_unlock(place: Place) -> None:
    member, administrator = await place.user("member"), await place.user("administrator")
    await lock(place)
    async with visitor(place) as browser:
        refused = await browser.sign_in(await browser.get(f"{place.issuer}/signin"), member)
        assert refused.status_code == 403
        assert "Nothing can be changed just now" in refused.text
    async with place.operator() as ctx:
        assert await place.server.services.sessions.list(ctx, member.id) == []
    _, tokens = await person_tokens(place, administrator, "incidents:read", "incidents:write", "users:write")
    token = tokens["access_token"]
    shut = await manage(place, token, "POST", "/users", {"email": "new@example.com"})
    assert (shut.status_code, shut.json()["code"]) == (403, LOCKED)
    assert (await manage(place, token, "GET", "/response/lock")).json()["locked"] is True
    assert (await manage(place, token, "DELETE", "/response/lock")).status_code == 204
    assert (await manage(place, token, "GET", "/response/lock")).json() == {
        "locked": False,
        "locked_by": None,
        "locked_at": None,
    }
    assert (await manage(place, token, "POST", "/users", {"email": "new@example.com"})).status_code == 201
    async with visitor(place) as browser:
        done = await browser.sign_in(await browser.get(f"{place.issuer}/signin"), member)
        assert done.status_code == 200


async def test_who_is_in_goes_on_reading(place: Place) -> None:
    """Refresh, userinfo and introspection don't notice."""
    member = await place.user("member")
    client, _ = await place.client(NATIVE)
    tokens = await tokens_for(place, client, member)
    await lock(place)
    renewed = await refresh(place, client, tokens["refresh_token"])
    await unlock(place)
    assert renewed.status_code == 200


async def test_member_whose_second_factor_is_due_is_kept_out_as_well(place: Place) -> None:
    """Locked between two steps of one login."""
    member = await place.user("member")
    app = await generator(place, member)
    async with visitor(place) as browser:
        page = await browser.sign_in(await browser.get(f"{place.issuer}/signin"), member)
        await lock(place)
        refused = await browser.prove_again(page, await app.code())
    await unlock(place)
    assert refused.status_code == 403
