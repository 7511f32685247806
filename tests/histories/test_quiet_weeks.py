"""Weeks in which nobody does anything wrong, made up from a seed: they raise nothing.

A company of a hundred and twenty: an office behind one address, homes, people who travel by aeroplane, who mistype, who
give up, who get a new telephone; programs with keys that are rotated and move; administrators who give roles, export a
list and read the log.
"""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

import pytest

from airside.audit import Event
from airside.identity.countries import CIRCLES, EARTH_RADIUS, apart
from airside.identity.signals import is_impossible
from tests.histories.alerting import BEGIN, MINUTE, History

SEED = 20260302
PEOPLE = 120
WEEKS = 10
OFFICE = "office"
CRUISE = 900.0
"""Kilometres an hour of an airliner; and an hour at each end in which nobody signs in."""
PLACES = ("DE", "FR", "GB", "US", "JP", "AU", "BR", "IN", "ZA", "NZ")
FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"


class Company:
    """Makes its days."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.history = History()
        self._where = ["DE"] * PEOPLE
        self._seen: list[list[tuple[datetime, str]]] = [[] for _ in range(PEOPLE)]
        self._awake: list[datetime] = [BEGIN] * PEOPLE
        self._keys = [f"key:key_{number}" for number in range(12)]
        self._made = len(self._keys)
        self.signins = self.journeys = self.typos = 0

    def day(self, day: int) -> None:
        """Everything of one day, judged minute by minute."""
        begin = BEGIN + timedelta(days=day)
        events = sorted(self._events(begin, working=day % 7 < 5))
        for minute in sorted({minute for minute, _, _ in events}):
            for at, what, number in events:
                if at == minute:
                    self._do(what, number, begin + at * MINUTE)
            self.history.judges(begin + minute * MINUTE)

    def _events(self, begin: datetime, *, working: bool) -> Iterator[tuple[int, str, int]]:
        random = self._random
        for person in range(PEOPLE):
            if working or random.random() < 0.2:
                for _ in range(random.choice((1, 1, 2, 3))):
                    yield int(random.triangular(6 * 60, 22 * 60, 9 * 60)), "signin", person
            if random.random() < 0.02:
                yield random.randrange(1440), "flight", person
            if random.random() < 0.004:
                yield random.randrange(540, 1080), "telephone", person
        for key in range(len(self._keys)):
            yield from ((random.randrange(1440), "key", key) for _ in range(24))
        for minute in range(0, 1440, 5):
            yield minute, "application", 0
        if working:
            yield random.randrange(540, 1080), "role", random.randrange(PEOPLE)
            yield random.randrange(540, 1080), "forbidden", random.randrange(PEOPLE)
        if begin.weekday() == 0:
            yield 600, "export", 0
            yield 540, "rotation", random.randrange(len(self._keys))

    def _do(self, what: str, number: int, at: datetime) -> None:
        getattr(self, f"_{what}")(number, at)

    def _signin(self, person: int, at: datetime) -> None:
        if at < self._awake[person]:
            return  # in the air
        random, account = self._random, f"account-{person}"
        abroad = self._where[person] != "DE"
        origin = f"hotel-{self._where[person]}" if abroad else OFFICE if random.random() < 0.7 else f"home-{person}"
        if random.random() < 0.06:
            self.typos += 1
            self.history.counts(at, "signin_failed", origin, random.choice((1, 1, 2, 3)), members=[account])
            if random.random() < 0.1:
                return  # gives up
        self.history.counts(at, "signin_passed", origin, members=[account])
        country = self._where[person]
        told = {"country": country, "impossible_travel": is_impossible(self._seen[person], at, country)}
        self.history.happens(at, Event.SIGNIN_SUCCEEDED, subject=f"usr_{person}", details=told)
        self._seen[person] = [*self._seen[person][-5:], (at, country)]
        self.signins += 1

    def _flight(self, person: int, at: datetime) -> None:
        if at < self._awake[person]:
            return
        here = self._where[person]
        there = self._random.choice([place for place in PLACES if place != here]) if here == "DE" else "DE"
        # As far as such a flight may be: from one end of a country to the far end of another is further still.
        longest = min(apart(here, there) + CIRCLES[here][2] + CIRCLES[there][2], 3.1416 * EARTH_RADIUS)
        kilometres = self._random.uniform(apart(here, there), longest)
        self._awake[person] = at + timedelta(hours=kilometres / CRUISE + 2)
        self._where[person] = there
        self.journeys += 1

    def _telephone(self, person: int, at: datetime) -> None:
        subject = f"usr_{person}"
        self.history.happens(at, Event.TOTP_ADDED, subject=subject)
        self.history.happens(at, Event.TOTP_REMOVED, subject=subject, details={"last": False})
        self.history.happens(at, Event.RECOVERY_CODES_RENEWED, subject=subject)

    def _key(self, key: int, at: datetime) -> None:
        self.history.counts(at, "key_used", self._keys[key], members=[f"cloud-{key}-{self._random.randrange(3)}"])

    def _rotation(self, key: int, at: datetime) -> None:
        """Another in its place, which may run elsewhere."""
        self._keys[key] = f"key:key_{self._made}"
        self._made += 1
        self.history.happens(at, Event.API_KEY_ROTATED, subject=self._keys[key])
        self.history.happens(at, Event.SIGNING_KEY_CREATED, subject="tenant")

    def _application(self, _number: int, at: datetime) -> None:
        asked = self._random.randrange(2000, 6000)
        self.history.counts(at, "denied", "client:cli_app", int(asked * self._random.uniform(0.3, 0.7)), asked=asked)

    def _role(self, person: int, at: datetime) -> None:
        self.history.happens(at, Event.ROLE_ASSIGNED, subject=f"user:usr_{person}", details={"role": "rol_support"})
        self.history.happens(at, Event.MEMBER_GRANTED, subject=f"user:usr_{person}", details={"relation": "member"})

    def _forbidden(self, person: int, at: datetime) -> None:
        self.history.counts(at, "refused", f"user:usr_{person}", self._random.randrange(1, 8))

    def _export(self, _number: int, at: datetime) -> None:
        details = {"users": PEOPLE}
        self.history.happens(at, Event.USERS_EXPORTED, actor="user:usr_admin", details=details)


@pytest.mark.parametrize("weeks", [WEEKS if FULL else 3])
def test_quiet_weeks_raise_nothing(weeks: int):
    company = Company(Random(SEED))
    for day in range(7 * weeks):
        company.day(day)
    counted = f"{company.signins} sign-ins, {company.typos} mistyped, {company.journeys} flights"
    print(f"\nseed {SEED}: {weeks} quiet weeks, {counted}, {len(company.history.told)} alerts")
    assert company.history.told == []
    assert company.signins > weeks * PEOPLE * 5
    assert company.journeys > weeks * 5
