"""A store's changes as they happen, over the real server: in order, once each, and no longer than they may be told."""

import asyncio
import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.permissions import TupleKey
from airside.store.followers import MAX_FOLLOWERS
from airside.vault import Aead
from tests.makers import Database
from tests.running import Place, Running, running
from tests.surface import administrator_token

SOON = 5.0
MODEL = "model\n  schema 1.1\ntype user\ntype doc\n  relations\n    define viewer: [user]\n"
FOLDERS = MODEL + "type folder\n  relations\n    define viewer: [user]\n"


def key(number: int, kind: str = "doc") -> TupleKey:
    return TupleKey("user:anne", "viewer", f"{kind}:{number}")


@dataclass(frozen=True)
class Event:
    id: str
    object: str
    operation: str


@dataclass(frozen=True)
class Watched:
    """A store, and a caller who may read it."""

    place: Place
    http: httpx2.AsyncClient
    store_id: str

    @property
    def path(self) -> str:
        return f"/stores/{self.store_id}/changes/stream"

    async def write(self, *keys: TupleKey) -> None:
        async with self.place.operator() as ctx:
            await self.place.server.services.permissions.tuples.write(ctx, self.store_id, writes=keys)

    @asynccontextmanager
    async def stream(self, last: str = "", **params: str) -> AsyncGenerator[AsyncIterator[Event]]:
        headers = {"last-event-id": last} if last else {}
        async with self.http.stream("GET", self.path, headers=headers, params=params) as answer:
            assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
            yield _events(answer)


async def _events(answer: httpx2.Response) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if line and not line.startswith(":"):
            fields[name] = value
        elif fields:
            assert fields.keys() == {"id", "event", "data"}
            told = json.loads(fields["data"])
            yield Event(fields["id"], told["tuple_key"]["object"], told["operation"])
            fields = {}


async def _next(events: AsyncIterator[Event], count: int) -> list[Event]:
    async with asyncio.timeout(SOON):
        return [await anext(events) for _ in range(count)]


@asynccontextmanager
async def _watched(server: Running, place: Place) -> AsyncGenerator[Watched]:
    async with place.operator() as ctx:
        store = await server.services.permissions.stores.create(ctx, "watched")
        await server.services.permissions.models.write(ctx, store.id, FOLDERS)
    async with server.client() as http:
        http.headers["authorization"] = f"Bearer {await administrator_token(place)}"
        yield Watched(place, http, store.id)


@pytest.fixture
async def watched(server: Running, place: Place) -> AsyncGenerator[Watched]:
    async with _watched(server, place) as made:
        yield made


async def test_what_was_and_what_comes_is_told_in_order(watched: Watched) -> None:
    await watched.write(key(1), key(2))
    async with watched.stream() as events:
        before = await _next(events, 2)
        await watched.write(key(3))
        after = await _next(events, 1)
    assert [each.object for each in before + after] == ["doc:1", "doc:2", "doc:3"]
    assert {each.operation for each in before + after} == {"TUPLE_OPERATION_WRITE"}


async def test_stream_goes_on_after_the_last_event_seen(watched: Watched) -> None:
    """Its ids and the tokens of `changes` are the same."""
    await watched.write(*(key(number) for number in range(1, 5)))
    async with watched.stream() as events:
        seen = await _next(events, 2)
    async with watched.stream(seen[-1].id) as events:
        assert [each.object for each in await _next(events, 2)] == ["doc:3", "doc:4"]
    params = {"continuation_token": seen[-1].id}
    paged = (await watched.http.get(f"/stores/{watched.store_id}/changes", params=params)).json()
    assert [each["tuple_key"]["object"] for each in paged["changes"]] == ["doc:3", "doc:4"]
    async with watched.stream(continuation_token=paged["continuation_token"]) as events:
        await watched.write(key(5))
        assert [each.object for each in await _next(events, 1)] == ["doc:5"]


async def test_more_than_a_page_comes_whole(watched: Watched) -> None:
    for start in (0, 100, 200):
        await watched.write(*(key(number) for number in range(start, start + 100)))
    async with watched.stream() as events:
        assert [each.object for each in await _next(events, 300)] == [f"doc:{number}" for number in range(300)]


async def test_only_the_type_asked_for_is_told(watched: Watched) -> None:
    async with watched.stream(type="folder") as events:
        await watched.write(key(1))
        await watched.write(key(2, "folder"))
        assert [each.object for each in await _next(events, 1)] == ["folder:2"]


async def test_revoked_caller_is_told_nothing_more(watched: Watched) -> None:
    """The right is asked anew before anything is told."""
    token = watched.http.headers["authorization"].split(".")[1]
    jti = json.loads(urlsafe_b64decode(token + "=="))["jti"]
    async with watched.stream() as events:
        await watched.write(key(1))
        await _next(events, 1)
        async with watched.place.operator() as ctx:
            revocations = watched.place.server.services.revocations
            await revocations.revoke(ctx, "jti", jti, expires_at=ctx.now + timedelta(hours=1))
        async with asyncio.timeout(SOON):
            while (await watched.http.get(f"/stores/{watched.store_id}")).status_code != 401:
                pass  # the node hasn't heard of it yet
        await watched.write(key(2))
        with pytest.raises(StopAsyncIteration):
            await _next(events, 1)


@pytest.mark.parametrize(
    ("headers", "params", "code"),
    [
        ({"last-event-id": "forged"}, {}, "invalid_continuation_token"),
        ({}, {"continuation_token": "forged"}, "invalid_continuation_token"),
        ({}, {"start_time": "yesterday"}, "validation_error"),
    ],
)
async def test_position_that_was_never_given_is_refused(
    watched: Watched, headers: dict[str, str], params: dict[str, str], code: str
) -> None:
    answer = await watched.http.get(watched.path, headers=headers, params=params)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_one_stream_too_many_is_told_to_come_back(watched: Watched) -> None:
    """N36."""
    feed, tenant = watched.place.server.services.permissions.feed, watched.place.tenant_id
    with ExitStack() as stack:
        for _ in range(MAX_FOLLOWERS):
            stack.enter_context(feed.follow(tenant, watched.store_id))
        answer = await watched.http.get(watched.path)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")


async def test_server_that_ends_ends_its_streams_with_it(
    database: Database, tmp_path: Path, kek: Aead, clock: Clock, entropy: Entropy
) -> None:
    """Not cut off: the answer is complete before the server waits for anything. No new one is begun."""
    async with (
        running(database.app, tmp_path, kek=kek, clock=clock, entropy=entropy) as server,
        _watched(server, await server.tenant()) as watched,
        watched.stream() as events,
    ):
        server.services.drain()
        async with asyncio.timeout(SOON):
            assert [each async for each in events] == []
        assert (await watched.http.get(watched.path)).status_code == 503
