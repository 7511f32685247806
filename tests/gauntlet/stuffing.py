"""A day of guessing at a tenant's accounts, and its people who sign in meanwhile: the real verbs, the clock moved.

Minutes of the simulated time pass one by one. Whatever falls into one minute is done at the same moment, several at
once, in the order that the dice say.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from airside.core.errors import LimitExceeded, Unauthenticated
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.store import RequestContext
from tests.identity.kit import PASSWORD, Kit

AT_ONCE = 8
"""So many requests are under way at one moment: with more, the queue for hashing turns some away, in real time."""
MAIL = 2
"""Minutes until a mailed link has been followed."""
PATIENCE = 2
"""Minutes that a person waits before they ask for a link."""
BURST = 15
"""Guesses that a stuffing origin makes in one minute."""
SIEGE = 8 * 60
"""Minutes after which those under siege come."""
ACTIVE = 30
"""Minutes after which it moves on."""


@dataclass(frozen=True)
class Size:
    """How much of it. `targets` of the accounts are guessed at all the time, the others in passing."""

    guesses: int
    accounts: int
    origins: int
    signins: int
    minutes: int

    @property
    def targets(self) -> int:
        return max(2, self.accounts // 25)


@dataclass
class Person:
    """Who owns an account: with a device that they are known by, at an address that some share with an attacker."""

    number: int
    email: str
    user_id: UUID
    device: UUID
    origin: Origin

    def spelling(self, minute: int) -> str:
        """Their address as somebody may write it."""
        return (self.email, self.email.upper(), f" {self.email}", self.email.title())[minute % 4]


@dataclass(frozen=True)
class Attack:
    """A guess to come. `washes`: after a right password at the attacker's own account, to wash the origin clean."""

    person: Person
    origin: Origin
    device: UUID | None
    washes: bool


@dataclass(frozen=True)
class Guess:
    """A wrong guess that was compared with a password; `device` where it was counted on a known device's budget."""

    minute: int
    account: int
    origin: str
    device: UUID | None


@dataclass
class Visit:
    """A person who wants to sign in from `began` on."""

    person: Person
    began: int
    known: bool
    mistypes: bool
    device: UUID | None = None
    done: int | None = None
    refused: bool = False
    by_mail: bool = False


@dataclass
class Log:
    """What happened."""

    evaluated: list[Guess] = field(default_factory=list[Guess])
    refused: int = 0
    visits: list[Visit] = field(default_factory=list[Visit])


def most_in(minutes: Iterable[int], window: int) -> int:
    """The most of `minutes` that lie in any `window`."""
    ordered, start, most = sorted(minutes), 0, 0
    for end, minute in enumerate(ordered):
        while minute - ordered[start] >= window:
            start += 1
        most = max(most, end - start + 1)
    return most


