"""How often each tenant may ask: at its plan's pace, which is known without a wait."""

import asyncio
from uuid import UUID

import pytest

from airside.core.clock import Clock
from airside.core.errors import InvalidInput, LimitExceeded
from airside.core.gcra import Rate
from airside.limits import Plan, Plans, Rates, paced
from airside.store import Engine, Listener
from tests.limits.test_plans import on_plan
from tests.makers import Database
from tests.running import Place

SECOND = 1.0


@pytest.fixture
def plans(database: Database, clock: Clock) -> Plans:
    """Plans of a node that has read none yet, and hears of nothing."""
    return Plans(listener=Listener(database.app, clock=clock), clock=clock)


async def let_in(rates: Rates, tenant_id: UUID, tries: int) -> int:
    """Of so many at once."""
    count = 0
    for _ in range(tries):
        try:
            rates.spend(tenant_id)
        except LimitExceeded:
            continue
        count += 1
    return count


async def known(place: Place) -> None:
    """Return once the tenant's server knows its plan."""
    plans = place.server.services.plans
    while not plans.last(place.tenant_id)[1]:  # what is read while news comes in isn't kept
        async with place.operator() as ctx:
            await plans.current(ctx)


async def read(plans: Plans, tenant_id: UUID, clock: Clock) -> None:
    """Return once the plan that holds now has been read beside the requests."""
    until = clock.monotonic() + 10 * SECOND
    while not plans.last(tenant_id)[1]:
        assert clock.monotonic() < until
        await asyncio.sleep(0.01)


async def test_nothing_bounds_a_tenant_that_nothing_is_said_of(
    place: Place, plans: Plans, engine: Engine, clock: Clock
) -> None:
    rates = Rates(engine=engine, plans=plans, clock=clock)
    for _ in range(2):
        assert rates.spend(place.tenant_id) is None
        await read(plans, place.tenant_id, clock)


async def test_plan_that_is_read_beside_the_requests_sets_the_pace(
    place: Place, plans: Plans, engine: Engine, clock: Clock
) -> None:
    await on_plan(place, rate=1, burst=5)
    rates = Rates(engine=engine, plans=plans, clock=clock)
    assert rates.spend(place.tenant_id) is None  # nobody waited for it
    await read(plans, place.tenant_id, clock)
    assert await let_in(rates, place.tenant_id, 20) == 5
    with pytest.raises(LimitExceeded) as refused:
        rates.spend(place.tenant_id)
    assert 0 < refused.value.retry_after <= SECOND
    assert refused.value.rate == Rate(5, 5.0)
    assert rates.refusals.counts == {("tenant",): 16}


async def test_rate_of_the_server_holds_until_the_plan_is_read_and_where_it_says_nothing(
    place: Place, plans: Plans, engine: Engine, clock: Clock
) -> None:
    await on_plan(place, users=100)
    rates = Rates(engine=engine, plans=plans, clock=clock, default=paced(3))
    assert await let_in(rates, place.tenant_id, 20) == 3
    await read(plans, place.tenant_id, clock)
    assert await let_in(rates, place.tenant_id, 20) == 0


async def test_each_tenant_is_counted_apart(place: Place, plans: Plans, engine: Engine, clock: Clock) -> None:
    """N20."""
    rates = Rates(engine=engine, plans=plans, clock=clock, default=paced(3))
    other = await place.server.tenant()
    assert await let_in(rates, place.tenant_id, 20) == 3
    assert await let_in(rates, other.tenant_id, 20) == 3


async def test_plan_that_was_known_holds_while_it_is_read_anew(place: Place) -> None:
    services = place.server.services
    await on_plan(place, rate=1, burst=5)
    await known(place)
    await on_plan(place, rate=1, burst=7)
    plan, holds = services.plans.last(place.tenant_id)
    assert plan is not None
    assert plan.pace in ((Rate(7, 7.0),) if holds else (Rate(5, 5.0), Rate(7, 7.0)))


@pytest.mark.parametrize(
    ("amounts", "pace"),
    [
        ({}, None),
        ({"users": 3}, None),
        ({"rate": 50}, Rate(50, 1.0)),
        ({"rate": 50, "burst": 10}, Rate(10, 0.2)),
        ({"rate": 10, "burst": 50}, Rate(50, 5.0)),
    ],
    ids=["nothing", "quotas", "a second's worth", "less at once", "more at once"],
)
def test_pace_of_a_plan(amounts: dict[str, int], pace: Rate | None) -> None:
    assert Plan("gold", amounts).pace == pace


@pytest.mark.parametrize("amounts", [{"rate": 0}, {"burst": 5}, {"rate": 5, "burst": 0}], ids=["none", "alone", "shut"])
def test_what_is_no_pace_is_refused(amounts: dict[str, int]) -> None:
    with pytest.raises(InvalidInput):
        Plan("gold", amounts)
