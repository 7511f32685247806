"""What the internal listener tells: true numbers of a real server, in words that Prometheus takes."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from uuid import UUID

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from airside.admin.platform import OPERATOR
from airside.audit import Event
from airside.core.clock import Clock, FixedClock
from airside.core.entropy import Entropy
from airside.oauth import ClientDraft
from airside.store import Engine
from airside.store.migrate import migrate, role_of
from airside.tenancy import Draft
from airside.vault.kms.local import LocalKek
from airside.wiring.build import Services, build
from airside.wiring.metrics import PREFIX
from airside.wiring.metrics_names import HELP
from airside.wiring.settings import Refused, Settings, load
from airside.wiring.survey import Survey
from tests.makers import Database, MakeDatabase
from tests.promtool import promtool
from tests.running import PASSWORD, Running, running
from tests.trips.visitor import visitor


@pytest.fixture(scope="module")
async def watched(
    blank_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
) -> AsyncIterator[Running]:
    """A server of its own on a database of its own: nobody else is counted."""
    async with blank_database() as scratch:
        await migrate(scratch.owner, role_of(scratch.app))
        folder = tmp_path_factory.mktemp("metrics")
        async with running(scratch.app, folder, kek=kek, clock=clock, entropy=entropy, metrics=True) as started:
            yield started


async def scraped(server: Running, accept: str = "text/plain") -> str:
    async with httpx2.AsyncClient() as http:
        answer = await http.get(server.metrics, headers={"accept": accept})
    assert answer.status_code == 200
    return answer.text


async def value(server: Running, name: str, **labels: str) -> float:
    """The sum of the samples called `name` that carry `labels`."""
    families = text_string_to_metric_families(await scraped(server))
    samples = [sample for family in families for sample in family.samples if sample.name == PREFIX + name]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


async def surveyed(server: Running) -> None:
    """A whole round, now."""
    assert server.watching is not None
    survey = server.watching.survey
    assert survey is not None
    survey.last = await survey.round([address.tenant_id for address in await server.services.lookup.all()])


async def test_prometheus_takes_every_line(watched: Running) -> None:
    await surveyed(watched)
    promtool("check", "metrics", given=(await scraped(watched)).encode())


async def test_every_metric_that_has_a_name_is_shown(watched: Running) -> None:
    await watched.tenant()
    await surveyed(watched)
    shown = {family.name for family in text_string_to_metric_families(await scraped(watched))}
    missing = {PREFIX + name for name in HELP} - shown - {PREFIX + "backup_age_seconds"}
    assert missing == set(), "without a target there is no backup; everything else is there from the start"


async def test_a_reader_of_openmetrics_gets_it(watched: Running) -> None:
    assert (await scraped(watched, "application/openmetrics-text; version=1.0.0")).endswith("# EOF\n")


async def test_requests_are_told_by_template_and_never_by_path(watched: Running) -> None:
    place = await watched.tenant()
    before = await value(watched, "http_request_duration_seconds_count", route="/t/{slug}/signin", status="303")
    async with watched.client() as http:
        for path in ("/signin?secret=canary", "/oauth2/jwks", "/oauth2/jwks", "/no-such-page", "/api/v1/users/canary"):
            await http.get(f"/t/{place.slug}{path}")
        await http.request("PATCH", "/healthz")
    text = await scraped(watched)
    assert await value(watched, "http_request_duration_seconds_count", route="/t/{slug}/signin") > before
    keys = {"route": "/t/{slug}/oauth2/jwks", "method": "GET", "status": "200"}
    assert await value(watched, "http_request_duration_seconds_count", **keys) == 2
    assert await value(watched, "http_request_duration_seconds_count", route="/t/{slug}/api/v1/users/{user_id}") == 1
    assert await value(watched, "http_request_duration_seconds_count", route="-", method="PATCH", status="403") == 1
    assert place.slug not in text
    assert "canary" not in text


async def test_sign_ins_are_counted_by_how_they_ended(watched: Running) -> None:
    place = await watched.tenant()
    user = await place.user()
    for password, outcome in (("not this one, surely", "refused"), (PASSWORD, "succeeded")):
        before = await value(watched, "signins_total", outcome=outcome)
        async with visitor(place) as browser:
            await browser.sign_in(await browser.get(f"{place.issuer}/signin"), user, password)
        assert await value(watched, "signins_total", outcome=outcome) == before + 1
    assert user.email not in await scraped(watched)


async def test_an_unknown_grant_makes_no_series_of_its_own(watched: Running) -> None:
    place = await watched.tenant()
    client, secret = await place.client(
        ClientDraft("Backend", False, frozenset({"client_credentials"}), audiences=("https://api.example",))
    )
    assert secret is not None
    auth = (client.word, secret.reveal())
    async with watched.client() as http:
        for grant in ("client_credentials", "canary-grant"):
            body = {"grant_type": grant}
            await http.post(f"/t/{place.slug}/oauth2/token", data=body, auth=auth)
    assert await value(watched, "token_requests_total", grant="client_credentials", answer="issued") == 1
    assert await value(watched, "token_requests_total", grant="unknown", answer="unsupported_grant_type") == 1
    assert "canary" not in await scraped(watched)


@pytest.fixture
async def idle(database: Database, kek: LocalKek, clock: Clock, entropy: Entropy) -> AsyncIterator[Services]:
    """Services without timers: what waits goes on waiting."""
    services = build(Settings(mode="development"), dsn=database.app, kek=kek, clock=clock, entropy=entropy)
    await services.start()
    yield services
    await services.stop()


async def tenants(services: Services, count: int) -> list[UUID]:
    made: list[UUID] = []
    async with services.engine.begin(await services.platform.bootstrap(), principal=OPERATOR) as ctx:
        for _ in range(count):
            slug = "t-" + services.entropy.bytes(8).hex()
            made.append((await services.platform.create_tenant(ctx, Draft(slug, "Acme"))).tenant_id)
    return made


async def test_what_waits_is_summed_over_all_tenants(idle: Services) -> None:
    both = await tenants(idle, 2)
    for tenant_id in both:
        async with idle.engine.begin(tenant_id) as ctx:
            await idle.outbox.put(ctx, "invitation", subject=None)
    found = await Survey(idle).round(both)
    assert (found.tenants, found.unseen, found.outbox) == (2, 0, 2)
    moments = (found.outbox_since, found.unplaced_since, found.signing_key_since, found.data_key_since)
    assert found.at is not None
    assert all(moment is not None and moment <= found.at for moment in moments)
    assert found.unsigned_since is None, "no record has a place yet"


async def test_records_with_a_place_wait_for_a_head_and_then_for_nothing(idle: Services) -> None:
    (tenant_id,) = await tenants(idle, 1)
    survey = Survey(idle)
    async with idle.engine.begin(tenant_id) as ctx:
        await idle.sequencer.sequence(ctx)
    async with idle.engine.begin(tenant_id) as ctx:
        await idle.journal.record(ctx, Event.POLICY_CHANGED)
    async with idle.engine.begin(tenant_id) as ctx:  # within a second of the last head: none is due
        await idle.sequencer.sequence(ctx)
    unsigned = await survey.round([tenant_id])
    assert (unsigned.unplaced_since, unsigned.unsigned_since is not None) == (None, True)
    async with idle.engine.begin(tenant_id, now=idle.clock.now() + timedelta(seconds=2)) as ctx:
        await idle.sequencer.sequence(ctx)
    signed = await survey.round([tenant_id])
    assert (signed.unplaced_since, signed.unsigned_since) == (None, None)


async def test_a_tenant_that_cannot_be_looked_at_is_said_so(idle: Services) -> None:
    made = await tenants(idle, 1)
    await idle.engine.close()
    found = await Survey(idle).round(made)
    assert (found.tenants, found.unseen) == (1, 1)


async def test_the_clock_of_this_machine_is_compared_with_the_databases(
    database: Database, clock: Clock, entropy: Entropy
) -> None:
    ahead = FixedClock(clock.now() + timedelta(minutes=5))
    async with Engine(database.app, clock=ahead, entropy=entropy) as engine:
        assert 295 < await engine.clock_offset() <= 300
    async with Engine(database.app, clock=clock, entropy=entropy) as engine:
        assert abs(await engine.clock_offset()) < 1


async def test_the_internal_listener_has_nothing_else_and_the_public_ones_have_no_metrics(watched: Running) -> None:
    async with (
        httpx2.AsyncClient(base_url=watched.metrics.removesuffix("/metrics")) as inside,
        watched.client() as http,
    ):
        for path in ("/", "/healthz", "/openapi.json", "/metrics/"):
            assert (await inside.get(path)).status_code == 404
        assert (await inside.post("/metrics")).status_code == 405
        assert (await http.get("/metrics")).status_code == 404


@pytest.mark.parametrize(
    ("environ", "refused"),
    [
        ({"HOST": "127.0.0.1"}, None),
        ({"HOST": "::1"}, None),
        ({"HOST": "10.1.2.3"}, None),
        ({"HOST": "0.0.0.0"}, "AIRSIDE_METRICS_HOST"),
        ({"HOST": "::"}, "AIRSIDE_METRICS_HOST"),
        ({"HOST": "8.8.8.8"}, "AIRSIDE_METRICS_HOST"),
        ({"HOST": "8.8.8.8", "PUBLIC": "yes"}, None),
        ({"HOST": "0.0.0.0", "PUBLIC": "yes"}, None),
    ],
    ids=["loopback", "loopback-6", "private", "all", "all-6", "public", "public-said", "all-said"],
)
def test_metrics_are_open_to_others_only_where_that_is_said(environ: Mapping[str, str], refused: str | None) -> None:
    told = {f"AIRSIDE_METRICS_{name}": text for name, text in {"PORT": "9464", **environ}.items()}
    try:
        load(told, mode="development", public_url="https://localhost:8443")
    except Refused as refusal:
        assert [problem.setting for problem in refusal.problems] == [refused]
    else:
        assert refused is None


def test_metrics_need_a_port_of_their_own() -> None:
    for told in ({"PORT": "8443"}, {"HOST": "10.0.0.1"}, {"PUBLIC": "yes"}):
        environ = {f"AIRSIDE_METRICS_{name}": text for name, text in told.items()}
        with pytest.raises(Refused):
            load(environ, mode="development", public_url="https://localhost:8443")
