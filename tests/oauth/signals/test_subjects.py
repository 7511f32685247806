"""A client says of whom its streams are told (SSF 1.0 §8.1.3)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import pytest

from airside.audit import Event
from airside.core.ids import CLIENT, STREAM, USER, format_id, parse_id, uuid7
from airside.identity import User
from airside.oauth import ClientDraft, ClientSettings
from airside.oauth.signals import MAX_SUBJECTS, records_subjects
from airside.protocols.secevent import VERIFICATION
from tests.oauth.signals.kit import Program, program
from tests.running import Place, Running

NONE = {"default_subjects": "NONE"}
PAIRWISE = ClientDraft(
    "Receiver",
    False,
    frozenset({"client_credentials", "authorization_code"}),
    audiences=(),
    redirect_uris=("https://receiver.example/callback",),
    settings=ClientSettings(subject_type="pairwise"),
)
FILL = """
insert into airside.signal_subject (tenant_id, stream_id, subject) select %s, %s, n::text from generate_series(1, %s) n
on conflict do nothing
"""


@pytest.fixture
async def receiver(place: Place) -> AsyncIterator[Program]:
    async with program(place) as made:
        yield made


def somebody(place: Place) -> str:
    services = place.server.services
    return format_id(USER, uuid7(services.clock.now(), services.entropy))


def called(place: Place, sub: str) -> dict[str, Any]:
    return {"format": "iss_sub", "iss": place.issuer, "sub": sub}


async def happens(place: Place, *subjects: str) -> None:
    for subject in subjects:
        async with place.operator() as ctx:
            await place.server.services.journal.record(ctx, Event.PASSWORD_SET, subject=subject, details={})


async def choose(receiver: Program, stream: Mapping[str, Any], verb: str, subject: Mapping[str, Any]) -> int:
    """Add or remove; the status."""
    body = {"stream_id": stream["stream_id"], "subject": subject}
    return (await receiver.call("POST", f"/subjects/{verb}", body)).status_code


async def told(receiver: Program, stream: Mapping[str, Any]) -> list[str]:
    """Of whom, since the last time."""
    found = await receiver.poll(stream)
    await receiver.poll(stream, ack=list(found))
    return [claims["sub_id"].get("sub", VERIFICATION) for claims in found.values()]


async def test_stream_of_nobody_is_told_of_those_alone_who_were_added(receiver: Program) -> None:
    place = receiver.place
    stream, one, other = await receiver.stream(**NONE), somebody(place), somebody(place)
    await happens(place, one, other)
    assert await told(receiver, stream) == []
    assert [await choose(receiver, stream, "add", called(place, one)) for _ in range(2)] == [200, 200]
    await happens(place, one, other)
    assert await told(receiver, stream) == [one]
    assert await choose(receiver, stream, "remove", called(place, one)) == 204
    await happens(place, one, other)
    assert await told(receiver, stream) == []


async def test_stream_of_everybody_is_told_of_all_but_those_who_were_removed(receiver: Program) -> None:
    place = receiver.place
    stream, one, other = await receiver.stream(), somebody(place), somebody(place)
    assert await choose(receiver, stream, "remove", called(place, one)) == 204
    await happens(place, one, other)
    assert await told(receiver, stream) == [other]
    assert await choose(receiver, stream, "add", called(place, one)) == 200
    await happens(place, one)
    assert await told(receiver, stream) == [one]


async def test_verification_and_what_happens_to_everybody_are_told_whoever_was_added(receiver: Program) -> None:
    place, stream = receiver.place, await receiver.stream(**NONE)
    assert (await receiver.call("POST", "/verify", {"stream_id": stream["stream_id"]})).status_code == 204
    async with place.operator() as ctx:
        tenant = format_id("ten", place.tenant_id)
        await place.server.services.journal.record(ctx, Event.SESSIONS_ENDED, subject=tenant, details={})
    subjects = [claims["sub_id"] for claims in (await receiver.poll(stream)).values()]
    assert subjects == [
        {"format": "opaque", "id": stream["stream_id"]},
        {"format": "complex", "tenant": {"format": "opaque", "id": tenant}},
    ]


async def test_client_with_subjects_of_its_own_names_people_by_those(place: Place) -> None:
    one, other = somebody(place), somebody(place)
    async with program(place, draft=PAIRWISE) as receiver:
        everybody = await receiver.stream()
        await happens(place, one)
        (pairwise,) = await told(receiver, everybody)
        assert pairwise != one
        stream = await receiver.stream(**NONE)
        assert await choose(receiver, stream, "add", called(place, one)) == 422
        assert await choose(receiver, stream, "add", called(place, pairwise)) == 200
        await happens(place, one, other)
        assert await told(receiver, stream) == [pairwise]


async def test_answers_dont_say_who_is_there(receiver: Program, server: Running) -> None:
    """SSF 1.0 §9.1."""
    place, stream = receiver.place, await receiver.stream(**NONE)
    user, elsewhere = await place.user(), await (await server.tenant()).user()
    for verb, body in (("add", 200), ("remove", 204)):
        subjects = [format_id(USER, user.id), format_id(USER, elsewhere.id), somebody(place)]
        assert [await choose(receiver, stream, verb, called(place, each)) for each in subjects] == [body] * 3


@pytest.mark.parametrize(
    "subject",
    [
        {"format": "email", "email": "alex@example.com"},
        {"format": "opaque", "id": "{sub}"},
        {"format": "complex", "user": {"format": "iss_sub", "iss": "{iss}", "sub": "{sub}"}},
        {"format": "iss_sub", "iss": "https://elsewhere.example", "sub": "{sub}"},
        {"format": "iss_sub", "iss": "{iss}", "sub": "alex@example.com"},
        {"format": "iss_sub", "iss": "{iss}", "sub": ["{sub}"]},
        {"format": "iss_sub", "iss": "{iss}"},
        {"iss": "{iss}", "sub": "{sub}"},
        {},
    ],
    ids=["email", "opaque", "complex", "another issuer", "address", "list", "no sub", "no format", "empty"],
)
async def test_subject_of_another_form_is_refused_by_name(receiver: Program, subject: dict[str, Any]) -> None:
    place, stream = receiver.place, await receiver.stream(**NONE)
    values = {"{iss}": place.issuer, "{sub}": somebody(place)}
    sent = {name: values.get(value, value) if isinstance(value, str) else value for name, value in subject.items()}
    for verb in ("add", "remove"):
        answer = await receiver.call("POST", f"/subjects/{verb}", {"stream_id": stream["stream_id"], "subject": sent})
        assert (answer.status_code, "subject." in answer.json()["detail"]) == (422, True)


async def test_stream_of_another_client_or_tenant_is_not_there(receiver: Program, server: Running) -> None:
    stream, place = await receiver.stream(**NONE), receiver.place
    one = somebody(place)
    async with program(place) as other, program(await server.tenant()) as stranger:
        for each in (other, stranger):
            found = [await choose(each, stream, verb, called(each.place, one)) for verb in ("add", "remove")]
            assert found == [404, 404]
    await happens(place, one)
    assert await told(receiver, stream) == []


async def test_scope_to_read_and_disabled_client_choose_nobody(receiver: Program) -> None:
    """N18."""
    stream, place = await receiver.stream(), receiver.place
    subject = called(place, somebody(place))
    async with program(place, frozenset({"ssf.read"})) as reader:
        assert await choose(reader, stream, "remove", subject) == 403
    async with place.operator() as ctx:
        await place.server.services.client_admin.disable(ctx, parse_id(CLIENT, receiver.client_id))
    assert [await choose(receiver, stream, verb, subject) for verb in ("add", "remove")] == [401, 401]


async def test_stream_names_so_many_and_no_more(receiver: Program) -> None:
    stream, place = await receiver.stream(**NONE), receiver.place
    one, other = somebody(place), somebody(place)
    assert await choose(receiver, stream, "add", called(place, one)) == 200
    async with place.operator() as ctx:
        row = (place.tenant_id, parse_id(STREAM, stream["stream_id"]), MAX_SUBJECTS - 1)
        assert await ctx.tx.run(FILL, row) == MAX_SUBJECTS - 1
    assert await choose(receiver, stream, "add", called(place, other)) == 409
    assert await choose(receiver, stream, "add", called(place, one)) == 200, "whom it names already"
    assert await choose(receiver, stream, "remove", called(place, one)) == 204
    assert await choose(receiver, stream, "add", called(place, other)) == 200
    await happens(place, one, other)
    assert await told(receiver, stream) == [other]


async def test_choice_waits_for_what_is_being_told_and_holds_from_then_on(receiver: Program) -> None:
    """Whatever happens at the same time: nothing is told once the removal was answered, and what was being told is."""
    stream, place = await receiver.stream(), receiver.place
    one = somebody(place)
    async with place.operator() as ctx:
        await place.server.services.journal.record(ctx, Event.PASSWORD_SET, subject=one, details={})
        removing = asyncio.create_task(choose(receiver, stream, "remove", called(place, one)))
        await asyncio.sleep(0.3)
        assert not removing.done()
    assert await removing == 204
    await happens(place, one)
    assert await told(receiver, stream) == [one]


async def test_event_that_waits_for_a_choice_obeys_it(receiver: Program) -> None:
    stream, place = await receiver.stream(), receiver.place
    services, one = place.server.services, somebody(place)
    async with place.operator() as ctx:
        client = await services.client_lookup.find(ctx, receiver.client_id)
        assert client is not None
        stream_id = parse_id(STREAM, stream["stream_id"])
        await services.signal_subjects.remove(ctx, client, place.issuer, stream_id, called(place, one))
        happening = asyncio.create_task(happens(place, one))
        await asyncio.sleep(0.3)
        assert not happening.done()
    await happening
    assert await told(receiver, stream) == []


async def test_default_stays_as_the_stream_was_made(receiver: Program) -> None:
    stream = await receiver.stream(**NONE)
    named = {"stream_id": stream["stream_id"]}
    assert stream["default_subjects"] == "NONE"
    assert (await receiver.call("PATCH", "/streams", named | {"default_subjects": "ALL"})).status_code == 422
    same = await receiver.call("PATCH", "/streams", named | {"description": "x"} | NONE)
    assert (same.status_code, same.json()["default_subjects"]) == (200, "NONE")
    assert (await receiver.call("POST", "/streams", {"default_subjects": "SOME"})).status_code == 422


async def test_configuration_says_where_subjects_are_added_and_removed(receiver: Program) -> None:
    place, stream = receiver.place, await receiver.stream(**NONE)
    found = (await receiver.http.get(f"/.well-known/ssf-configuration/t/{place.slug}")).json()
    assert found["default_subjects"] == "ALL"
    body = {"stream_id": stream["stream_id"], "subject": called(place, somebody(place)), "verified": True}
    for name, status in (("add_subject_endpoint", 200), ("remove_subject_endpoint", 204)):
        answer = await receiver.http.post(found[name], json=body)
        assert (answer.status_code, answer.content) == (status, b"")


async def named_rows(place: Place, stream_id: UUID) -> int:
    async with place.operator() as ctx:
        return await records_subjects.count(ctx, stream_id)


async def test_whoever_is_erased_and_whatever_is_deleted_is_named_no_more(receiver: Program) -> None:
    stream, place = await receiver.stream(**NONE), receiver.place
    services, stream_id = place.server.services, parse_id(STREAM, stream["stream_id"])
    users: list[User] = [await place.user() for _ in range(2)]
    for user in users:
        assert await choose(receiver, stream, "add", called(place, format_id(USER, user.id))) == 200
    async with place.operator() as ctx:
        await services.user_admin.erase(ctx, users[0].id, 0)
    assert await named_rows(place, stream_id) == 1
    assert (await receiver.call("DELETE", "/streams", stream_id=stream["stream_id"])).status_code == 204
    assert await named_rows(place, stream_id) == 0
