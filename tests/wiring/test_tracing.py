"""Traces as a collector gets them: a real OTLP receiver on a loopback socket, read by OpenTelemetry's own messages."""

from collections.abc import AsyncIterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Refusal
from airside.fetch import Fetcher
from airside.vault.kms.local import LocalKek
from airside.wiring.tracing import MAX_WAITING, Tracing
from tests.collector import Collector, collecting
from tests.makers import Database
from tests.running import PASSWORD, Running, free_port, running
from tests.trips.visitor import visitor

FOREIGN = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{FOREIGN}-b7ad6b7169203331-01"


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as made:
        yield made


def told(span: Span) -> dict[str, str | int]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


async def flushed(server: Running) -> None:
    tracing = server.services.tracing
    assert tracing is not None
    await tracing.flush()


async def test_a_request_is_a_span_and_its_transactions_are_within(
    database: Database,
    tmp_path_factory: pytest.TempPathFactory,
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
    collector: Collector,
) -> None:
    folder = tmp_path_factory.mktemp("traces")
    async with running(database.app, folder, kek=kek, clock=clock, entropy=entropy, traces_url=collector.url) as server:
        place = await server.tenant()
        user = await place.user()
        async with server.client() as http:
            path = f"/t/{place.slug}/recover?token=canary-in-the-query"
            answer = await http.get(path, headers={"traceparent": PARENT, "user-agent": "canary-agent"})
        async with visitor(place) as browser:
            await browser.sign_in(await browser.get(f"{place.issuer}/signin"), user, PASSWORD)
        await flushed(server)
        spans, raw = collector.spans, b"".join(collector.raw)
    (request,) = [each for each in spans if told(each).get("airside.request_id") == answer.headers["x-request-id"]]
    assert request.name == "GET /t/{slug}/recover"
    assert told(request)["http.response.status_code"] == answer.status_code
    assert (request.parent_span_id, request.trace_id.hex() == FOREIGN) == (b"", False), "a stranger chose the trace"
    within = {
        each.name for each in spans if each.trace_id == request.trace_id and each.parent_span_id == request.span_id
    }
    assert "transaction" in within
    assert {"kms seal", "transaction"} <= {each.name for each in spans}, "a new tenant has a new key"
    for secret in ("canary", user.email, place.slug, PASSWORD):
        assert secret.encode() not in raw, secret


async def test_only_a_named_network_says_of_which_trace_a_request_is(
    database: Database,
    tmp_path_factory: pytest.TempPathFactory,
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
    collector: Collector,
) -> None:
    folder, near = tmp_path_factory.mktemp("traces"), ("127.0.0.2/32",)
    async with running(
        database.app, folder, kek=kek, clock=clock, entropy=entropy, traces_url=collector.url, traces_parents=near
    ) as server:
        for source in ("127.0.0.1", "127.0.0.2"):
            async with server.client(source=source) as http:
                await http.get("/healthz", headers={"traceparent": PARENT})
        async with server.client(source="127.0.0.2") as http:
            await http.get("/healthz", headers=[("traceparent", PARENT), ("traceparent", PARENT)])
            await http.get("/healthz", headers={"traceparent": "00-nonsense"})
        await flushed(server)
    health = [each.trace_id.hex() for each in collector.spans if each.name == "GET /healthz"]
    assert (len(health), health.count(FOREIGN)) == (4, 1)


async def test_a_fetch_is_told_by_its_host_alone(collector: Collector) -> None:
    tracing = Tracing(collector.url, percent=100, parents=())
    place = collector.url.removeprefix("http://").partition("/")[0]
    async with Fetcher(allow=frozenset({place}), spans=tracing) as fetcher:
        await fetcher.get(f"http://{place}/canary?code=canary")
    async with Fetcher(spans=tracing) as fetcher:
        with pytest.raises(Refusal):
            await fetcher.get("https://localhost:1/canary")
    await tracing.aclose()
    names = [(each.name, told(each).get("server.address")) for each in collector.spans]
    assert ("fetch", "127.0.0.1") in names
    assert b"canary" not in b"".join(collector.raw)


async def test_what_cannot_be_sent_is_dropped_and_holds_nobody_up(collector: Collector) -> None:
    for url, status in ((collector.url, 503), (f"http://127.0.0.1:{free_port()}/v1/traces", 200)):
        collector.status = status
        tracing = Tracing(url, percent=100, parents=())
        for _ in range(3):
            tracing.begin("one").end()
        await tracing.aclose()
        assert tracing.dropped == 3


async def test_more_than_can_wait_is_dropped(collector: Collector) -> None:
    tracing = Tracing(collector.url, percent=100, parents=())
    for _ in range(MAX_WAITING + 5):
        tracing.begin("one").end()
    await tracing.aclose()
    assert (len(collector.spans), tracing.dropped) == (MAX_WAITING, 5)


async def test_of_no_request_in_a_hundred_nothing_is_kept(collector: Collector) -> None:
    tracing = Tracing(collector.url, percent=0, parents=())
    tracing.begin("one").end()
    await tracing.aclose()
    assert collector.raw == []
