"""Erasure that waits: whole and out of use while it can be cancelled, gone when it is due."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

import psycopg
import pytest
from msgspec.structs import replace

from airside.admin import OPERATOR
from airside.audit import Event
from airside.core.errors import Conflict, InvalidInput, NotFound, Refusal, Unavailable
from airside.core.ids import USER, format_id
from airside.custody import read_person_certificate
from airside.identity import MAX_GRACE, PersonErasure, User, UserState
from airside.identity.erasure import LETTER
from airside.identity.records_erasure import DELETE_LINKS, DELETE_SESSIONS, HANGING
from airside.store import RequestContext
from airside.tenancy.policy import ErasurePolicy
from tests.admin.kit import generator_of, make_role
from tests.running import Place
from tests.trips.manager import manage, person_tokens

ENDED = (DELETE_SESSIONS, DELETE_LINKS)
"""What a cancel doesn't bring back."""
GRACE = timedelta(days=30)
LATER = GRACE + timedelta(minutes=1)


@dataclass(frozen=True)
class Row:
    said: str


def at(place: Place, later: timedelta) -> AbstractAsyncContextManager[RequestContext]:
    """So much later, in which everything is allowed."""
    services = place.server.services
    return services.engine.begin(place.tenant_id, principal=OPERATOR, now=services.clock.now() + later)


async def ask(place: Place, user: User, grace: timedelta | None = None) -> PersonErasure:
    async with place.operator() as ctx:
        return await place.server.services.closing.request(ctx, user.id, grace)


async def cancel(place: Place, user: User) -> None:
    async with place.operator() as ctx:
        await place.server.services.closing.cancel(ctx, user.id)


async def found(place: Place, user: User) -> PersonErasure | None:
    async with place.operator() as ctx:
        return await place.server.services.closing.find(ctx, user.id)


async def state(place: Place, user: User) -> UserState | None:
    async with place.operator() as ctx:
        return await place.server.services.users.state(ctx, user.id)


async def set_state(place: Place, user: User, wanted: UserState) -> None:
    async with place.operator() as ctx:
        await place.server.services.user_admin.set_state(ctx, user.id, wanted)


async def close_due(place: Place, later: timedelta) -> int:
    async with at(place, later) as ctx:
        return await place.server.services.closing.close_due(ctx)


async def erase(place: Place, user: User) -> None:
    """Their last mail is out, whoever sends it, and the timer has turned."""
    outbox = place.server.services.outbox
    async with asyncio.timeout(20):
        while True:
            async with at(place, LATER) as ctx:
                for item in await outbox.take(ctx, limit=50, lease=timedelta(minutes=1)):
                    await outbox.done(ctx, item)
                if not await outbox.waits(ctx, LETTER, user.id):
                    await place.server.services.closing.sweep(ctx)
                    return
            await asyncio.sleep(0.05)


async def told(place: Place, user: User, subject: str) -> str:
    """What the letter says that has come to them."""
    mailbox = place.server.services.mailbox
    assert mailbox is not None
    async with asyncio.timeout(20):
        while True:
            for letter in mailbox.letters():
                if letter.to == user.email and subject in letter.subject:
                    return letter.text.reveal()
            await asyncio.sleep(0.05)


async def everything(place: Place, user: User) -> dict[str, list[str]]:
    """Every row that hangs on them, their account and key, and their roles."""
    kept: dict[str, list[str]] = {}
    tables = [sql.split("airside.")[1].split(" ")[0] for sql in HANGING if sql not in ENDED]
    async with place.operator() as ctx:
        for table in (*tables, "user_account", "person_key"):
            reading = (
                f"select t::text as said from airside.{table} t where tenant_id = %s and user_id = %s"  # our names
            )
            rows = await ctx.tx.all(Row, reading, (place.tenant_id, user.id))
            kept[table] = sorted(row.said for row in rows)
        kept["roles"] = await place.server.services.members.roles(ctx, user.id)
    return kept


async def events(place: Place, user: User) -> list[str]:
    """What the log says of their erasure, in order."""
    subject = format_id(USER, user.id)
    told = (Event.USER_ERASURE_REQUESTED, Event.USER_ERASURE_CANCELLED, Event.USER_CLOSED, Event.USER_ERASED)
    async with place.operator() as ctx:
        said = await place.server.services.activity.of(ctx, subject, told)
    return [each.event.value for each in reversed(said)]


async def equipped(place: Place) -> User:
    """A member with a role, a password, an app and codes."""
    services, user = place.server.services, await place.user("member")
    role = await make_role(place, f"support-{user.id.hex[-12:]}", "users:read")
    await generator_of(place, user)
    async with place.operator() as ctx:
        await services.role_admin.assign(ctx, user.id, role.role_id)
        await services.recovery_codes.renew(ctx, user.id)
    return user


