"""N21: nobody hands on, takes over or makes more than they hold. Over HTTP."""

from dataclasses import replace

import pytest

from airside.access.rights import RELATION_OF_SCOPE
from airside.core.ids import USER, format_id
from airside.identity import User
from airside.oauth import Client
from tests.running import PASSWORD, Place
from tests.trips.manager import manage, person_tokens, program, program_token
from tests.trips.visitor import NATIVE, token_request, visitor

NEW_PASSWORD = {"password": "another long enough password"}
FRONT = {
    "name": "Front",
    "public": True,
    "grants": ["authorization_code"],
    "redirect_uris": ["https://evil.example/callback"],
}


def word(user: User) -> str:
    return format_id(USER, user.id)


async def roles_of(place: Place, user: User) -> list[str]:
    async with place.operator() as ctx:
        return await place.server.services.member_admin.roles(ctx, user.id)


async def test_program_that_manages_members_makes_no_administrator(place: Place) -> None:
    """N21: of nobody, and so of no person that it made itself either."""
    user = await place.user()
    token = await program_token(place, "members:write", "members:read", "users:write")
    assert (await manage(place, token, "PUT", f"/members/{word(user)}/roles/administrator")).status_code == 403
    assert await roles_of(place, user) == []
    assert (await manage(place, token, "PUT", f"/members/{word(user)}/roles/member")).status_code == 204
    assert await roles_of(place, user) == ["member"]


async def test_program_that_manages_members_deposes_no_administrator(place: Place) -> None:
    """N21: upwards is upwards in both directions."""
    user = await place.user("administrator")
    token = await program_token(place, "members:write")
    assert (await manage(place, token, "DELETE", f"/members/{word(user)}/roles/administrator")).status_code == 403
    assert "administrator" in await roles_of(place, user)


async def test_program_that_manages_users_takes_no_administrators_place(place: Place) -> None:
    """N21: whoever sets an administrator's password is one."""
    administrator, member = await place.user("administrator"), await place.user("member")
    token = await program_token(place, "users:write")
    for user, status in ((administrator, 403), (member, 204)):
        answer = await manage(place, token, "PUT", f"/users/{word(user)}/password", NEW_PASSWORD)
        assert answer.status_code == status, answer.text
    for user, status in ((administrator, 403), (member, 200)):
        answer = await manage(place, token, "PATCH", f"/users/{word(user)}", {"state": "disabled"})
        assert answer.status_code == status, answer.text
    async with visitor(place) as browser:
        done = await browser.sign_in(await browser.get(f"{place.issuer}/signin"), administrator, PASSWORD)
    assert done.status_code == 200


async def test_program_that_manages_clients_takes_no_stronger_clients_place(place: Place) -> None:
    """N21: a new secret, shown to whoever asked for it, is the other client."""
    strong, auth = await program(place, "members:write", "clients:write")
    weak, _ = await program(place, "clients:read")
    token = await program_token(place, "clients:write", "clients:read")
    assert (await manage(place, token, "POST", f"/clients/{strong.word}/secrets")).status_code == 403
    assert (await manage(place, token, "POST", f"/clients/{weak.word}/secrets")).status_code == 201
    assert (await token_request(place, {"grant_type": "client_credentials"}, auth=auth)).status_code == 200


@pytest.mark.parametrize("scope", ["users:write", "permissions:write", "tenants:write"])
async def test_program_that_manages_clients_makes_none_that_may_more(place: Place, scope: str) -> None:
    """N21: neither one that acts by itself nor one to which an administrator is led: nobody is asked for consent."""
    token = await program_token(place, "clients:write", "clients:read")
    more = {"audiences": [place.issuer], "scopes": ["openid", scope]}
    assert (await manage(place, token, "POST", "/clients", FRONT | more)).status_code == 403
    service = {"name": "Service", "grants": ["client_credentials"], "audiences": [place.issuer], "scopes": [scope]}
    assert (await manage(place, token, "POST", "/clients", service)).status_code == 403
    assert (await manage(place, token, "POST", "/clients", service | {"scopes": ["clients:read"]})).status_code == 201


async def test_administrators_client_is_bounded_by_the_scope_it_was_made_with(place: Place) -> None:
    """N21: the credential's scope counts, not only its holder's relations."""
    _, tokens = await person_tokens(place, await place.user("administrator"), "clients:write")
    wide = {"name": "Wide", "grants": ["client_credentials"], "audiences": [place.issuer], "scopes": ["users:write"]}
    answer = await manage(place, tokens["access_token"], "POST", "/clients", wide)
    assert answer.status_code == 403
    assert "insufficient_scope" in answer.headers["www-authenticate"]


