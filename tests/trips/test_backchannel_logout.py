"""Applications hear of the end of sessions (OpenID Connect Back-Channel Logout 1.0), at real addresses over HTTPS."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from airside.core.ids import SESSION, USER, format_id, parse_id
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.identity import User
from airside.oauth import Client, ClientSettings
from airside.oauth.logout_tokens import EVENT
from airside.oauth.settings import SigningAlgorithm
from airside.protocols.jose import Expected, keyset_from_jwks, peek_claims, verify_jwt
from tests.running import Place
from tests.trips.relying_party import SOON, Parties, house, parties
from tests.trips.visitor import FORM, NATIVE, Visitor, code_for, csrf_of, redeem, request_url, token_request, visitor

__all__ = ["house", "parties"]


async def party(house: Place, parties: Parties, path: str, **more: Any) -> Client:
    """An application that wants to hear at `path` of the receiver."""
    settings = ClientSettings(backchannel_logout_uri=f"{parties.receiver.url}{path}", **more)
    client, _ = await house.client(replace(NATIVE, settings=settings))
    return client


async def sign_in(house: Place, browser: Visitor, user: User, *clients: Client) -> dict[str, Any]:
    """One session, in which each of `clients` gets tokens; the first one's."""
    first = (await redeem(house, clients[0], await code_for(house, clients[0], user, browser))).json()
    for client in clients[1:]:
        assert (await browser.get(request_url(house, client))).is_redirect
    return first


async def sign_out(house: Place, browser: Visitor) -> None:
    page = await browser.get(f"{house.issuer}/account")
    headers = {**FORM, "origin": house.server.url}
    fields = urlencode({"csrf_token": csrf_of(page)})
    done = await browser.http.post(f"{house.issuer}/account/signout", content=fields, headers=headers)
    assert done.status_code == 200


async def verified(house: Place, client: Client, token: str, alg: str = "RS256") -> dict[str, Json]:
    """The token's claims, as an application verifies them (§2.6)."""
    async with house.server.client() as http:
        keys = keyset_from_jwks((await http.get(f"{house.issuer}/oauth2/jwks")).content)
    now = house.server.services.clock.now().timestamp()
    found = verify_jwt(token, keys, Expected("logout+jwt", house.issuer, client.word), now)
    assert found.header.alg == alg
    return dict(found.claims)


async def waits(house: Place) -> datetime | None:
    """When the next logout token is due."""
    async with house.operator() as ctx:
        return await house.server.services.outbox.next_due(ctx, way="logout")


async def settled(house: Place) -> None:
    """Nothing waits any more."""
    for _ in range(int(SOON / 0.02)):
        if await waits(house) is None:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the outbox is never empty")


async def test_logout_token_says_what_its_standard_demands(house: Place, parties: Parties) -> None:
    """Back-Channel Logout 1.0 §2.4, §2.5."""
    client = await party(house, parties, "/says")
    user = await house.user()
    async with visitor(house) as browser:
        tokens = await sign_in(house, browser, user, client)
        await sign_out(house, browser)
    claims = await verified(house, client, await parties.receiver.token("/says"))
    assert set(claims) == {"iss", "sub", "aud", "iat", "exp", "jti", "events", "sid"}
    assert claims["sub"] == format_id(USER, user.id)
    assert claims["sid"] == peek_claims(tokens["id_token"])["sid"]
    assert claims["events"] == {EVENT: {}}
    assert int(str(claims["exp"])) - int(str(claims["iat"])) == 120
    (head,) = [head for path, head, _ in parties.receiver.heard if path == "/says"]
    assert head.startswith(b"POST /says HTTP/1.1")
    assert b"content-type: application/x-www-form-urlencoded" in head.lower()
    await settled(house)


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
async def test_logout_token_is_signed_as_the_client_registered(
    house: Place, parties: Parties, alg: SigningAlgorithm
) -> None:
    """§2.4: with the key that signs its ID tokens."""
    client = await party(house, parties, f"/{alg}", id_token_signed_response_alg=alg)
    async with visitor(house) as browser:
        await sign_in(house, browser, await house.user(), client)
        await sign_out(house, browser)
    await verified(house, client, await parties.receiver.token(f"/{alg}"), alg)


