"""A receiver ends with the roles that somebody has, and hears only of what changed (CAEP 1.0, token-claims-change)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from airside.audit import Event, search_for
from airside.core.ids import USER, format_id, uuid7
from airside.core.strict_json import loads_object
from airside.identity import User
from airside.protocols.secevent import TOKEN_CLAIMS_CHANGE
from airside.store.connection import Connection
from airside.store.context import RequestContext, Statement
from airside.tenancy import CustomRole, RoleDraft
from tests.oauth.signals.kit import Program, program
from tests.running import Place

NAMES = ("basic", "editors", "third", "fourth")
READS = ("from airside.permission_tuple", "from airside.tenant_role")


@pytest.fixture
async def receiver(place: Place) -> AsyncIterator[Program]:
    async with program(place) as made:
        yield made


async def made(place: Place, *names: str) -> list[CustomRole]:
    async with place.operator() as ctx:
        return [await place.server.services.role_admin.create(ctx, RoleDraft(name)) for name in names]


async def told(receiver: Program, stream: dict[str, Any]) -> list[list[str]]:
    """What is told, and then acknowledged: the roles in each event."""
    found = await receiver.poll(stream)
    assert await receiver.poll(stream, ack=list(found)) == {}
    return [claims["events"][TOKEN_CLAIMS_CHANGE]["claims"]["roles"] for claims in found.values()]


async def recorded(place: Place, event: Event, subject: str = "") -> list[Any]:
    """What the log says of each, the newest first."""
    async with place.operator() as ctx:
        wanted = search_for(event=event.value, subject=subject)
        found = await place.server.services.audit_admin.search(ctx, wanted, None, 50)
    return [loads_object(each.record.details.encode()) for each in found]


async def assign(ctx: RequestContext, place: Place, user: User, roles: Sequence[CustomRole]) -> None:
    for role in roles:
        await place.server.services.role_admin.assign(ctx, user.id, role.role_id)


async def test_several_changes_of_one_transaction_are_told_once_as_they_ended(receiver: Program) -> None:
    place, services = receiver.place, receiver.place.server.services
    user, other, roles = await place.user("member"), await place.user(), await made(place, *NAMES)
    stream = await receiver.stream(events_requested=[TOKEN_CLAIMS_CHANGE])
    async with place.operator() as ctx:
        await assign(ctx, place, user, roles)
        await services.member_admin.grant(ctx, user.id, "administrator")
        await services.role_admin.unassign(ctx, user.id, roles[0].role_id)
        await assign(ctx, place, other, roles[:1])
    assert sorted(await told(receiver, stream)) == [
        ["administrator", "member", "editors", "fourth", "third"],
        ["basic"],
    ]


async def test_invitation_with_several_roles_is_told_once(receiver: Program) -> None:
    place, services = receiver.place, receiver.place.server.services
    user, roles = await place.user(), await made(place, *NAMES)
    stream = await receiver.stream(events_requested=[TOKEN_CLAIMS_CHANGE])
    words = ("administrator", *(role.word for role in roles))
    async with place.operator() as ctx:
        invitation = await services.invitation_admin.create(ctx, "grace@example.com", "Grace", words)
        await services.invitations.settle(ctx, invitation, user.id)
    assert await told(receiver, stream) == [["administrator", "member", *sorted(NAMES)]]


async def test_what_is_told_later_doesnt_take_back_what_was_told(receiver: Program) -> None:
    place, user = receiver.place, await receiver.place.user()
    stream, roles = await receiver.stream(events_requested=[TOKEN_CLAIMS_CHANGE]), await made(place, *NAMES[:2])
    for role in roles:
        async with place.operator() as ctx:
            await assign(ctx, place, user, [role])
    assert sorted(await told(receiver, stream)) == [["basic"], ["basic", "editors"]]


async def test_each_stream_is_told(receiver: Program) -> None:
    place, user, roles = receiver.place, await receiver.place.user(), await made(receiver.place, *NAMES[:2])
    streams = [await receiver.stream(events_requested=[TOKEN_CLAIMS_CHANGE]) for _ in range(2)]
    async with place.operator() as ctx:
        await assign(ctx, place, user, roles)
    assert [await told(receiver, stream) for stream in streams] == [[["basic", "editors"]]] * 2


async def test_what_changes_nothing_is_recorded_and_not_told(receiver: Program) -> None:
    place, services = receiver.place, receiver.place.server.services
    user, (role,) = await place.user("member"), await made(place, "support")
    stream = await receiver.stream(events_requested=[TOKEN_CLAIMS_CHANGE])
    async with place.operator() as ctx:
        await services.member_admin.grant(ctx, user.id, "member")
        await services.member_admin.revoke(ctx, user.id, "administrator")
        await services.role_admin.unassign(ctx, user.id, role.role_id)
    assert await told(receiver, stream) == []
    for _ in range(2):
        async with place.operator() as ctx:
            await assign(ctx, place, user, [role])
    assert await told(receiver, stream) == [["member", "support"]]
    subject = f"user:{format_id(USER, user.id)}"
    assert await recorded(place, Event.MEMBER_REVOKED, subject) == [{"relation": "administrator"}]
    assert await recorded(place, Event.ROLE_UNASSIGNED, subject) == [{"role": role.word}]
    assert await recorded(place, Event.MEMBER_GRANTED, subject) == [
        {"relation": "member"},
        {"relation": "member", "roles": ["member"]},
    ]
    assert await recorded(place, Event.ROLE_ASSIGNED, subject) == [
        {"role": role.word},
        {"role": role.word, "roles": ["member", "support"]},
    ]


async def test_administrator_who_is_made_a_member_is_called_both_already(receiver: Program) -> None:
    place, members = receiver.place, receiver.place.server.services.member_admin
    user, stream = await place.user("administrator"), await receiver.stream(events_requested=[TOKEN_CLAIMS_CHANGE])
    async with place.operator() as ctx:
        await members.grant(ctx, user.id, "member")
    assert await told(receiver, stream) == []
    async with place.operator() as ctx:
        await members.revoke(ctx, user.id, "administrator")
    assert await told(receiver, stream) == [["member"]]


async def test_log_has_every_role_whole_whatever_they_are_called(place: Place) -> None:
    """Joined, `basic editors` looked like an Authorization header and was masked, and many names were cut."""
    user = await place.user("member")
    names = ["basic", "editors", *(f"role-{number:02d}-{'x' * 40}" for number in range(18))]
    roles = await made(place, *names)
    async with place.operator() as ctx:
        await assign(ctx, place, user, roles)
    found = await recorded(place, Event.ROLE_ASSIGNED, f"user:{format_id(USER, user.id)}")
    assert max((each["roles"] for each in found), key=len) == ["member", *names]


async def test_deleting_a_role_reads_as_often_for_many_as_for_few(
    receiver: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, services = receiver.place, receiver.place.server.services
    stream = await receiver.stream(events_requested=[TOKEN_CLAIMS_CHANGE])
    sent: list[Sequence[Statement]] = []
    exchange, here = Connection.exchange, asyncio.current_task()

    async def counted(self: Connection, statements: Sequence[Statement]) -> list[Any]:
        if deleting and asyncio.current_task() is here:  # and not one of the server's own jobs
            sent.append(statements)
        return await exchange(self, statements)

    async def deleted(name: str, people: int) -> tuple[int, int]:
        """Round trips, and those that read who has what."""
        nonlocal deleting
        kept, gone = await made(place, f"{name}-kept", f"{name}-gone")
        async with place.operator() as ctx:
            for _ in range(people):
                user = f"user:{format_id(USER, uuid7(ctx.now, services.entropy))}"
                for role in (kept, gone):
                    await services.roles.assign_to(ctx, role, user)
        await told(receiver, stream)
        sent.clear()
        async with place.operator() as ctx:
            deleting = True
            await services.role_admin.delete(ctx, gone.role_id)
            deleting = False
        assert await told(receiver, stream) == [[kept.name]] * people
        reads = [sql for flush in sent for sql, _ in flush if any(table in sql for table in READS)]
        return len(sent), len([sql for sql in reads if "delete" not in sql])

    deleting = False
    monkeypatch.setattr(Connection, "exchange", counted)
    (few, few_read), (many, many_read) = await deleted("few", 2), await deleted("many", 42)
    print(f"\ndeleting a role of 2 and of 42 people: {few} and {many} round trips, {few_read} and {many_read} reads")
    assert many_read == few_read
    assert many - few < 3 * 40, "which streams hear of a record, and of whom, is asked for with each"
