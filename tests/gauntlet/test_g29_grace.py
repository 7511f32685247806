"""G29, of one person: whose erasure waits is whole, out of use, and back exactly as they were when it is cancelled; who
is due is gone, and nobody else. Drawn days of requests, cancels, enabling and disabling, each said by several at once,
beside a model of what must come of it."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random, SystemRandom
from typing import Final, Literal

import pytest

from airside.admin import OPERATOR
from airside.core.errors import Refusal, Unavailable
from airside.identity import User, UserState
from airside.store import RequestContext
from tests.running import Place

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
PEOPLE = 60 if FULL else 6
DAYS = 60 if FULL else 8
AT_ONCE: Final = 3
RACERS: Final = 4
MAX_DAYS: Final = 3
"""Of a grace."""
DAY: Final = timedelta(days=1)
LONG: Final = timedelta(days=200)

Verb = Literal["request", "cancel", "enable", "disable"]
VERBS: Final[tuple[Verb, ...]] = ("request", "enable", "cancel", "disable")
WAITERS: Final = """
select count(*) as count from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock' and query like '%airside.user_account%'
"""


@dataclass(frozen=True)
class Count:
    count: int


@dataclass
class Person:
    """Somebody, and what must be true of them."""

    user: User
    state: UserState = "active"
    due: datetime | None = None
    closed: bool = False

    @property
    def seen(self) -> tuple[str | None, str | None]:
        """Their account's state, and their erasure's."""
        if self.closed:
            return "disabled", "closed"
        return ("disabled", "waiting") if self.due is not None else (self.state, None)

    def winners(self, verb: Verb, now: datetime) -> int:
        """How many of `AT_ONCE` who say it succeed."""
        if verb == "disable":
            return AT_ONCE
        if verb == "enable":
            return AT_ONCE if self.due is None else 0
        return int(self.due is None if verb == "request" else self.due is not None and now < self.due)

    def follow(self, verb: Verb, now: datetime, grace: timedelta) -> None:
        """It was said at least once."""
        if verb == "request" and self.due is None:
            self.due = now + grace
        elif verb == "cancel" and self.due is not None and now < self.due:
            self.due = None
        elif verb == "disable":
            self.state = "disabled"
        elif verb == "enable" and self.due is None:
            self.state = "active"


@dataclass(frozen=True)
class World:
    """A tenant of the running server, on a day that the test chooses."""

    place: Place

    def at(self, now: datetime) -> AbstractAsyncContextManager[RequestContext]:
        return self.place.server.services.engine.begin(self.place.tenant_id, principal=OPERATOR, now=now)

    async def said(self, verb: Verb, person: Person, now: datetime, grace: timedelta) -> bool:
        """Whether it was done. Who got no connection in time says it again."""
        services, user_id = self.place.server.services, person.user.id
        verbs: dict[Verb, Callable[[RequestContext], Awaitable[object]]] = {
            "request": lambda ctx: services.closing.request(ctx, user_id, grace),
            "cancel": lambda ctx: services.closing.cancel(ctx, user_id),
            "enable": lambda ctx: services.user_admin.set_state(ctx, user_id, "active"),
            "disable": lambda ctx: services.user_admin.set_state(ctx, user_id, "disabled"),
        }
        while True:
            try:
                async with self.at(now) as ctx:
                    await verbs[verb](ctx)
            except Unavailable:
                continue
            except Refusal:
                return False
            return True

    async def sweep(self, now: datetime) -> int:
        """How many two processes close."""

        async def one() -> int:
            async with self.at(now) as ctx:
                return await self.place.server.services.closing.close_due(ctx)

        return sum(await asyncio.gather(one(), one()))

    async def seen(self, person: Person) -> tuple[str | None, str | None]:
        """As `Person.seen`, by the database."""
        services = self.place.server.services
        async with self.place.operator() as ctx:
            found = await services.closing.find(ctx, person.user.id)
            return await services.users.state(ctx, person.user.id), None if found is None else found.state

    async def whole(self, person: Person) -> bool:
        """Whether all that they prove themselves with and may is there."""
        services, user_id = self.place.server.services, person.user.id
        async with self.place.operator() as ctx:
            held = await services.factors.of(ctx, user_id)
            roles = await services.members.roles(ctx, user_id)
        return (held.password, held.recovery_codes, roles) == (True, 10, ["member"])


async def settle(world: World) -> list[Person]:
    """People with a password, codes and a role; every other one disabled."""
    services, people = world.place.server.services, list[Person]()
    for number in range(PEOPLE):
        person = Person(await world.place.user("member"))
        async with world.place.operator() as ctx:
            await services.recovery_codes.renew(ctx, person.user.id)
        if number % 2:
            await world.said("disable", person, services.clock.now(), DAY)
            person.state = "disabled"
        people.append(person)
    return people


@pytest.mark.gauntlet
async def test_who_waits_is_whole_until_they_are_due_and_back_as_they_were(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """N18"""
    seed = int(os.environ.get("G29_SEED", SystemRandom().getrandbits(32)))
    dice, world = Random(seed), World(place)
    people, said, faults = await settle(world), 0, list[str]()
    now = place.server.services.clock.now()
    counts = dict.fromkeys(VERBS, 0)
    for day in range(DAYS):
        now += DAY
        for number, person in enumerate(each for each in people if not each.closed):
            # Each verb has its turn with whoever it concerns, whatever is drawn.
            drawn = day >= len(VERBS)
            verb = dice.choice(VERBS) if drawn else VERBS[(day + number // 2) % len(VERBS)]
            grace = (dice.randint(1, MAX_DAYS) if drawn else MAX_DAYS) * DAY
            wanted = person.winners(verb, now)
            done = sum(await asyncio.gather(*(world.said(verb, person, now, grace) for _ in range(AT_ONCE))))
            person.follow(verb, now, grace)
            said, counts[verb] = said + AT_ONCE, counts[verb] + done
            if done != wanted:
                faults.append(f"day {day}: {verb}: {done} done, not {wanted}")
        due = [each for each in people if not each.closed and each.due is not None and each.due <= now]
        if (closed := await world.sweep(now)) != len(due):
            faults.append(f"day {day}: {closed} closed, not {len(due)}")
        for person in due:
            person.closed = True
        for person in people:
            if (seen := await world.seen(person)) != person.seen:
                faults.append(f"day {day}: {seen}, not {person.seen}")
            if await world.whole(person) is person.closed:
                faults.append(f"day {day}: whole is {not person.closed}, not {person.closed}")
    left = sum(not person.closed for person in people)
    with capsys.disabled():
        print(
            f"\nG29: {PEOPLE} people, {DAYS} days, {said} words, of them done {counts}; {PEOPLE - left} closed when"
            f" due, {left} left: {len(faults)} otherwise than they must (seed {seed})"
        )
    assert faults == []


@pytest.mark.gauntlet
async def test_nobody_is_enabled_by_who_looked_before_the_erasure_was_asked_for(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """N18: the request is held open until everybody who enables them waits for it."""
    services, world = place.server.services, World(place)
    person, enabled = Person(await place.user("member")), 0

    async def enable() -> bool:
        try:
            async with place.operator() as ctx:  # past every lock but the account's own
                await services.users.set_state(ctx, person.user.id, "active")
        except Refusal:
            return False
        return True

    async with place.operator() as ctx:
        await services.closing.request(ctx, person.user.id, LONG)
        racers = [asyncio.create_task(enable()) for _ in range(RACERS)]
        async with asyncio.timeout(30):
            while True:
                async with place.operator() as other:
                    waiting = await other.tx.one(Count, WAITERS, ())
                if waiting is not None and waiting.count >= RACERS:
                    break
                await asyncio.sleep(0.02)
    enabled = sum(await asyncio.gather(*racers))
    seen = await world.seen(person)
    with capsys.disabled():
        print(f"\nG29: {RACERS} enabled whose erasure was being asked for: {enabled} did; {seen}")
    assert (enabled, seen) == (0, ("disabled", "waiting"))
