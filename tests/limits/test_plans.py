"""Plans: named by the operator, known at every node, and no quota of theirs is overrun."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from airside.admin import OPERATOR
from airside.apikeys import KeyDraft
from airside.core.clock import Clock
from airside.core.errors import Inconsistent, InvalidInput, NotFound, QuotaExceeded
from airside.federation import ConnectionDraft, OidcSettings
from airside.limits import ALLOWANCES, Plan, Plans
from airside.notify.webhooks import EndpointDraft
from airside.oauth import ClientDraft
from airside.permissions import TupleKey
from airside.store import Listener, RequestContext
from tests.apikeys.kit import account_with
from tests.federation.scim.directory import directory, person
from tests.makers import Database
from tests.running import Place, Running
from tests.surface import administrator_token, platform_token

ROOM = 3
QUOTAS = [each for each in ALLOWANCES.values() if each.kind == "quota"]
MODEL = "model\n  schema 1.1\ntype user\ntype doc\n  relations\n    define viewer: [user]\n"
AT_ONCE = 50
SECOND = 1.0


async def on_plan(place: Place, **amounts: int) -> str:
    """The name of a plan that the tenant is on from here on."""
    services = place.server.services
    name = "p-" + services.entropy.bytes(8).hex()
    async with services.engine.begin(await services.platform.bootstrap(), principal=OPERATOR) as ctx:
        await services.plan_admin.define(ctx, Plan(name, amounts))
        await ctx.tx.checkpoint()
        await services.plan_admin.assign(ctx, place.slug, name)
    return name


def adding(place: Place) -> dict[str, Callable[[RequestContext], Awaitable[object]]]:
    """What adds one of each."""
    services = place.server.services
    settings = OidcSettings(issuer="https://idp.example.com", client_id="x")

    async def user(ctx: RequestContext) -> object:
        return await services.users.create(ctx, f"{services.entropy.bytes(8).hex()}@example.com", "")

    async def key(ctx: RequestContext) -> object:
        (account,) = await services.service_accounts.list(ctx)
        draft = KeyDraft("x", account.owner, timedelta(days=1), scopes=frozenset({"users:read"}))
        return await services.api_keys.create(ctx, draft)

    async def client(ctx: RequestContext) -> object:
        return await services.clients.create(
            ctx, ClientDraft("x", False, frozenset({"client_credentials"}), audiences=(place.issuer,))
        )

    async def connection(ctx: RequestContext) -> object:
        return await services.connections.create(ctx, ConnectionDraft("x", settings))

    async def store(ctx: RequestContext) -> object:
        return await services.permissions.stores.create(ctx, "another")

    async def tuples(ctx: RequestContext) -> object:
        (own,) = await services.permissions.stores.list(ctx, limit=2)
        if not own.model_id:
            await services.permissions.models.write(ctx, own.id, MODEL)
        word = f"doc:{services.entropy.bytes(8).hex()}"
        return await services.permissions.tuples.write(ctx, own.id, writes=[TupleKey("user:anne", "viewer", word)])

    async def webhook(ctx: RequestContext) -> object:
        return await services.webhooks.create(ctx, EndpointDraft("https://hooks.example.com/a", ["*"]))

    makers = (user, key, client, connection, store, tuples, webhook)
    return dict(zip((each.name for each in QUOTAS), makers, strict=True))


@pytest.mark.parametrize("name", [each.name for each in QUOTAS])
async def test_of_fifty_who_add_at_once_as_many_get_in_as_there_is_room_for(place: Place, name: str) -> None:
    await account_with(place, "users:read")
    add = adding(place)[name]
    there = 1 if name == "stores" else 0  # every tenant has its own from the beginning
    await on_plan(place, **{name: ROOM + there})
    gate = asyncio.Semaphore(10)  # as many as there are connections for

    async def try_once() -> bool:
        async with gate:
            try:
                async with place.operator() as ctx:
                    await add(ctx)
            except QuotaExceeded as refusal:
                assert (refusal.quota, refusal.most) == (name, ROOM + there)
                return False
        return True

    assert sum(await asyncio.gather(*(try_once() for _ in range(AT_ONCE)))) == ROOM


async def test_refusal_names_the_quota(place: Place) -> None:
    await on_plan(place, users=0)
    token = await administrator_token(place)
    async with place.server.client() as http:
        headers = {"authorization": f"Bearer {token}"}
        answer = await http.post(f"{place.issuer}/api/v1/users", json={"email": "a@example.com"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "quota_exceeded")
    assert answer.json()["detail"].startswith("users: ")


async def test_directory_is_told_of_the_plan_and_not_of_a_name_in_use(place: Place) -> None:
    await on_plan(place, users=0)
    async with directory(place) as entra:
        answer = await entra.ask("POST", "/Users", person("ada"))
    assert answer.status_code == 403
    assert "plan" in answer.json()["detail"]


async def test_what_there_is_stays_and_a_larger_plan_makes_room(place: Place) -> None:
    services = place.server.services
    add = adding(place)["users"]
    for _ in range(2):
        async with place.operator() as ctx:
            await add(ctx)
    name = await on_plan(place, users=1)
    with pytest.raises(QuotaExceeded):
        async with place.operator() as ctx:
            await add(ctx)
    async with place.operator() as ctx:
        assert len(await services.users.list(ctx)) == 2
    async with services.engine.begin(await services.platform.bootstrap(), principal=OPERATOR) as ctx:
        await services.plan_admin.define(ctx, Plan(name, {"users": 3}))
    async with place.operator() as ctx:
        await add(ctx)
    async with services.engine.begin(await services.platform.bootstrap(), principal=OPERATOR) as ctx:
        await services.plan_admin.release(ctx, place.slug)
    for _ in range(2):
        async with place.operator() as ctx:
            await add(ctx)


async def test_other_tenants_know_no_bounds(place: Place, server: Running) -> None:
    """N20."""
    await on_plan(place, users=0)
    other = await server.tenant()
    async with other.operator() as ctx:
        await adding(other)["users"](ctx)


async def test_every_node_hears_of_a_change(place: Place, database: Database, clock: Clock) -> None:
    """Another process keeps what it has read, and asks again when it hears of something else."""
    listener = Listener(database.app, clock=clock)
    elsewhere = Plans(listener=listener, clock=clock)
    await listener.start()
    try:
        async with place.operator() as ctx:
            assert await elsewhere.current(ctx) is None
        name = await on_plan(place, users=1)
        until = clock.monotonic() + 10 * SECOND
        found = None
        while found is None and clock.monotonic() < until:
            await asyncio.sleep(0.02)
            async with place.operator() as ctx:
                found = await elsewhere.current(ctx)
        assert found == Plan(name, {"users": 1})
    finally:
        await listener.stop()


async def test_plan_that_is_gone_is_not_taken_for_no_bound(place: Place, database: Database, clock: Clock) -> None:
    plans = Plans(listener=Listener(database.app, clock=clock), clock=clock)  # has read nothing yet
    async with place.operator() as ctx:
        sql = "insert into airside.tenant_plan (tenant_id, plan, assigned_at, assigned_by) values (%s, 'gone', %s, 'x')"
        await ctx.tx.run(sql, (place.tenant_id, ctx.now))
    with pytest.raises(Inconsistent):
        async with place.operator() as ctx:
            await plans.current(ctx)


@pytest.mark.parametrize(
    ("name", "amounts"),
    [("", {}), ("Gold", {}), ("a" * 51, {}), ("gold-", {}), ("gold", {"gnomes": 1}), ("gold", {"users": -1})],
    ids=["nothing", "capital", "long", "hyphen", "unknown", "negative"],
)
def test_what_is_no_plan_is_refused(name: str, amounts: dict[str, int]) -> None:
    with pytest.raises(InvalidInput):
        Plan(name, amounts)


async def test_operators_name_and_assign_plans_over_http(place: Place, server: Running) -> None:
    headers = {"authorization": f"Bearer {await platform_token(server)}"}
    name = "p-" + server.services.entropy.bytes(8).hex()
    at = f"/platform/v1/tenants/{place.slug}/plan"
    async with server.client() as http:
        assert (await http.get(at, headers=headers)).json() == {"plan": None}
        told = await http.put(f"/platform/v1/plans/{name}", json={"allowances": {"users": 5}}, headers=headers)
        assert (told.status_code, told.json()) == (200, {"name": name, "allowances": {"users": 5}})
        assert told.json() in (await http.get("/platform/v1/plans", headers=headers)).json()["plans"]
        assert (await http.put(at, json={"plan": name}, headers=headers)).status_code == 200
        assert (await http.get(at, headers=headers)).json()["plan"]["allowances"] == {"users": 5}
        assert (await http.put(at, json={"plan": "nowhere"}, headers=headers)).status_code == 404
        assert (await http.delete(at, headers=headers)).status_code == 204
        assert (await http.get(at, headers=headers)).json() == {"plan": None}
        refused = await http.put("/platform/v1/tenants/platform/plan", json={"plan": name}, headers=headers)
        assert refused.status_code == 422


async def test_tenants_own_administrators_do_not_assign_plans(place: Place, server: Running) -> None:
    """N21."""
    services = server.services
    with pytest.raises(NotFound):
        async with place.operator() as ctx:
            await services.plan_admin.assign(ctx, place.slug, "gold")