class Day:
    """Plans the day by the dice, and lives it."""

    def __init__(self, kit: Kit, size: Size, dice: Random, start: datetime) -> None:
        self._kit = kit
        self._size = size
        self._dice = dice
        self._start = start
        self._room = asyncio.Semaphore(AT_ONCE)
        self._plan: dict[int, list[Visit | Attack]] = defaultdict(list)
        self._people: list[Person] = []
        self._attackers = [f"198.18.{number // 250}.{number % 250 + 1}" for number in range(size.origins)]
        self.log = Log()

    async def prepare(self) -> None:
        """The accounts, each with one whole sign-in, and what everybody is going to do."""
        for number in range(self._size.accounts):
            self._people.append(await self._person(number))
        self._mallory = await self._person(self._size.accounts)
        self._plan_attack()
        for person in self._people:
            besieged = person.number < self._size.targets
            for turn in range(self._size.signins):
                # Whose account is under siege comes twice with a new device, when its budget is long gone.
                began = self._dice.randrange(SIEGE if besieged else 1, self._size.minutes)
                known = self._dice.random() < 0.75 and not (besieged and turn < 2)
                visit = Visit(person, began, known, self._dice.random() < 0.1)
                self.log.visits.append(visit)
                self._plan[began].append(visit)

    async def live(self) -> None:
        """Minute by minute, with a quarter of an hour more for who is still at the door."""
        for minute in range(1, self._size.minutes + 60):
            if due := self._plan.pop(minute, None):
                self._dice.shuffle(due)
                await asyncio.gather(*(self._act(minute, one) for one in due))

    async def _person(self, number: int) -> Person:
        kit = self._kit
        user = await kit.user(f"person{number}@example.com")
        # Every fourth works behind an address that guesses come from too.
        shared = self._dice.choice(self._attackers) if number % 4 == 0 else f"203.0.113.{number % 250}"
        async with kit.open_ctx(kit.tenant_id, now=self._start, origin=Origin(f"192.0.2.{number % 250}")) as ctx:
            device, _ = await kit.devices.mint(ctx)
            proof = await kit.passwords.prove(ctx, user.email, Secret(PASSWORD))
            await kit.sessions.start(ctx, [proof], device)
            assert await kit.devices.remember(ctx, user.id, device)
        return Person(number, user.email, user.id, device, Origin(shared))

    def _plan_attack(self) -> None:
        size, dice = self._size, self._dice
        stuffing = self._attackers[: size.origins * 2 // 5]
        steady = self._attackers[len(stuffing) :]
        for _ in range(size.guesses * 2 // 5):
            self._plan[dice.randrange(1, size.minutes)].append(self._guess(size.targets, dice.choice(steady)))
        for origin, count in zip(stuffing, _shares(size.guesses * 3 // 5, len(stuffing)), strict=True):
            begins = dice.randrange(1, max(2, size.minutes - ACTIVE))
            for burst in range(0, count, BURST):
                minute = begins + dice.randrange(ACTIVE)
                for _ in range(min(BURST, count - burst)):
                    self._plan[minute].append(self._guess(size.accounts, origin))

    def _guess(self, accounts: int, origin: str) -> Attack:
        """At one of the first `accounts`, without a device, with one that is known to the attacker's own account, or
        with the first account's stolen one."""
        person, roll = self._people[self._dice.randrange(accounts)], self._dice.random()
        device = self._mallory.device if roll < 0.3 else None
        if person.number == 0 and roll > 0.7:
            device = person.device
        return Attack(person, Origin(origin), device, self._dice.random() < 0.05)

    async def _act(self, minute: int, one: Visit | Attack) -> None:
        async with self._room:
            if isinstance(one, Visit):
                await self._visit(minute, one)
            else:
                await self._attack(minute, one)

    async def _attack(self, minute: int, attack: Attack) -> None:
        if attack.washes:
            await self._prove(minute, self._mallory, PASSWORD, attack.origin, None)
        await self._prove(minute, attack.person, "not the password", attack.origin, attack.device)

    async def _visit(self, minute: int, visit: Visit) -> None:
        person, kit = visit.person, self._kit
        if visit.device is None:
            visit.device = person.device if visit.known else await self._new_device(minute)
        if visit.by_mail and minute - visit.began >= MAIL and visit.refused:
            async with self._ctx(minute, person.origin) as ctx:
                await kit.devices.admit(ctx, person.user_id, visit.device)
        password = "a slip of the finger" if visit.mistypes else PASSWORD
        answer = await self._prove(minute, person, password, person.origin, visit.device, visit.known or visit.by_mail)
        if answer == "proven":
            visit.done = minute
        elif answer == "wrong":
            visit.mistypes = False
            self._plan[minute + 1].append(visit)
        else:
            visit.refused = True
            wait = max(1, -int(-float(answer) // 60))
            visit.by_mail = visit.by_mail or wait > PATIENCE
            self._plan[minute + (MAIL if visit.by_mail else wait)].append(visit)

    async def _prove(
        self, minute: int, person: Person, password: str, origin: Origin, device: UUID | None, own: bool = False
    ) -> str:
        """`proven`, `wrong`, or how many seconds to wait."""
        kit = self._kit
        try:
            async with self._ctx(minute, origin) as ctx:
                proof = await kit.passwords.prove(ctx, person.spelling(minute), Secret(password), device)
                await kit.sessions.start(ctx, [proof], device)
        except Unauthenticated:
            counted = device if own or device == person.device else None
            self.log.evaluated.append(Guess(minute, person.number, origin.address, counted))
            return "wrong"
        except LimitExceeded as refusal:
            self.log.refused += 1
            return str(refusal.retry_after)
        return "proven"

    async def _new_device(self, minute: int) -> UUID:
        async with self._ctx(minute, Origin("-")) as ctx:
            return (await self._kit.devices.mint(ctx))[0]

    def _ctx(self, minute: int, origin: Origin) -> AbstractAsyncContextManager[RequestContext]:
        return self._kit.open_ctx(self._kit.tenant_id, now=self._start + timedelta(minutes=minute), origin=origin)


def _shares(total: int, count: int) -> Iterator[int]:
    """`total` in `count` equal parts, the rest among the first."""
    for number in range(count):
        yield total // count + (number < total % count)
