"""N21: what a request doesn't declare is refused, and nothing of it happens."""

from typing import Any

import httpx2
import pytest

from airside.core.ids import USER, format_id, uuid7
from airside.identity import User
from airside.oauth import ClientDraft
from airside.protocols.jose import peek_claims
from tests.running import Place, Running
from tests.surface import administrator_token, platform_token
from tests.trips.visitor import API, NATIVE, token_request

EVERYWHERE: dict[str, Any] = {
    "id": "usr_01jd0000000000000000000000",
    "tenant_id": "ten_01jd0000000000000000000000",
    "state": "active",
    "roles": ["administrator"],
    "role": "administrator",
    "created_at": "2020-01-01T00:00:00Z",
    "is_admin": True,
    "__proto__": {"state": "active"},
    "constructor": {},
    "ctx": {},
    "": 1,
}
OF_USERS: dict[str, Any] = {
    "email_index": "x",
    "profile_sealed": "x",
    "user_id": "usr_x",
    "email_verified": True,
    "hash": "x",
}
OF_CLIENTS: dict[str, Any] = {
    "client_id": "cli_x",
    "client_secret": "chosen",
    "secret": "x",
    "secrets": [],
    "first_party": True,
}


async def _users(place: Place) -> list[User]:
    async with place.operator() as ctx:
        return await place.server.services.user_admin.list(ctx, None, 200)


@pytest.mark.parametrize("field", sorted(EVERYWHERE | OF_USERS))
async def test_user_is_not_made_with_an_undeclared_field(place: Place, field: str) -> None:
    """N21: nor is a user changed by one."""
    user = await place.user("member")
    mine = f"/users/{format_id(USER, user.id)}"
    value = (EVERYWHERE | OF_USERS)[field]
    async with place.server.client() as http:
        auth = await _auth(place)
        made = await http.post(_at(place, "/users"), json={"email": "new@example.com", field: value}, headers=auth)
        _refused(made, field)
        if field != "state":
            changed = await http.patch(_at(place, mine), json={"state": "disabled", field: value}, headers=auth)
            _refused(changed, field)
        set_ = await http.put(
            _at(place, f"{mine}/password"), json={"password": "an entirely new password", field: value}, headers=auth
        )
        _refused(set_, field)
    assert await _users(place) == [user]
    async with place.operator() as ctx:
        assert await place.server.services.member_admin.roles(ctx, user.id) == ["member"]


@pytest.mark.parametrize("field", sorted(EVERYWHERE | OF_CLIENTS))
async def test_client_is_not_made_with_an_undeclared_field(place: Place, field: str) -> None:
    """N21."""
    auth = await _auth(place)
    async with place.operator() as ctx:
        before = await place.server.services.client_admin.list(ctx)
    body = {
        "name": "x",
        "grants": ["client_credentials"],
        "audiences": [API],
        field: (EVERYWHERE | OF_CLIENTS)[field],
    }
    async with place.server.client() as http:
        _refused(await http.post(_at(place, "/clients"), json=body, headers=auth), field)
    async with place.operator() as ctx:
        assert await place.server.services.client_admin.list(ctx) == before


@pytest.mark.parametrize("field", ["id", "public", "created_at", "client_secret", "secrets", "grant_types", ""])
async def test_client_is_not_changed_by_an_undeclared_field(place: Place, field: str) -> None:
    """N21: nor by an unknown setting."""
    auth = await _auth(place)
    async with place.operator() as ctx:
        before = await place.server.services.client_admin.list(ctx)
    async with place.server.client() as http:
        at = _at(place, f"/clients/{before[0].word}")
        _refused(await http.patch(at, json={"name": "changed", field: True}, headers=auth), field)
        unknown = await http.patch(at, json={"name": "changed", "settings": {field: True}}, headers=auth)
        assert unknown.status_code == 422, unknown.text
        assert "unknown field" in unknown.json()["detail"]
    async with place.operator() as ctx:
        assert await place.server.services.client_admin.list(ctx) == before