async def test_user_is_called_what_the_client_knows_them_by(house: Place, parties: Parties) -> None:
    """§2.4: `sub` as in the ID token, also where that is a word of the client's own (OpenID Connect Core §8)."""
    client = await party(house, parties, "/pairwise", subject_type="pairwise")
    user = await house.user()
    async with visitor(house) as browser:
        tokens = await sign_in(house, browser, user, client)
        await sign_out(house, browser)
    claims = await verified(house, client, await parties.receiver.token("/pairwise"))
    assert claims["sub"] == peek_claims(tokens["id_token"])["sub"] != format_id(USER, user.id)


async def test_each_application_of_the_session_is_told_and_no_other(house: Place, parties: Parties) -> None:
    """§2.5: also one that only ever got a code."""
    one, two, aside = [await party(house, parties, path) for path in ("/one", "/two", "/aside")]
    user = await house.user()
    async with visitor(house) as browser, visitor(house) as elsewhere:
        tokens = await sign_in(house, browser, user, one, two)
        await sign_in(house, elsewhere, user, aside, one)
        await sign_out(house, browser)
    for client, path in ((one, "/one"), (two, "/two")):
        claims = await verified(house, client, await parties.receiver.token(path))
        assert claims["sid"] == peek_claims(tokens["id_token"])["sid"]
    await settled(house)
    assert [len(parties.receiver.tokens(path)) for path in ("/one", "/two", "/aside")] == [1, 1, 0]


@dataclass(frozen=True)
class End:
    """A way in which a session ends."""

    name: str
    end: Callable[[Place, User, dict[str, Any]], Awaitable[None]]


async def _by_user_disabled(house: Place, user: User, _tokens: dict[str, Any]) -> None:
    async with house.operator() as ctx:
        await house.server.services.user_admin.set_state(ctx, user.id, "disabled")


async def _by_admin(house: Place, _user: User, tokens: dict[str, Any]) -> None:
    session = parse_id(SESSION, str(peek_claims(tokens["id_token"])["sid"]))
    async with house.operator() as ctx:
        await house.server.services.session_admin.end(ctx, session)


async def _by_password(house: Place, user: User, _tokens: dict[str, Any]) -> None:
    async with house.operator() as ctx:
        await house.server.services.user_admin.set_password(ctx, user.id, Secret("another password for trips"))


async def _by_erasure(house: Place, user: User, _tokens: dict[str, Any]) -> None:
    async with house.operator() as ctx:
        await house.server.services.user_admin.erase(ctx, user.id)


async def _by_itself(house: Place, user: User, _tokens: dict[str, Any]) -> None:
    """Idle for longer than the tenant lets it be."""
    services = house.server.services
    later = services.clock.now() + timedelta(days=40)
    async with services.engine.begin(house.tenant_id, now=later) as ctx:
        assert await services.participants.sweep(ctx) == 1
        assert await services.participants.sweep(ctx) == 0


ENDS = (
    End("disabled", _by_user_disabled),
    End("admin", _by_admin),
    End("password", _by_password),
    End("erasure", _by_erasure),
)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.name)
async def test_every_end_of_a_session_is_told_once(house: Place, parties: Parties, end: End) -> None:
    """N19: whoever ends it."""
    path = f"/ends/{end.name}"
    client, user = await party(house, parties, path), await house.user()
    async with visitor(house) as browser:
        tokens = await sign_in(house, browser, user, client)
        await end.end(house, user, tokens)
    claims = await verified(house, client, await parties.receiver.token(path))
    assert claims["sid"] == peek_claims(tokens["id_token"])["sid"]
    await settled(house)
    assert len(parties.receiver.tokens(path)) == 1


async def test_logout_that_one_application_asks_for_reaches_the_others(house: Place, parties: Parties) -> None:
    """RP-Initiated Logout 1.0 §2 and Back-Channel Logout 1.0 §2.5 together."""
    asking, other = await party(house, parties, "/asking"), await party(house, parties, "/other")
    async with visitor(house) as browser:
        tokens = await sign_in(house, browser, await house.user(), asking, other)
        query = urlencode({"id_token_hint": tokens["id_token"]})
        assert "signed out" in (await browser.get(f"{house.issuer}/oauth2/logout?{query}")).text
        silent = await browser.get(request_url(house, other, prompt="none"))
    assert "error=login_required" in silent.headers["location"]
    for client, path in ((asking, "/asking"), (other, "/other")):
        claims = await verified(house, client, await parties.receiver.token(path))
        assert claims["sid"] == peek_claims(tokens["id_token"])["sid"]


