"""G15 for the ways in before there is a session: neither a recovery nor a sign-up tells by its time whether the address
is somebody's. What they say and write is in `tests/signin/`."""

import os
import random
import statistics
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter

import pytest

from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.store import RequestContext
from airside.tenancy import TenantPolicy
from tests.gauntlet.test_g15_enumeration import FULL, LIMIT, P_VALUE, SEED, kolmogorov_smirnov
from tests.running import Place, Running

SAMPLES = int(os.environ.get("G15_SAMPLES", "20000" if FULL else "600"))
"""Of each kind."""
PER_ADDRESS = 3
"""Requests that one address may have in an hour."""
WARM = 20
PASSWORD = "seven wooden lanterns at dusk"

Request = Callable[[RequestContext, str], Awaitable[None]]


@dataclass
class Flow:
    """One flow at one tenant, asked from an origin of its own each time, as strangers do: the limits stay in force."""

    place: Place
    request: Request
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

    async def time(self, email: str) -> float:
        """Seconds that one request takes, with its commit."""
        self.asked += 1
        origin = Origin(f"10.{self.asked >> 16}.{self.asked >> 8 & 255}.{self.asked & 255}", "test")
        started = perf_counter()
        async with self.place.server.services.engine.begin(self.place.tenant_id, origin=origin) as ctx:
            await self.request(ctx, email)
        return perf_counter() - started


async def _measure(flow: Flow, dice: random.Random) -> tuple[list[float], list[float]]:
    await flow.people(SAMPLES // PER_ADDRESS + WARM)
    for email in flow.emails[:WARM]:
        await flow.time(email)
        await flow.time("other" + email[5:])
    known = [email for email in flow.emails[WARM:] for _ in range(PER_ADDRESS)][:SAMPLES]
    unknown = ["other" + email[5:] for email in known]  # of the same length, and asked about as often
    times: dict[bool, list[float]] = {True: [], False: []}
    for pair in zip(known, unknown, strict=True):
        # Side by side, now the one first and now the other, so that a busy minute falls on both.
        for is_known in dice.sample((True, False), 2):
            times[is_known].append(await flow.time(pair[not is_known]))
    return times[True], times[False]


async def _assert_alike(name: str, flow: Flow) -> None:
    dice = random.Random(SEED)
    difference, p = 0.0, 1.0
    for attempt in (1, 2):  # one repeat is allowed
        known, unknown = await _measure(flow, dice)
        difference = abs(statistics.median(known) - statistics.median(unknown))
        p = kolmogorov_smirnov(known, unknown)
        print(f"\nG15 {name}: n = {len(known)} of each, seed {SEED}, attempt {attempt}:", end=" ")
        print(f"medians {statistics.median(known) * 1e3:.2f} and {statistics.median(unknown) * 1e3:.2f} ms,", end=" ")
        print(f"difference {difference * 1e3:.3f} ms, KS p = {p:.4f}")
        if difference < LIMIT and p > P_VALUE:
            return
    pytest.fail(f"told apart: difference {difference * 1e3:.3f} ms, KS p = {p:.5f}")


@pytest.mark.gauntlet
async def test_recovery_of_known_and_unknown_takes_the_same_time(server: Running) -> None:
    await _assert_alike("recovery", Flow(await server.tenant(), server.services.recovery.request))


@pytest.mark.gauntlet
async def test_sign_up_with_known_and_unknown_takes_the_same_time(server: Running) -> None:
    place = await server.tenant()
    async with place.operator() as ctx:
        await server.services.policies.change(ctx, 0, TenantPolicy(signup="open"))

    async def request(ctx: RequestContext, email: str) -> None:
        await server.services.registration.request(ctx, email, "Somebody", Secret(PASSWORD))

    await _assert_alike("sign-up", Flow(place, request))
