"""Ending sessions, having people prove themselves anew, revoking and rotating keys: over HTTP, on the server."""

from dataclasses import dataclass, replace
from typing import Any

import httpx2
import pytest
from psycopg import AsyncConnection

from airside.core.ids import SESSION, USER, format_id
from airside.federation import ConnectionDraft, OidcSettings
from airside.identity import User
from airside.oauth import Client, ClientSettings
from tests.apikeys.kit import ask, mint, of_user
from tests.federation.scim.directory import directory
from tests.running import Place, Running
from tests.surface import administrator_token
from tests.trips.manager import manage, person_tokens
from tests.trips.visitor import (
    NATIVE,
    callback_of,
    code_for,
    redeem,
    refresh,
    request_url,
    tokens_for,
    visitor,
)

SCOPES = ("incidents:read", "incidents:write", "users:read")


@dataclass
class Signed:
    """Somebody who is signed in to an application."""

    place: Place
    user: User
    client: Client
    tokens: dict[str, Any]

    async def access(self) -> int:
        """What the access token is told at `userinfo`."""
        async with self.place.server.client() as http:
            headers = {"authorization": f"Bearer {self.tokens['access_token']}"}
            return (await http.get(f"{self.place.issuer}/oauth2/userinfo", headers=headers)).status_code

    async def renewed(self) -> httpx2.Response:
        return await refresh(self.place, self.client, self.tokens["refresh_token"])

    async def sessions(self) -> int:
        async with self.place.operator() as ctx:
            return len(await self.place.server.services.sessions.list(ctx, self.user.id))

    @property
    def word(self) -> str:
        return format_id(USER, self.user.id)


async def signed(place: Place) -> Signed:
    user = await place.user("member")
    client, _ = await place.client(NATIVE)
    return Signed(place, user, client, await tokens_for(place, client, user))


@pytest.fixture
async def token(place: Place) -> str:
    """An administrator's, signed in by two factors."""
    _, tokens = await person_tokens(place, await place.user("administrator"), *SCOPES)
    return str(tokens["access_token"])


async def test_sessions_of_one_user_end_with_all_that_hangs_on_them_and_nobody_elses(place: Place, token: str) -> None:
    one, other = await signed(place), await signed(place)
    answer = await manage(place, token, "POST", "/response/end-sessions", {"of": one.word})
    assert (answer.status_code, answer.json()) == (200, {"sessions": 1})
    assert (await one.access(), (await one.renewed()).json()["error"], await one.sessions()) == (
        401,
        "invalid_grant",
        0,
    )
    assert (await other.access(), (await other.renewed()).status_code, await other.sessions()) == (200, 200, 1)


async def test_sessions_of_everybody_end_the_callers_too(place: Place, token: str) -> None:
    one, other = await signed(place), await signed(place)
    program, key = await administrator_token(place), await mint(place, "users:read")
    answer = await manage(place, token, "POST", "/response/end-sessions", {"of": "everybody"})
    assert (answer.status_code, answer.json()) == (200, {"sessions": 3})
    for each in (one, other):
        assert (await each.access(), (await each.renewed()).json()["error"]) == (401, "invalid_grant")
        assert await each.sessions() == 0
    assert (await manage(place, token, "GET", "/response/lock")).status_code == 401
    assert (await manage(place, program, "GET", "/users")).status_code == 401
    assert (await ask(place, key.secret)).status_code == 200  # a key is no session: it has its own verb


async def test_applications_hear_of_everybodys_end_by_the_back_channel(
    place: Place, token: str, superuser_dsn: str
) -> None:
    settings = ClientSettings(backchannel_logout_uri="https://rp.example.com/logout")
    client, _ = await place.client(replace(NATIVE, settings=settings))
    await tokens_for(place, client, await place.user("member"))
    async with await AsyncConnection.connect(superuser_dsn, autocommit=True) as connection:

        async def waiting() -> int:
            sql = "select count(*) from airside.session_client where tenant_id = %s"
            row = await (await connection.execute(sql, (place.tenant_id,))).fetchone()
            assert row is not None
            return int(row[0])

        assert await waiting() == 1
        await manage(place, token, "POST", "/response/end-sessions", {"of": "everybody"})
        assert await waiting() == 0  # in the outbox, or sent already


