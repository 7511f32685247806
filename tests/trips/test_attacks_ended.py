"""N18, N19: what was ended, disabled, suspended or taken away opens no door. Over HTTP."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2

from airside.core.clock import Clock
from airside.core.ids import SESSION, USER, format_id
from airside.identity import User
from airside.oauth import Client
from airside.protocols.jose import peek_claims
from tests.running import PASSWORD, Place
from tests.trips.generator import generator
from tests.trips.manager import manage, person_tokens, program, program_token
from tests.trips.visitor import (
    FORM,
    NATIVE,
    callback_of,
    code_for,
    redeem,
    refresh,
    request_url,
    token_request,
    tokens_for,
    visitor,
)

EVERYTHING = ("users:read", "users:write", "members:write", "sessions:write", "clients:write")


async def is_dead(place: Place, client: Client, tokens: dict[str, Any]) -> bool:
    """Neither its refresh token nor its access token gives anything."""
    again = await refresh(place, client, tokens["refresh_token"])
    asked = await manage(place, tokens["access_token"], "GET", "/users")
    return (again.status_code, asked.status_code) == (400, 401)


async def sign_in_status(place: Place, user: User, password: str = PASSWORD) -> int:
    async with visitor(place) as browser:
        page = await browser.get(f"{place.issuer}/signin")
        return (await browser.sign_in(page, user, password)).status_code


async def test_disabled_user_is_nobody_at_every_door(place: Place) -> None:
    """N18: tokens, refresh, a code on its way, the browser's session, the password."""
    admin = await program_token(place, *EVERYTHING)
    user = await place.user("member")
    native, _ = await place.client(NATIVE)
    client, tokens = await person_tokens(place, user, "users:read")
    async with visitor(place) as browser:
        code = await code_for(place, native, user, browser, await generator(place, user))
        answer = await manage(place, admin, "PATCH", f"/users/{format_id(USER, user.id)}", {"state": "disabled"})
        assert answer.status_code == 200
        assert (await redeem(place, native, code)).json()["error"] == "invalid_grant"
        silent = callback_of(await browser.get(request_url(place, native, prompt="none")))
        assert silent["error"] == "login_required"
        account = await browser.http.get(f"{place.issuer}/account")
        assert account.is_redirect
    assert await is_dead(place, client, tokens)
    assert await sign_in_status(place, user) == 401


async def test_enabled_again_a_user_gets_nothing_old_back(place: Place) -> None:
    """N18, N19."""
    admin = await program_token(place, *EVERYTHING)
    user = await place.user("member")
    native, _ = await place.client(NATIVE)
    client, tokens = await person_tokens(place, user, "users:read")
    async with visitor(place) as browser:
        code = await code_for(place, native, user, browser, await generator(place, user))
        for state in ("disabled", "active"):
            await manage(place, admin, "PATCH", f"/users/{format_id(USER, user.id)}", {"state": state})
        assert (await redeem(place, native, code)).json()["error"] == "invalid_grant"
        assert "Sign in" in (await browser.get(request_url(place, native))).text
    assert await is_dead(place, client, tokens)
    assert await sign_in_status(place, user) == 200


async def test_disabled_client_gets_nothing_and_its_tokens_end(place: Place) -> None:
    """N18: at authorize, token, revoke and introspect; codes, refresh and access tokens that are out."""
    admin = await program_token(place, *EVERYTHING)
    user = await place.user("member")
    client, tokens = await person_tokens(place, user, "users:read")
    service, auth = await program(place, "users:read")
    form = {"grant_type": "client_credentials"}
    bearer = (await token_request(place, form, auth=auth)).json()["access_token"]
    assert (await manage(place, bearer, "GET", "/users")).status_code == 200
    async with visitor(place) as browser:
        code = await code_for(place, client, user, browser, await generator(place, user), scope="users:read")
        for one in (client, service):
            assert (await manage(place, admin, "DELETE", f"/clients/{one.word}")).status_code == 204
        assert (await browser.get(request_url(place, client, scope="users:read"))).status_code == 400
    assert (await redeem(place, client, code)).json()["error"] == "invalid_client"
    assert (await refresh(place, client, tokens["refresh_token"])).json()["error"] == "invalid_client"
    for path in ("token", "introspect", "revoke"):
        answer = await token_request(place, form | {"token": bearer}, auth=auth, path=path)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert (await manage(place, bearer, "GET", "/users")).status_code == 401
    assert (await manage(place, tokens["access_token"], "GET", "/users")).status_code == 401


async def test_ended_session_takes_its_codes_and_tokens_along(place: Place) -> None:
    """N19."""
    admin = await program_token(place, *EVERYTHING)
    user = await place.user("member")
    native, _ = await place.client(NATIVE)
    client, tokens = await person_tokens(place, user, "users:read")
    async with visitor(place) as browser:
        code = await code_for(place, native, user, browser, await generator(place, user))
        answer = await manage(place, admin, "DELETE", f"/users/{format_id(USER, user.id)}/sessions")
        assert answer.status_code == 204
        assert (await redeem(place, native, code)).json()["error"] == "invalid_grant"
        assert "Sign in" in (await browser.get(request_url(place, native))).text
    assert await is_dead(place, client, tokens)
    sid = str(peek_claims(tokens["access_token"])["sid"])
    assert (await manage(place, admin, "DELETE", f"/sessions/{sid}")).status_code == 404


