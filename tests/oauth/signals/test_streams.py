"""Clients hear of security events by polls: each of its own streams, until it says that it has them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from airside.audit import Event, search_for
from airside.core.ids import SESSION, USER, format_id, parse_id
from airside.core.secret import Secret
from airside.identity import User
from airside.protocols.secevent import CREDENTIAL_CHANGE, PUSH, SESSION_REVOKED, TOKEN_CLAIMS_CHANGE, VERIFICATION
from airside.store import RequestContext
from airside.tenancy import RoleDraft
from tests.oauth.signals.kit import Program, program
from tests.running import PASSWORD, Place
from tests.trips.visitor import visitor


@pytest.fixture
async def receiver(place: Place) -> AsyncIterator[Program]:
    async with program(place) as made:
        yield made


async def passwords(place: Place, user: User, count: int = 1) -> None:
    """The user has another password, so often."""
    for number in range(count):
        async with place.operator() as ctx:
            await place.server.services.user_admin.set_password(ctx, user.id, Secret(f"{PASSWORD} {number}"))


async def test_configuration_says_where_everything_is(receiver: Program) -> None:
    path = f"/.well-known/ssf-configuration/t/{receiver.place.slug}"
    found = (await receiver.http.get(path, headers={"authorization": ""})).json()
    assert (found["spec_version"], found["issuer"]) == ("1_0", receiver.place.issuer)
    stream = await receiver.stream()
    assert (await receiver.http.get(found["configuration_endpoint"])).json() == [stream]
    status = await receiver.http.get(found["status_endpoint"], params={"stream_id": stream["stream_id"]})
    assert status.json() == {"stream_id": stream["stream_id"], "status": "enabled"}
    assert (await receiver.http.get(found["jwks_uri"])).status_code == 200


async def test_end_of_a_session_is_told_with_its_user_and_until_it_is_acknowledged(receiver: Program) -> None:
    place, stream = receiver.place, await receiver.stream()
    user = await place.user("member")
    async with visitor(place) as browser:
        await browser.sign_in(await browser.get(f"{place.issuer}/signin"), user)
    async with place.operator() as ctx:
        (session,) = await place.server.services.sessions.list(ctx, user.id)
        await place.server.services.sessions.end(ctx, session.id)
    told = {jti: each for jti, each in (await receiver.poll(stream)).items() if SESSION_REVOKED in each["events"]}
    ((jti, claims),) = told.items()
    assert claims["sub_id"] == {
        "format": "complex",
        "user": {"format": "iss_sub", "iss": place.issuer, "sub": format_id(USER, user.id)},
        "session": {"format": "opaque", "id": format_id(SESSION, session.id)},
    }
    assert claims["jti"] == jti
    assert claims["txn"].startswith("evt_")
    assert not {"sub", "exp"} & claims.keys()
    assert jti in await receiver.poll(stream)
    assert jti not in await receiver.poll(stream, ack=[jti])


async def test_credentials_are_told_by_kind_and_change_alone(receiver: Program) -> None:
    user = await receiver.place.user()
    stream = await receiver.stream(events_requested=[CREDENTIAL_CHANGE, "https://elsewhere.example/event"])
    assert stream["events_delivered"] == [CREDENTIAL_CHANGE]
    await passwords(receiver.place, user)
    (claims,) = (await receiver.poll(stream)).values()
    said = claims["events"][CREDENTIAL_CHANGE]
    assert (said["credential_type"], said["change_type"]) == ("password", "update")
    assert said.keys() == {"credential_type", "change_type", "event_timestamp", "initiating_entity"}


async def test_roles_are_told_as_tokens_will_name_them(receiver: Program) -> None:
    place, services = receiver.place, receiver.place.server.services
    user = await place.user("member")
    stream = await receiver.stream(events_requested=[TOKEN_CLAIMS_CHANGE])

    async def told(change: Callable[[RequestContext], Awaitable[object]]) -> list[str]:
        async with place.operator() as ctx:
            await change(ctx)
        ((jti, claims),) = (await receiver.poll(stream)).items()
        assert await receiver.poll(stream, ack=[jti]) == {}
        assert claims["sub_id"] == {"format": "iss_sub", "iss": place.issuer, "sub": format_id(USER, user.id)}
        said = claims["events"][TOKEN_CLAIMS_CHANGE]
        assert said.keys() == {"claims", "event_timestamp", "initiating_entity"}
        assert said["claims"].keys() == {"roles"}
        async with place.operator() as ctx:
            assert said["claims"]["roles"] == await services.member_admin.roles(ctx, user.id)
        return said["claims"]["roles"]

    async with place.operator() as ctx:
        role = await services.role_admin.create(ctx, RoleDraft("auditor"))
    members, roles = services.member_admin, services.role_admin
    assert await told(lambda ctx: roles.assign(ctx, user.id, role.role_id)) == ["member", "auditor"]
    assert await told(lambda ctx: members.revoke(ctx, user.id, "member")) == ["auditor"]
    assert await told(lambda ctx: members.grant(ctx, user.id, "administrator")) == [
        *("administrator", "member", "auditor")
    ]
    assert await told(lambda ctx: roles.delete(ctx, role.role_id)) == ["administrator", "member"]


async def test_no_address_and_no_name_is_told_when_it_changes_and_no_role_of_a_program(receiver: Program) -> None:
    place, services = receiver.place, receiver.place.server.services
    user, stream = await place.user(), await receiver.stream()
    async with place.operator() as ctx:
        await services.users.change(ctx, user.id, "other@example.com", "Other", verified=False)
        await services.members.grant(ctx, f"client:{receiver.client_id}", "can_read_users")
    assert await receiver.poll(stream) == {}


async def test_events_come_in_pages_and_in_order_and_two_polls_take_nothing_twice(receiver: Program) -> None:
    user = await receiver.place.user()
    stream = await receiver.stream()
    await passwords(receiver.place, user, 5)
    first = list(await receiver.poll(stream, maxEvents=3))
    assert len(first) == 3
    polls = [receiver.poll(stream, ack=first, maxEvents=9) for _ in range(5)]
    rest = [list(each) for each in await asyncio.gather(*polls)]
    assert rest == [rest[0]] * 5
    assert len({*first, *rest[0]}) == 5
    assert [*first, *rest[0]] == sorted([*first, *rest[0]])


async def test_refused_event_is_in_the_log_and_doesnt_come_again(receiver: Program) -> None:
    user = await receiver.place.user()
    stream = await receiver.stream()
    await passwords(receiver.place, user)
    (jti,) = await receiver.poll(stream)
    errors = {jti: {"err": "invalid_key", "description": "secret words"}}
    assert await receiver.poll(stream, setErrs=errors) == {}
    async with receiver.place.operator() as ctx:
        (found,) = await receiver.place.server.services.audit_admin.search(
            ctx, search_for(event=Event.SIGNAL_REFUSED.value), None, 9
        )
    assert (found.record.reason, found.record.details) == ("invalid_key", '{"events":1}')


async def test_verification_brings_the_receivers_word_and_not_too_often(receiver: Program) -> None:
    stream = await receiver.stream()
    asked = {"stream_id": stream["stream_id"], "state": "mine"}
    assert (await receiver.call("POST", "/verify", asked)).status_code == 204
    (claims,) = (await receiver.poll(stream)).values()
    assert claims["events"] == {VERIFICATION: {"state": "mine"}}
    assert claims["sub_id"] == {"format": "opaque", "id": stream["stream_id"]}
    assert (await receiver.call("POST", "/verify", asked)).status_code == 429


async def test_paused_stream_keeps_and_disabled_stream_forgets(receiver: Program) -> None:
    user = await receiver.place.user()
    stream = await receiver.stream()

    async def status(word: str) -> None:
        answer = await receiver.call("POST", "/status", {"stream_id": stream["stream_id"], "status": word})
        assert answer.json()["status"] == word

    await status("paused")
    await passwords(receiver.place, user)
    assert await receiver.poll(stream) == {}
    await status("enabled")
    assert len(await receiver.poll(stream)) == 1
    await status("disabled")
    await passwords(receiver.place, user)
    await status("enabled")
    assert await receiver.poll(stream) == {}


async def test_another_clients_stream_is_not_there(receiver: Program) -> None:
    stream, path = await receiver.stream(), "/streams"
    word = stream["stream_id"]
    async with program(receiver.place) as other:
        told = {"stream_id": word}
        answers = [
            await other.call("GET", path, stream_id=word),
            await other.call("PATCH", path, told),
            await other.call("PUT", path, told),
            await other.call("DELETE", path, stream_id=word),
            await other.call("GET", "/status", stream_id=word),
            await other.call("POST", "/status", told | {"status": "disabled"}),
            await other.call("POST", "/verify", told),
            await other.call("POST", f"/poll/{word}", {}),
        ]
        assert [each.status_code for each in answers] == [404] * 8
        assert (await other.call("GET", path)).json() == []
    assert (await receiver.call("GET", path, stream_id=word)).json() == stream


async def test_disabled_client_hears_nothing_more(receiver: Program) -> None:
    """N18."""
    stream = await receiver.stream()
    async with receiver.place.operator() as ctx:
        client_id = parse_id("cli", receiver.client_id)
        await receiver.place.server.services.client_admin.disable(ctx, client_id)
    answer = await receiver.http.post(stream["delivery"]["endpoint_url"], json={})
    assert answer.status_code == 401


async def test_scope_to_read_changes_nothing(place: Place) -> None:
    async with program(place, frozenset({"ssf.read"})) as reader:
        assert (await reader.call("GET", "/streams")).status_code == 200
        assert (await reader.call("POST", "/streams", {})).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"delivery": {"method": "urn:example:carrier-pigeon"}},
        {"delivery": {"method": PUSH}},
        {"delivery": {"method": PUSH, "endpoint_url": "http://receiver.example/"}},
        {"delivery": {"method": PUSH, "endpoint_url": "https://127.0.0.1/"}},
        {"delivery": {"method": PUSH, "endpoint_url": "https://user@receiver.example/"}},
        {
            "delivery": {
                "method": PUSH,
                "endpoint_url": "https://receiver.example/",
                "authorization_header": "a\r\nb: c",
            }
        },
        {"events_requested": "all"},
        {"events_requested": ["x" * 500]},
        {"description": "a\nb"},
    ],
    ids=["method", "no address", "in clear", "inside", "user", "two headers", "no list", "long", "two lines"],
)
async def test_stream_that_cant_be_is_refused(receiver: Program, body: dict[str, Any]) -> None:
    answer = await receiver.call("POST", "/streams", body)
    assert answer.status_code in (400, 422), answer.text


async def test_client_has_few_streams(receiver: Program) -> None:
    for _ in range(4):
        await receiver.stream()
    assert (await receiver.call("POST", "/streams", {})).status_code == 409