async def all_at_once(*verbs: Callable[[], Awaitable[object]]) -> list[str]:
    """What became of each. Who got no connection in time says it again."""

    async def one(verb: Callable[[], Awaitable[object]]) -> str:
        while True:
            try:
                await verb()
            except Unavailable:
                continue
            except Refusal as refusal:
                return refusal.code
            return "done"

    return sorted(await asyncio.gather(*(one(verb) for verb in verbs)))


async def test_account_that_waits_is_out_of_use_and_says_until_when(place: Place) -> None:
    """N18, N19."""
    services, user = place.server.services, await place.user("administrator", "member")
    await place.user("administrator")
    _, tokens = await person_tokens(place, user, "users:read")
    assert (await manage(place, tokens["access_token"], "GET", "/users")).status_code == 200
    asked = await ask(place, user)
    assert (asked.state, asked.due_at - asked.requested_at, asked.certificate) == ("waiting", GRACE, None)
    assert await found(place, user) == asked
    assert await state(place, user) == "disabled"
    await asyncio.sleep(1)  # what is revoked is heard of within a second
    assert (await manage(place, tokens["access_token"], "GET", "/users")).status_code == 401
    async with place.operator() as ctx:
        assert await services.sessions.list(ctx, user.id) == []
        assert await services.member_admin.roles(ctx, user.id) == ["administrator", "member"]
    assert f"{asked.due_at:%Y-%m-%d %H:%M} UTC" in await told(place, user, "will be deleted")
    assert await close_due(place, GRACE - timedelta(minutes=1)) == 0
    assert await found(place, user) == asked


@pytest.mark.parametrize("former", ["active", "disabled"])
async def test_cancel_brings_back_exactly_what_was(place: Place, former: UserState) -> None:
    user = await equipped(place)
    await set_state(place, user, former)
    before = await everything(place, user)
    assert len(before["recovery_code"]) == 10
    await ask(place, user)
    await cancel(place, user)
    assert await everything(place, user) == before
    assert await state(place, user) == former
    assert await found(place, user) is None
    assert await close_due(place, MAX_GRACE) == 0
    if former == "active":
        assert "cancelled" in await told(place, user, "your account stays")
    assert (await ask(place, user)).state == "waiting"


async def test_what_is_due_is_closed_erased_and_certified(place: Place) -> None:
    user, bystander = await equipped(place), await equipped(place)
    asked, before = await ask(place, user), await everything(place, bystander)
    await ask(place, bystander, GRACE + timedelta(days=1))
    assert await close_due(place, LATER) == 1
    closed = await found(place, user)
    assert closed is not None
    assert (closed.state, closed.requested_at, closed.due_at) == ("closed", asked.requested_at, asked.due_at)
    left = await everything(place, user)
    assert {name for name, rows in left.items() if rows} == {"user_account", "person_key"}
    await erase(place, user)
    done = await found(place, user)
    assert done is not None
    assert done.certificate is not None
    said = read_person_certificate(done.certificate).certificate
    assert (said.user_id, said.key_id) == (user.id, user.id)
    assert said.requested_at == asked.requested_at.replace(microsecond=0)
    assert not any((await everything(place, user)).values())
    assert await events(place, user) == ["user:erasure:requested", "user:user:closed", "user:user:erased"]
    await cancel(place, bystander)
    assert await everything(place, bystander) == before


async def test_nobody_cancels_what_is_due(place: Place) -> None:
    services, user = place.server.services, await place.user("member")
    await ask(place, user)
    async with at(place, GRACE + timedelta(seconds=1)) as ctx:
        with pytest.raises(Conflict):
            await services.closing.cancel(ctx, user.id)
        assert (await services.users.get(ctx, user.id)).state == "disabled"
    assert await close_due(place, GRACE + timedelta(seconds=1)) == 1
    with pytest.raises(Conflict):
        await cancel(place, user)
    await erase(place, user)
    with pytest.raises(Conflict):
        await cancel(place, user)


async def test_nothing_but_a_cancel_brings_back_who_waits(place: Place) -> None:
    """N18."""
    user = await place.user("member")
    await ask(place, user)
    with pytest.raises(Conflict):
        await set_state(place, user, "active")
    assert await state(place, user) == "disabled"


async def test_whoever_is_disabled_meanwhile_stays_so_when_it_is_cancelled(place: Place) -> None:
    """N18."""
    user = await place.user("member")
    await ask(place, user)
    await set_state(place, user, "disabled")
    await cancel(place, user)
    assert await state(place, user) == "disabled"
    await set_state(place, user, "active")
    assert await state(place, user) == "active"


async def test_whoever_isn_t_to_be_erased_has_nothing_to_cancel(place: Place) -> None:
    """N20: nor has another tenant's user."""
    here, elsewhere = await place.user("member"), await (await place.server.tenant()).user("member")
    for user in (here, elsewhere):
        with pytest.raises(NotFound):
            await cancel(place, user)
    with pytest.raises(NotFound):
        await ask(place, elsewhere)


