"""G15 for the ways in before there is a session: neither a recovery nor a sign-up tells by its time whether the address
is somebody's. What they say and write is in `tests/signin/`.

A sign-up hashes for twenty milliseconds and more, whose scatter on a busy machine hides everything else. So its hashing
is measured by itself: it is done as often for both, with the same password; and what remains of a request is compared
as strictly as a whole one. At full size the whole is bound as well: there are enough samples then for its median.
"""

import os
import statistics
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from time import perf_counter
from typing import TypeVar
from uuid import UUID

import pytest

from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.identity import HashPool
from airside.signin import Registration
from airside.store import RequestContext
from airside.tenancy import TenantPolicy
from airside.wiring.build import Services
from tests.gauntlet.test_g15_enumeration import FULL, LIMIT, P_VALUE, SEED, kolmogorov_smirnov
from tests.identity.kit import make_passwords
from tests.running import Place, Running
from tests.trips.test_enforced_domain import enforce

SAMPLES = int(os.environ.get("G15_SAMPLES", "20000" if FULL else "600"))
"""Of each kind."""
PER_ADDRESS = 3
"""Requests that one address may have in an hour."""
WARM = 20
PASSWORD = "seven wooden lanterns at dusk"

Result = TypeVar("Result")
Request = Callable[[RequestContext, str], Awaitable[None]]


class Stopwatch(HashPool):
    """A pool that knows how long and how often it was waited for."""

    seconds = 0.0
    jobs = 0

    async def work(self, tenant_id: UUID, work: Callable[[], Result]) -> Result:
        started = perf_counter()
        try:
            return await super().work(tenant_id, work)
        finally:
            self.seconds += perf_counter() - started
            self.jobs += 1


@dataclass(frozen=True)
class Taken:
    """What one request took: seconds, with its commit; those of them that it hashed; and in how many jobs."""

    seconds: float
    hashing: float
    jobs: int

    @property
    def rest(self) -> float:
        return self.seconds - self.hashing


@dataclass
class Flow:
    """One flow at one tenant, asked from an origin of its own each time, as strangers do: the limits stay in force."""

    place: Place
    request: Request
    hashes: Stopwatch
    emails: list[str] = field(default_factory=list[str])
    asked: int = 0

    async def people(self, count: int) -> None:
        """So many users, none of whom has been asked about."""
        self.emails = []
        async with self.place.operator() as ctx:
            for number in range(count):
                email = f"known-{self.asked:07d}-{number:06d}@example.com"
                await self.place.server.services.users.create(ctx, email, "Somebody")
                self.emails.append(email)

    async def time(self, email: str) -> Taken:
        """One request."""
        self.asked += 1
        origin = Origin(f"10.{self.asked >> 16}.{self.asked >> 8 & 255}.{self.asked & 255}", "test")
        hashing, jobs, started = self.hashes.seconds, self.hashes.jobs, perf_counter()
        async with self.place.server.services.engine.begin(self.place.tenant_id, origin=origin) as ctx:
            await self.request(ctx, email)
        return Taken(perf_counter() - started, self.hashes.seconds - hashing, self.hashes.jobs - jobs)


async def _measure(flow: Flow, dice: Random) -> tuple[list[Taken], list[Taken]]:
    await flow.people(SAMPLES // PER_ADDRESS + WARM)
    for email in flow.emails[:WARM]:
        await flow.time(email)
        await flow.time("other" + email[5:])
    known = [email for email in flow.emails[WARM:] for _ in range(PER_ADDRESS)][:SAMPLES]
    unknown = ["other" + email[5:] for email in known]  # of the same length, and asked about as often
    order = [(True, email) for email in known] + [(False, email) for email in unknown]
    dice.shuffle(order)  # nobody knows what came before, whose mail may be on its way out meanwhile
    times: dict[bool, list[Taken]] = {True: [], False: []}
    for is_known, email in order:
        times[is_known].append(await flow.time(email))
    return times[True], times[False]


async def _assert_alike(name: str, flow: Flow) -> None:
    dice = Random(SEED)
    difference, p, whole = 0.0, 1.0, 1.0
    for attempt in (1, 2):  # one repeat is allowed
        known, unknown = await _measure(flow, dice)
        assert len({taken.jobs for taken in (*known, *unknown)}) == 1, "one of them is hashed less for"
        rests = [[taken.rest for taken in each] for each in (known, unknown)]
        medians = [statistics.median(each) for each in rests]
        difference, p = abs(medians[0] - medians[1]), kolmogorov_smirnov(*rests)
        wholes = [[taken.seconds for taken in each] for each in (known, unknown)]
        apart = abs(statistics.median(wholes[0]) - statistics.median(wholes[1]))
        whole = kolmogorov_smirnov(*wholes)
        print(f"\nG15 {name}: n = {len(known)} of each, seed {SEED}, attempt {attempt}:", end=" ")
        print(
            f"medians {medians[0] * 1e3:.2f} and {medians[1] * 1e3:.2f} ms and {known[0].jobs} hashing jobs,", end=" "
        )
        print(f"difference {difference * 1e3:.3f} ms, KS p = {p:.4f};", end=" ")
        print(f"with hashing {apart * 1e3:.3f} ms, KS p = {whole:.4f}")
        if difference < LIMIT and min(p, whole) > P_VALUE and (apart < LIMIT or not FULL):
            return
    pytest.fail(f"told apart: difference {difference * 1e3:.3f} ms, KS p = {p:.5f}, with hashing {whole:.5f}")


@pytest.mark.gauntlet
@pytest.mark.alone
async def test_recovery_of_known_and_unknown_takes_the_same_time(server: Running) -> None:
    services, place = server.services, await server.tenant()
    hashes = Stopwatch(clock=services.clock, entropy=services.entropy)
    await _assert_alike("recovery", Flow(place, services.recovery.request, hashes))
    hashes.close()


@pytest.mark.gauntlet
@pytest.mark.alone
async def test_sign_up_with_known_and_unknown_takes_the_same_time(server: Running) -> None:
    services, place = server.services, await server.tenant()
    async with place.operator() as ctx:
        await services.policies.change(ctx, 0, TenantPolicy(signup="open"))
    hashes = Stopwatch(clock=services.clock, entropy=services.entropy)
    registration = _registration(services, hashes)

    async def request(ctx: RequestContext, email: str) -> None:
        await registration.request(ctx, email, "Somebody", Secret(PASSWORD))

    await _assert_alike("sign-up", Flow(place, request, hashes))
    hashes.close()


@pytest.mark.gauntlet
@pytest.mark.alone
async def test_where_an_address_signs_in_takes_the_same_time_whoever_has_it(server: Running) -> None:
    """N15: the page that asks for the address first goes by its domain, and looks nobody up."""
    services, place = server.services, await server.tenant()
    await enforce(place, "example.com")
    hashes = Stopwatch(clock=services.clock, entropy=services.entropy)
    led: set[UUID | None] = set()

    async def request(ctx: RequestContext, email: str) -> None:
        led.add(await services.discovery.discover(ctx, email))

    await _assert_alike("discovery", Flow(place, request, hashes))
    assert len(led) == 1
    assert None not in led
    hashes.close()


def _registration(services: Services, hashes: HashPool) -> Registration:
    """The server's own, but for the pool that hashes."""
    return Registration(
        vault=services.vault,
        limiter=services.limiter,
        hashes=hashes,
        journal=services.journal,
        links=services.links,
        users=services.users,
        passwords=make_passwords(services.vault, services.entropy, hashes, policies=services.policies),
        members=services.members,
        outbox=services.outbox,
        policies=services.policies,
        enforcement=services.enforcement,
    )