async def test_scope_without_the_relation_behind_it_opens_nothing(place: Place) -> None:
    """N21, N22: a member's token may carry every scope; the member holds none of the relations."""
    scopes = sorted(RELATION_OF_SCOPE)
    _, tokens = await person_tokens(place, await place.user("member"), *scopes)
    token, other = tokens["access_token"], word(await place.user())
    asked = [
        await manage(place, token, "GET", "/users"),
        await manage(place, token, "GET", f"/users/{other}"),
        await manage(place, token, "GET", f"/users/{other}/sessions"),
        await manage(place, token, "POST", "/users", {"email": "new@example.com"}),
        await manage(place, token, "PUT", f"/users/{other}/password", NEW_PASSWORD),
        await manage(place, token, "GET", "/members?role=member"),
        await manage(place, token, "PUT", f"/members/{other}/roles/member"),
        await manage(place, token, "GET", "/clients"),
        await manage(place, token, "POST", "/clients", FRONT | {"audiences": ["https://api.example.test"]}),
    ]
    assert [answer.status_code for answer in asked] == [403] * len(asked)
    async with place.server.client() as http:
        headers = {"authorization": f"Bearer {token}"}
        assert (await http.get("/stores", headers=headers)).status_code == 403
        assert (await http.get(f"{place.issuer}/oauth2/revocations", headers=headers)).status_code == 403


async def test_tenants_administrator_is_no_operator(place: Place) -> None:
    """N21, N20: whatever the scope says; the operators' tenant has keys of its own."""
    _, tokens = await person_tokens(place, await place.user("administrator"), "tenants:read", "tenants:write")
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    async with place.server.client() as http:
        assert (await http.get("/platform/v1/tenants", headers=headers)).status_code == 401
        body = {"slug": f"{place.slug}-2", "name": "Second"}
        assert (await http.post("/platform/v1/tenants", json=body, headers=headers)).status_code == 401
        assert (await http.get("/t/platform/api/v1/users", headers=headers)).status_code == 401
        assert (await http.get(f"/t/{place.slug}-2/signin")).status_code == 404


@pytest.mark.parametrize("field", ["id", "state", "roles", "tenant_id", "email_verified"])
async def test_field_that_nobody_may_set_is_refused(place: Place, field: str) -> None:
    """N21: mass assignment."""
    token = await program_token(place, "users:write")
    answer = await manage(place, token, "POST", "/users", {"email": "new@example.com", field: "administrator"})
    assert answer.status_code in (400, 422)


async def test_system_store_is_not_there_for_anybody(place: Place) -> None:
    """N21: whoever could write into it would be administrator."""
    token = await program_token(place, "permissions:read", "permissions:write", "permissions:check")
    user = await place.user()
    async with place.operator() as ctx:
        system = (await place.server.services.tenants.current(ctx)).system_store_id
    tenant = f"tenant:{place.tenant_id}"
    key = {"user": f"user:{word(user)}", "relation": "administrator", "object": tenant}
    async with place.server.client() as http:
        headers = {"authorization": f"Bearer {token}"}
        listed = (await http.get("/stores", headers=headers)).json()["stores"]
        assert system.upper() not in {store["id"].upper() for store in listed}
        for name in (system, system.upper(), system.title()):
            bodies = {"write": {"writes": {"tuple_keys": [key]}}, "read": {}, "check": {"tuple_key": key}}
            for verb, body in bodies.items():
                answer = await http.post(f"/stores/{name}/{verb}", json=body, headers=headers)
                assert answer.status_code in (400, 404), answer.text
            assert (await http.delete(f"/stores/{name}", headers=headers)).status_code in (400, 404)
    assert await roles_of(place, user) == []


async def registered(place: Place) -> Client:
    """A front end that asks for nothing of this server."""
    client, _ = await place.client(replace(NATIVE, name="Front"))
    return client


async def test_client_of_another_kind_has_no_secret_to_take(place: Place) -> None:
    """N21: a public client stays one."""
    token = await program_token(place, "clients:write")
    client = await registered(place)
    assert (await manage(place, token, "POST", f"/clients/{client.word}/secrets")).status_code == 409