async def test_signing_out_everywhere_reaches_devices_whose_session_is_long_over(place: Place, clock: Clock) -> None:
    """N19: a family lives ninety days, its session seven: the lost telephone is what somebody signs out from afar."""
    admin = await program_token(place, *EVERYTHING)
    user = await place.user("member")
    client, _ = await place.client(NATIVE)
    services = place.server.services
    tokens = await tokens_for(place, client, user)
    old = clock.now() - timedelta(days=8)
    async with place.operator() as ctx:
        await ctx.tx.run(
            "update airside.user_session set idle_expires_at = %s, expires_at = %s where tenant_id = %s",
            (old, old, ctx.tenant_id),
        )
    second = await refresh(place, client, tokens["refresh_token"])
    assert second.status_code == 200
    answer = await manage(place, admin, "DELETE", f"/users/{format_id(USER, user.id)}/sessions")
    assert answer.status_code == 204
    assert (await refresh(place, client, second.json()["refresh_token"])).status_code == 400
    async with place.operator() as ctx:
        assert await services.sessions.list(ctx, user.id) == []


async def test_new_password_ends_what_the_old_one_began(place: Place) -> None:
    """N19: whoever knew the old one is out everywhere."""
    admin = await program_token(place, *EVERYTHING)
    user = await place.user("member")
    client, tokens = await person_tokens(place, user, "users:read")
    body = {"password": "another long enough password"}
    answer = await manage(place, admin, "PUT", f"/users/{format_id(USER, user.id)}/password", body)
    assert answer.status_code == 204
    assert await is_dead(place, client, tokens)
    assert await sign_in_status(place, user) == 401
    assert await sign_in_status(place, user, body["password"]) == 200


async def test_role_taken_away_is_gone_from_token_answer_and_refresh(place: Place) -> None:
    """N19: the access token ends, the next one doesn't name the role, and the right has gone at once."""
    user = await place.user("administrator")
    client, tokens = await person_tokens(place, user, "users:read")
    assert (await manage(place, tokens["access_token"], "GET", "/users")).status_code == 200
    async with place.operator() as ctx:
        await place.server.services.member_admin.revoke(ctx, user.id, "administrator")
    assert (await manage(place, tokens["access_token"], "GET", "/users")).status_code == 401
    answer = await refresh(place, client, tokens["refresh_token"])
    assert peek_claims(answer.json()["access_token"])["roles"] == []
    await asyncio.sleep(2.1)  # what was issued in the second of the change ended with it
    answer = await refresh(place, client, answer.json()["refresh_token"])
    assert (await manage(place, answer.json()["access_token"], "GET", "/users")).status_code == 403


async def doors(place: Place, http: httpx2.AsyncClient, bearer: str, flow: str) -> list[httpx2.Response]:
    """A request at every kind of door of a tenant."""
    headers = {"authorization": f"Bearer {bearer}"}
    answers = [await http.get(flow)]  # before another one takes its cookie's place
    paths = ("signin", "account", "oauth2/authorize", "oauth2/jwks", ".well-known/openid-configuration")
    answers += [await http.get(f"{place.issuer}/{path}") for path in paths]
    answers += [await http.get(f"/.well-known/oauth-authorization-server/t/{place.slug}")]
    for path in ("token", "revoke", "introspect"):
        own = {**FORM, "origin": place.server.url}
        answers.append(await http.post(f"{place.issuer}/oauth2/{path}", content="client_id=x", headers=own))
    for path in ("users", "clients", "members?role=member"):
        answers.append(await http.get(f"{place.issuer}/api/v1/{path}", headers=headers))
    answers.append(await http.get(f"{place.issuer}/oauth2/revocations", headers=headers))
    answers.append(await http.get("/stores", headers=headers))
    return answers


async def test_suspended_tenant_is_not_there_by_any_door(place: Place, clock: Clock) -> None:
    """N18: within five seconds, the same 404 as a tenant that never was. (No verb suspends one yet.)"""
    bearer = await program_token(place, "users:read", "clients:read", "members:read", "revocations:read")
    person = await place.user()
    async with visitor(place) as browser:
        page = await browser.get(f"{place.issuer}/signin")
        assert page.status_code == 200
        open_doors = await doors(place, browser.http, bearer, str(page.url))
        assert 404 not in {answer.status_code for answer in open_doors}
        async with place.operator() as ctx:
            await ctx.tx.run("update airside.tenant set state = 'suspended' where tenant_id = %s", (ctx.tenant_id,))
        since = clock.monotonic()
        while (await browser.http.get(f"{place.issuer}/oauth2/jwks")).status_code == 200:
            assert clock.monotonic() - since < 6
            await asyncio.sleep(0.1)
        closed = await doors(place, browser.http, bearer, str(page.url))
        assert {str(answer.url): answer.status_code for answer in closed if answer.status_code != 404} == {}
        assert (await browser.sign_in(page, person)).status_code == 404


async def test_session_of_somebody_else_is_not_there(place: Place) -> None:
    """N19, N20: ending twice, or another tenant's, is a 404."""
    other = await place.server.tenant()
    admin = await program_token(other, *EVERYTHING)
    _, tokens = await person_tokens(place, await place.user("member"), "users:read")
    sid = str(peek_claims(tokens["access_token"])["sid"])
    assert sid.startswith(SESSION)
    assert (await manage(other, admin, "DELETE", f"/sessions/{sid}")).status_code == 404
    assert (await manage(place, tokens["access_token"], "GET", "/users")).status_code == 403