async def test_code_of_before_opens_nothing_afterwards(place: Place, token: str) -> None:
    """A code is a family to be."""
    for verb, of in (("reauthenticate", "user"), ("end-sessions", "user"), ("end-sessions", "everybody")):
        user = await place.user("member")
        client, _ = await place.client(NATIVE)
        async with visitor(place) as browser:
            code = await code_for(place, client, user, browser)
        body = {"of": format_id(USER, user.id) if of == "user" else of}
        assert (await manage(place, token, "POST", f"/response/{verb}", body)).status_code == 200
        assert (await redeem(place, client, code)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("everybody", [False, True], ids=["user", "everybody"])
async def test_who_has_to_prove_themself_anew_keeps_the_session_and_nothing_that_it_had_proven(
    place: Place, token: str, everybody: bool
) -> None:
    user = await place.user("member")
    client, _ = await place.client(NATIVE)
    async with visitor(place) as browser:
        tokens = (await redeem(place, client, await code_for(place, client, user, browser))).json()
        again = await browser.get(request_url(place, client))
        assert "code" in callback_of(again)  # signed on: nothing is asked
        signed_in = Signed(place, user, client, tokens)
        body = {"of": "everybody" if everybody else signed_in.word}
        assert (await manage(place, token, "POST", "/response/reauthenticate", body)).status_code == 200
        assert (await signed_in.access(), (await signed_in.renewed()).json()["error"]) == (401, "invalid_grant")
        silent = await browser.get(request_url(place, client, prompt="none"))
        assert callback_of(silent)["error"] == "login_required"
        async with place.operator() as ctx:
            (before,) = await place.server.services.sessions.list(ctx, user.id)
            assert not before.counts
        account = await browser.get(f"{place.issuer}/account")
        assert "/signin/" in str(account.url)
        page = await browser.get(request_url(place, client))
        done = await browser.sign_in(page, user)
        assert "code" in callback_of(await browser.onward(done))
        assert (await browser.get(f"{place.issuer}/account")).url.path == f"/t/{place.slug}/account"
    async with place.operator() as ctx:
        (after,) = await place.server.services.sessions.list(ctx, user.id)
    assert (format_id(SESSION, after.id), after.counts) == (format_id(SESSION, before.id), True)


async def test_keys_of_a_service_account_and_of_a_user_open_nothing(place: Place, token: str) -> None:
    minted, other = await mint(place, "users:read"), await mint(place, "users:read")
    second = await mint(place, "users:read", account=minted.account)
    owner, secret = await of_user(place, "users:read")
    body = {"owner": minted.account.owner.word}
    assert (await manage(place, token, "POST", "/response/revoke-keys", body)).json() == {"revoked": 2}
    assert (await manage(place, token, "POST", "/response/revoke-keys", body)).json() == {"revoked": 0}
    assert [(await ask(place, each.secret)).status_code for each in (minted, second, other)] == [401, 401, 200]
    assert (await ask(place, secret)).status_code == 200
    assert (await manage(place, token, "POST", "/response/revoke-keys", {"owner": owner.word})).json() == {"revoked": 1}
    assert (await ask(place, secret)).status_code == 401


async def test_scim_tokens_of_a_connection_open_nothing(place: Place, token: str) -> None:
    async with directory(place) as provisioning:
        await provisioning.create("ada")
        body = {"owner": provisioning.connection.word}
        assert (await manage(place, token, "POST", "/response/revoke-keys", body)).json() == {"revoked": 1}
        async with place.server.client() as http:
            headers = {"authorization": f"Bearer {provisioning.token}"}
            assert (await http.get(f"{place.issuer}/scim/v2/Users", headers=headers)).status_code == 401


async def test_signing_keys_are_rotated_in_one_step_and_withdrawn_if_wanted(place: Place, token: str) -> None:
    one = await signed(place)
    async with place.server.client() as http:

        async def published() -> set[str]:
            return {key["kid"] for key in (await http.get(f"{place.issuer}/oauth2/jwks")).json()["keys"]}

        first = await published()
        rotated = await manage(place, token, "POST", "/response/rotate-keys", {})
        assert rotated.status_code == 200, rotated.text
        second = await published()
        assert second == first | set(rotated.json()["keys"])
        assert await one.access() == 200
        withdrawn = await manage(place, token, "POST", "/response/rotate-keys", {"withdraw": True})
        assert await published() == set(withdrawn.json()["keys"])
        assert await published() & second == set()
    assert await one.access() == 401
    assert (await one.renewed()).status_code == 200  # its session and family are as good as they were


async def test_what_is_anothers_is_no_more_there_than_what_never_was(server: Running, place: Place, token: str) -> None:
    """N20."""
    other = await server.tenant()
    foreign = await signed(other)
    minted = await mint(other, "users:read")
    async with other.operator() as ctx:
        draft = ConnectionDraft("foreign", OidcSettings(issuer="https://idp.example.com", client_id="airside"))
        connection = await server.services.connections.create(ctx, draft)
    for verb in ("end-sessions", "reauthenticate"):
        for of in (foreign.word, "usr_01ba2272b0000000000000000a", "x", ""):
            assert (await manage(place, token, "POST", f"/response/{verb}", {"of": of})).status_code == 404
    for owner in (foreign.word, minted.account.owner.word, connection.word, "svc_01ba2272b0000000000000000a", "x"):
        assert (await manage(place, token, "POST", "/response/revoke-keys", {"owner": owner})).status_code == 404
    assert (await foreign.access(), await foreign.sessions()) == (200, 1)
    assert (await ask(other, minted.secret)).status_code == 200


async def test_whose_has_to_be_said(place: Place, token: str) -> None:
    """Nothing that is forgotten means everybody."""
    for verb in ("end-sessions", "reauthenticate", "revoke-keys"):
        for body in ({}, {"of": None}, {"owner": None}, {"of": "everybody", "and": "more"}):
            assert (await manage(place, token, "POST", f"/response/{verb}", body)).status_code == 422


async def test_program_with_every_permission_is_no_administrator(place: Place) -> None:
    """N21."""
    program, one = await administrator_token(place), await signed(place)
    for verb, body in (
        ("end-sessions", {"of": "everybody"}),
        ("reauthenticate", {"of": "everybody"}),
        ("revoke-keys", {"owner": one.word}),
        ("revoke-keys", {"owner": "x"}),
        ("rotate-keys", {}),
    ):
        assert (await manage(place, program, "POST", f"/response/{verb}", body)).status_code == 403
    assert await one.access() == 200
