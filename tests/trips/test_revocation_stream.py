"""The revocation feed as server-sent events: at once, from where a follower was, and only for who may."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from airside.core.ids import TOKEN, format_id, uuid7
from airside.revocation import Kind
from airside.store.followers import MAX_FOLLOWERS
from tests.running import Place
from tests.trips.manager import program_token
from tests.trips.test_code_flow import BACKEND
from tests.trips.visitor import token_request

SOON = 5.0


@dataclass(frozen=True)
class Event:
    """One event of the stream."""

    id: str
    kind: str
    entry: dict[str, Any]


async def events_of(answer: httpx2.Response) -> AsyncIterator[Event]:
    """As a browser's EventSource reads them."""
    fields = dict[str, str]()
    async for line in answer.aiter_lines():
        if not line and fields:
            yield Event(fields["id"], fields["event"], json.loads(fields["data"]))
            fields = {}
        elif line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value


@asynccontextmanager
async def stream(place: Place, bearer: str, **headers: str) -> AsyncGenerator[AsyncIterator[Event]]:
    """A follower of the tenant's feed."""
    given = {"accept": "text/event-stream", "authorization": f"Bearer {bearer}"} | headers
    async with (
        place.server.client() as http,
        http.stream("GET", f"{place.issuer}/oauth2/revocations", headers=given) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["cache-control"] == "no-store"
        yield events_of(answer)


async def revoke(place: Place, kind: Kind = "jti") -> str:
    services = place.server.services
    id = format_id(TOKEN, uuid7(services.clock.now(), services.entropy))
    async with place.operator() as ctx:
        await services.revocations.revoke(ctx, kind, id, expires_at=ctx.now + timedelta(hours=1))
    return id


async def following(events: AsyncIterator[Event]) -> Event:
    return await asyncio.wait_for(anext(events), SOON)


async def test_what_is_revoked_comes_at_once_and_what_was_before_first(place: Place) -> None:
    bearer = await program_token(place, "revocations:read")
    before = await revoke(place, "sid")
    async with stream(place, bearer) as events:
        first = await following(events)
        assert (first.kind, first.entry["kind"], first.entry["id"]) == ("revocation", "sid", before)
        for kind in ("jti", "fam"):
            id = await revoke(place, kind)
            heard = await following(events)
            assert (heard.entry["kind"], heard.entry["id"], heard.entry["before"]) == (kind, id, None)


async def test_follower_goes_on_where_it_was(place: Place) -> None:
    """HTML Living Standard §9.2.4: `Last-Event-ID`; and by pages from the same cursor."""
    bearer = await program_token(place, "revocations:read")
    ids = [await revoke(place) for _ in range(3)]
    async with stream(place, bearer) as events:
        seen = [await following(events) for _ in range(2)]
    assert [event.entry["id"] for event in seen] == ids[:2]
    async with stream(place, bearer, **{"last-event-id": seen[0].id}) as events:
        assert [(await following(events)).entry["id"] for _ in range(2)] == ids[1:]
    async with place.server.client() as http:
        answer = await http.get(
            f"{place.issuer}/oauth2/revocations?after={seen[1].id}", headers={"authorization": f"Bearer {bearer}"}
        )
    assert [entry["id"] for entry in answer.json()["entries"]] == ids[2:]


@pytest.mark.parametrize("cursor", ["another.7", "x", ""])
async def test_cursor_of_another_process_gets_everything(place: Place, cursor: str) -> None:
    bearer = await program_token(place, "revocations:read")
    id = await revoke(place)
    async with stream(place, bearer, **{"last-event-id": cursor}) as events:
        assert (await following(events)).entry["id"] == id


async def test_follower_whose_token_is_revoked_hears_no_more(place: Place) -> None:
    """N19."""
    form = {"grant_type": "client_credentials"}
    draft = replace(BACKEND, audiences=(place.issuer,), scopes=frozenset({"revocations:read"}))
    client, secret = await place.client(draft)
    assert secret is not None
    answer = await token_request(place, form, auth=(client.word, secret.reveal()))
    bearer = str(answer.json()["access_token"])
    async with stream(place, bearer) as events:
        async with place.operator() as ctx:
            await place.server.services.client_admin.disable(ctx, client.client_id)
        with pytest.raises(StopAsyncIteration):
            await following(events)


async def test_stream_is_for_those_who_may_read_it(place: Place) -> None:
    """N22, N20."""
    address, headers = f"{place.issuer}/oauth2/revocations", {"accept": "text/event-stream"}
    other = await place.server.tenant()
    async with place.server.client() as http:
        assert (await http.get(address, headers=headers)).status_code == 401
        for bearer, status in (
            ("x.y.z", 401),
            (await program_token(place, "users:read"), 403),
            (await program_token(other, "revocations:read"), 401),
        ):
            answer = await http.get(address, headers=headers | {"authorization": f"Bearer {bearer}"})
            assert answer.status_code == status
        bad = headers | {"authorization": "Bearer x", "last-event-id": "a b"}
        assert (await http.get(address, headers=bad)).status_code == 422


async def test_only_so_many_follow_at_once(place: Place) -> None:
    bearer = await program_token(place, "revocations:read")
    followers = place.server.services.revocations.followers
    with ExitStack() as stack:
        for _ in range(MAX_FOLLOWERS):
            stack.enter_context(followers.follow(place.tenant_id))
        async with place.server.client() as http:
            headers = {"accept": "text/event-stream", "authorization": f"Bearer {bearer}"}
            answer = await http.get(f"{place.issuer}/oauth2/revocations", headers=headers)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


@asynccontextmanager
async def waiting(place: Place, bearer: str) -> AsyncGenerator["asyncio.Task[httpx2.Response]"]:
    """A poll that has found nothing new, and waits."""
    polls = place.server.services.revocations.polls
    address, headers = f"{place.issuer}/oauth2/revocations", {"authorization": f"Bearer {bearer}"}
    async with place.server.client() as http:
        cursor = (await http.get(address, headers=headers)).json()["cursor"]
        before = polls.count(place.tenant_id)
        poll = asyncio.create_task(http.get(f"{address}?after={cursor}&wait=25", headers=headers, timeout=30))
        async with asyncio.timeout(SOON):
            while True:
                if polls.count(place.tenant_id) > before:
                    break
                await asyncio.sleep(0.01)
        yield poll
        poll.cancel()


async def test_poll_waits_for_news_without_a_connection(place: Place) -> None:
    bearer = await program_token(place, "revocations:read")
    async with AsyncExitStack() as stack:
        polls = [await stack.enter_async_context(waiting(place, bearer)) for _ in range(24)]  # a pool has 20
        id = await revoke(place)
        for poll in polls:
            answer = await asyncio.wait_for(poll, SOON)
            assert [entry["id"] for entry in answer.json()["entries"]] == [id]


async def test_whoever_loses_the_right_while_they_wait_is_told_nothing(place: Place) -> None:
    """N19."""
    draft = replace(BACKEND, audiences=(place.issuer,), scopes=frozenset({"revocations:read"}))
    client, secret = await place.client(draft)
    assert secret is not None
    answer = await token_request(place, {"grant_type": "client_credentials"}, auth=(client.word, secret.reveal()))
    async with waiting(place, str(answer.json()["access_token"])) as poll:
        async with place.operator() as ctx:
            await place.server.services.client_admin.disable(ctx, client.client_id)
        assert (await asyncio.wait_for(poll, SOON)).status_code == 401


async def test_one_too_many_is_answered_at_once(place: Place) -> None:
    bearer = await program_token(place, "revocations:read")
    address, headers = f"{place.issuer}/oauth2/revocations", {"authorization": f"Bearer {bearer}"}
    with ExitStack() as stack:
        for _ in range(MAX_FOLLOWERS):
            stack.enter_context(place.server.services.revocations.polls.follow(place.tenant_id))
        async with place.server.client() as http:
            cursor = (await http.get(address, headers=headers)).json()["cursor"]
            answer = await http.get(f"{address}?after={cursor}&wait=25", headers=headers, timeout=SOON)
    assert (answer.status_code, answer.json()["entries"]) == (200, [])