async def test_session_that_runs_out_is_told_by_the_sweep(house: Place, parties: Parties) -> None:
    """Once: the second sweep finds nobody to tell."""
    client, user = await party(house, parties, "/idle"), await house.user()
    async with visitor(house) as browser:
        await sign_in(house, browser, user, client)
        async with house.operator() as ctx:
            assert await house.server.services.participants.sweep(ctx) == 0
        await _by_itself(house, user, {})
    due = await waits(house)
    assert due is not None
    assert due > house.server.services.clock.now() + timedelta(days=30)


async def test_application_that_fails_is_told_again_and_others_meanwhile(house: Place, parties: Parties) -> None:
    """§2.5: whoever doesn't answer 200 hasn't heard; each try is a fresh token."""
    parties.receiver.statuses["/fails"] = ["500 No", "302 Found", "204 No Content"]
    failing, good = await party(house, parties, "/fails"), await party(house, parties, "/good")
    async with visitor(house) as browser:
        await sign_in(house, browser, await house.user(), failing, good)
        await sign_out(house, browser)
    await parties.receiver.token("/good")
    await parties.receiver.token("/fails", 3)
    await settled(house)
    tokens = parties.receiver.tokens("/fails")
    assert len({str(peek_claims(token)["jti"]) for token in tokens}) == len(tokens) == 3
    assert parties.receiver.tokens("/elsewhere") == []
    assert len(parties.receiver.tokens("/good")) == 1


@pytest.mark.parametrize("uri", ["https://localhost:1/x", "https://localhost/x"])
async def test_address_inside_is_never_dialled(house: Place, uri: str) -> None:
    """N28: a name that leads inside; addresses that do aren't registered. Given up at once, and journalled."""
    settings = ClientSettings(backchannel_logout_uri=uri)
    client, _ = await house.client(replace(NATIVE, settings=settings))
    async with visitor(house) as browser:
        await sign_in(house, browser, await house.user(), client)
        await sign_out(house, browser)
    await settled(house)
    async with house.operator() as ctx:
        row = await ctx.tx.one(
            Abandoned,
            "select details from airside.audit_record where tenant_id = %s and event = 'logout:client:abandoned'",
            (ctx.tenant_id,),
        )
    assert row is not None
    assert '"attempts":1' in row.details.replace(" ", "")


@dataclass(frozen=True)
class Abandoned:
    details: str


@pytest.mark.parametrize("change", ["disable", "delete"])
async def test_client_that_is_gone_is_told_nothing(house: Place, parties: Parties, change: str) -> None:
    """N18."""
    path = f"/gone/{change}"
    client = await party(house, parties, path)
    async with visitor(house) as browser:
        await sign_in(house, browser, await house.user(), client)
        async with house.operator() as ctx:
            clients = house.server.services.clients
            await (clients.disable if change == "disable" else clients.delete)(ctx, client.client_id)
        await sign_out(house, browser)
    await settled(house)
    assert parties.receiver.tokens(path) == []


async def test_logout_token_opens_nothing(house: Place, parties: Parties) -> None:
    """N06: neither as an access token, nor as a hint."""
    client = await party(house, parties, "/opens")
    async with visitor(house) as browser:
        await sign_in(house, browser, await house.user(), client)
        await sign_out(house, browser)
    token = await parties.receiver.token("/opens")
    async with house.server.client() as http:
        bearer = {"authorization": f"Bearer {token}"}
        assert (await http.get(f"{house.issuer}/api/v1/users", headers=bearer)).status_code == 401
    async with visitor(house) as browser:
        await browser.sign_in(await browser.get(f"{house.issuer}/signin"), await house.user())
        page = await browser.get(f"{house.issuer}/oauth2/logout?{urlencode({'id_token_hint': token})}")
    assert "Sign out?" in page.text
    form = {"client_id": client.word, "grant_type": "refresh_token", "refresh_token": token}
    assert (await token_request(house, form)).json()["error"] == "invalid_grant"


async def test_client_without_an_address_is_not_written_down(house: Place) -> None:
    client, _ = await house.client(NATIVE)
    async with visitor(house) as browser:
        tokens = await sign_in(house, browser, await house.user(), client)
        session = parse_id(SESSION, str(peek_claims(tokens["id_token"])["sid"]))
        async with house.operator() as ctx:
            assert await house.server.services.participants.of(ctx, session) == []
        await sign_out(house, browser)
    assert await waits(house) is None