async def test_grace_is_the_policy_s_unless_somebody_says_another(place: Place) -> None:
    services = place.server.services
    async with place.operator() as ctx:
        stored = await services.policies.stored(ctx)
        wanted = replace(stored.policy, erasure=ErasurePolicy(grace_days=7))
        await services.policies.change(ctx, stored.version, wanted)
    a, b, c = [await place.user("member") for _ in range(3)]
    asked = await ask(place, a)
    assert asked.due_at - asked.requested_at == timedelta(days=7)
    asked = await ask(place, b, timedelta(days=365))
    assert asked.due_at - asked.requested_at == MAX_GRACE
    asked = await ask(place, c, timedelta(0))
    assert (asked.state, asked.due_at) == ("closed", asked.requested_at)
    for grace in (timedelta(days=-1), MAX_GRACE + timedelta(days=1)):
        with pytest.raises(InvalidInput):
            await ask(place, await place.user("member"), grace)


async def test_grace_of_nothing_closes_at_once(place: Place) -> None:
    services, user = place.server.services, await place.user("member")
    async with place.operator() as ctx:
        wanted = replace((await services.policies.current(ctx)), erasure=ErasurePolicy(grace_days=0))
        await services.policies.change(ctx, 0, wanted)
    assert (await ask(place, user)).state == "closed"
    with pytest.raises(Conflict):
        await cancel(place, user)


async def test_last_administrator_can_t_be_asked_away_and_holds_up_nobody(place: Place) -> None:
    chief, other = [await place.user("administrator") for _ in range(2)]
    member = await place.user("member")
    await ask(place, chief)
    with pytest.raises(Conflict):
        await ask(place, other)
    await ask(place, member)
    await set_state(place, other, "disabled")
    assert await close_due(place, LATER) == 1
    stays, gone = await found(place, chief), await found(place, member)
    assert stays is not None
    assert gone is not None
    assert (stays.state, gone.state) == ("waiting", "closed")
    await place.user("administrator")
    assert await close_due(place, LATER) == 1


async def test_two_administrators_who_leave_at_once_do_not_both(place: Place) -> None:
    pair = [await place.user("administrator") for _ in range(2)]
    assert await all_at_once(*(partial(ask, place, user) for user in pair)) == ["conflict", "done"]


async def test_of_fifty_requests_at_once_one_wins_and_of_fifty_cancels_too(place: Place) -> None:
    user = await place.user("member")
    assert await all_at_once(*[partial(ask, place, user)] * 50) == ["conflict"] * 49 + ["done"]
    assert await all_at_once(*[partial(cancel, place, user)] * 50) == ["done"] + ["not_found"] * 49
    assert await state(place, user) == "active"
    assert await events(place, user) == ["user:erasure:requested", "user:erasure:cancelled"]


async def test_processes_that_close_at_once_close_once(place: Place) -> None:
    users = [await place.user("member") for _ in range(3)]
    for user in users:
        await ask(place, user)
    assert sum(await asyncio.gather(*(close_due(place, LATER) for _ in range(8)))) == 3
    for user in users:
        assert await events(place, user) == ["user:erasure:requested", "user:user:closed"]


async def test_sweep_that_is_cut_off_leaves_all_to_the_next(place: Place, superuser_dsn: str) -> None:
    """Its connection ends before it commits, as when its process is killed."""
    user = await equipped(place)
    await ask(place, user)
    before = await everything(place, user)
    with pytest.raises(Unavailable):
        async with at(place, LATER) as ctx:
            assert await place.server.services.closing.close_due(ctx) == 1
            own = await ctx.tx.one(Row, "select pg_backend_pid()::text as said", ())
            assert own is not None
            async with await psycopg.AsyncConnection.connect(superuser_dsn, autocommit=True) as killer:
                await killer.execute("select pg_terminate_backend(%s)", (int(own.said),))
    assert await everything(place, user) == before
    assert await close_due(place, LATER) == 1


async def test_account_that_is_enabled_while_its_erasure_is_asked_for_waits_all_the_same(place: Place) -> None:
    """N18: whoever enables waits for the account's row, and looks again."""
    services, user = place.server.services, await place.user("member")
    async with place.operator() as ctx:
        await services.closing.request(ctx, user.id)
        enabling = asyncio.create_task(_enable(place, user.id))
        await _waited_for(place)
    with pytest.raises(Conflict):
        await enabling
    assert await state(place, user) == "disabled"


async def _enable(place: Place, user_id: UUID) -> None:
    """Past every lock but the row's own: as the room of identity does it."""
    async with place.operator() as ctx:
        await place.server.services.users.set_state(ctx, user_id, "active")


async def _waited_for(place: Place) -> None:
    waiting = "select query as said from pg_stat_activity where wait_event_type = 'Lock' and query like %s"
    async with asyncio.timeout(20):
        while True:
            async with place.operator() as ctx:
                if await ctx.tx.all(Row, waiting, ("%airside.user_account%",)):
                    return
            await asyncio.sleep(0.02)