async def test_tenant_is_not_made_with_an_undeclared_field(server: Running) -> None:
    """N21."""
    auth = {"authorization": f"Bearer {await platform_token(server)}"}
    slug = "t-" + server.services.entropy.bytes(8).hex()
    async with server.client() as http:
        for field, value in EVERYWHERE.items():
            body = {"slug": slug, "name": "x", field: value}
            _refused(await http.post("/platform/v1/tenants", json=body, headers=auth), field)
        assert slug not in (await http.get("/platform/v1/tenants", headers=auth)).text
        lawful = await http.post("/platform/v1/tenants", json={"slug": slug, "name": "x"}, headers=auth)
        assert lawful.status_code == 201, lawful.text


async def test_query_and_headers_bind_to_nothing(place: Place) -> None:
    """N21: a field beside the body is no field."""
    auth = await _auth(place)
    forged = {
        **auth,
        "x-tenant-id": "other",
        "x-user-id": "usr_x",
        "airside-tenant": "other",
        "x-roles": "administrator",
    }
    async with place.server.client() as http:
        made = await http.post(
            _at(place, "/users?state=disabled&id=usr_x&tenant_id=x&ctx=x"),
            json={"email": "plain@example.com"},
            headers=forged,
        )
    assert made.status_code == 201, made.text
    assert made.json()["state"] == "active"
    assert [user.email for user in await _users(place)] == ["plain@example.com"]


async def test_protocol_endpoints_ignore_the_unknown_and_bind_it_to_nothing(place: Place) -> None:
    """N21: what a token says comes from the client and the session, whatever the form adds."""
    draft = ClientDraft(
        "Backend", False, frozenset({"client_credentials"}), audiences=(API,), scopes=frozenset({"notes:read"})
    )
    client, secret = await place.client(draft)
    assert secret is not None
    form = {"grant_type": "client_credentials"}
    extra = {
        "sub": format_id(USER, uuid7(place.server.services.clock.now(), place.server.services.entropy)),
        "roles": "administrator",
        "tenant_id": "ten_x",
        "aud": "https://other.example",
        "acr": "aal3",
        "exp": "9999999999",
        "iss": "https://evil.example",
    }
    answer = await token_request(place, form | extra, auth=(client.word, secret.reveal()))
    claims = dict(peek_claims(answer.json()["access_token"]))
    assert claims["sub"] == client.word
    assert claims["iss"] == place.issuer
    assert claims["aud"] in (API, [API])
    assert not claims.get("roles")
    assert not claims.get("acr")
    assert int(str(claims["exp"])) < 9999999999


async def test_member_gives_themselves_nothing(place: Place) -> None:
    """N21: the narrow token's holder reaches no verb that would widen it."""
    user = await place.user("member")
    narrow, secret = await place.client(
        ClientDraft("N", False, frozenset({"client_credentials"}), audiences=(place.issuer,), scopes=frozenset({"x"}))
    )
    assert secret is not None
    answer = await token_request(place, {"grant_type": "client_credentials"}, auth=(narrow.word, secret.reveal()))
    auth = {"authorization": f"Bearer {answer.json()['access_token']}"}
    word = format_id(USER, user.id)
    async with place.server.client() as http:
        for method, path, body in (
            ("PUT", f"/members/{word}/roles/administrator", None),
            ("PATCH", f"/users/{word}", {"state": "disabled"}),
            ("PUT", f"/users/{word}/password", {"password": "an entirely new password"}),
            ("POST", "/clients", {"name": "x", "grants": ["client_credentials"], "scopes": ["members:write"]}),
            ("POST", f"/clients/{narrow.word}/secrets", None),
        ):
            refused = await http.request(method, _at(place, path), json=body, headers=auth)
            assert refused.status_code == 403, f"{method} {path} {refused.text}"
    async with place.operator() as ctx:
        assert await place.server.services.member_admin.roles(ctx, user.id) == ["member"]


def test_native_clients_of_the_tests_ask_for_no_management_scope() -> None:
    """The measure: what these trips prove isn't proven by tokens that could do everything."""
    assert not NATIVE.scopes & {"users:write", "members:write", "clients:write"}


async def _auth(place: Place) -> dict[str, str]:
    return {"authorization": f"Bearer {await administrator_token(place)}"}


def _at(place: Place, path: str) -> str:
    return f"{place.issuer}/api/v1{path}"


def _refused(answer: httpx2.Response, field: str) -> None:
    assert answer.status_code == 422, answer.text
    said = answer.json()
    assert said["code"] == "invalid_input"
    assert said["detail"] == f"{field or 'body'}: Extra inputs are not permitted"
