"""A poll that finds nothing waits for news (RFC 8936 §2), and holds nothing while it does."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from airside.audit import Event
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.ids import CLIENT, USER, format_id, parse_id, uuid7
from airside.oauth.signals import news
from airside.protocols.jose import peek_claims
from airside.vault import Aead
from tests.makers import Database
from tests.oauth.signals.kit import Program, program
from tests.running import Place, running
from tests.senders import Holder
from tests.trips.test_sender_constraints import with_nonce

SOON = 5.0
AT_ONCE = 3.0
A_LITTLE = 0.3


@pytest.fixture
async def receiver(place: Place) -> AsyncIterator[Program]:
    async with program(place) as made:
        yield made


async def happens(place: Place) -> None:
    services = place.server.services
    async with place.operator() as ctx:
        subject = format_id(USER, uuid7(services.clock.now(), services.entropy))
        await services.journal.record(ctx, Event.PASSWORD_SET, subject=subject, details={})


def polling(receiver: Program, stream: Mapping[str, Any], **body: Any) -> asyncio.Task[httpx2.Response]:
    return asyncio.create_task(receiver.http.post(stream["delivery"]["endpoint_url"], json=body))


async def waiting(place: Place, count: int) -> None:
    """So many polls of the tenant wait."""
    followers = place.server.services.signal_news.followers
    async with asyncio.timeout(SOON):
        while True:
            if followers.count(place.tenant_id) == count:
                return
            await asyncio.sleep(0.02)


async def test_poll_waits_and_is_answered_when_something_happens(receiver: Program) -> None:
    stream = await receiver.stream()
    asked = polling(receiver, stream)
    await waiting(receiver.place, 1)
    await happens(receiver.place)
    answer = await asyncio.wait_for(asked, SOON)
    assert (answer.status_code, len(answer.json()["sets"])) == (200, 1)
    again = await asyncio.wait_for(polling(receiver, stream), AT_ONCE)
    assert again.json()["sets"].keys() == answer.json()["sets"].keys(), "what waits is told at once"


async def test_news_of_nothing_ends_no_poll(receiver: Program) -> None:
    """Such as the news that the stream was made, or that some may have been missed."""
    asked = polling(receiver, await receiver.stream())
    await waiting(receiver.place, 1)
    for _ in range(2):
        receiver.place.server.services.signal_news.followers.wake_all()
        await asyncio.sleep(A_LITTLE)
        assert not asked.done()
    await happens(receiver.place)
    assert len((await asyncio.wait_for(asked, SOON)).json()["sets"]) == 1


async def test_more_polls_wait_than_there_are_connections_to_the_database(receiver: Program) -> None:
    place = receiver.place
    async with AsyncExitStack() as stack:
        programs = [receiver, *[await stack.enter_async_context(program(place)) for _ in range(2)]]
        asked = [
            polling(each, stream)
            for each in programs
            for stream in [await each.stream() for _ in range(4)]
            for _ in range(news.MAX_WAITING)
        ]
        assert len(asked) > 20
        await waiting(place, len(asked))
        await happens(place)
        answers = await asyncio.wait_for(asyncio.gather(*asked), 3 * SOON)
    assert [len(each.json()["sets"]) for each in answers] == [1] * len(asked)


async def test_one_poll_too_many_is_answered_at_once(receiver: Program) -> None:
    """N36."""
    stream = await receiver.stream()
    asked = [polling(receiver, stream) for _ in range(news.MAX_WAITING)]
    await waiting(receiver.place, len(asked))
    more = await asyncio.wait_for(polling(receiver, stream), AT_ONCE)
    assert more.json() == {"sets": {}, "moreAvailable": False}
    await happens(receiver.place)
    assert all(each.json()["sets"] for each in await asyncio.gather(*asked))


@pytest.mark.parametrize(
    "body", [{"returnImmediately": True}, {"maxEvents": 0, "ack": ["x"]}], ids=["at once", "acknowledges alone"]
)
async def test_poll_that_has_nothing_to_wait_for_is_answered_at_once(receiver: Program, body: dict[str, Any]) -> None:
    answer = await asyncio.wait_for(polling(receiver, await receiver.stream(), **body), AT_ONCE)
    assert (answer.status_code, answer.json()["sets"]) == (200, {})


async def test_word_that_isnt_true_or_false_is_refused(receiver: Program) -> None:
    answer = await asyncio.wait_for(polling(receiver, await receiver.stream(), returnImmediately="no"), AT_ONCE)
    assert answer.status_code == 422


async def test_poll_of_anothers_stream_doesnt_wait(receiver: Program) -> None:
    stream = await receiver.stream()
    async with program(receiver.place) as other:
        assert (await asyncio.wait_for(polling(other, stream), AT_ONCE)).status_code == 404


@pytest.mark.parametrize("how", ["disabled client", "revoked token"])
async def test_whoever_loses_the_right_while_they_wait_gets_nothing(how: str, receiver: Program) -> None:
    """N18, N19."""
    place, stream = receiver.place, await receiver.stream()
    services = place.server.services
    asked = polling(receiver, stream)
    await waiting(place, 1)
    async with place.operator() as ctx:
        if how == "disabled client":
            await services.client_admin.disable(ctx, parse_id(CLIENT, receiver.client_id))
        else:
            jti = str(peek_claims(receiver.http.headers["authorization"].removeprefix("Bearer "))["jti"])
            await services.revocations.revoke(ctx, "jti", jti, expires_at=ctx.now + timedelta(hours=1))
    await happens(place)
    answer = await asyncio.wait_for(asked, SOON)
    assert (answer.status_code, "sets" in answer.text) == (401, False)


async def test_stream_that_is_deleted_is_waited_for_no_more(receiver: Program) -> None:
    stream = await receiver.stream()
    asked = polling(receiver, stream)
    await waiting(receiver.place, 1)
    await receiver.call("DELETE", "/streams", stream_id=stream["stream_id"])
    assert (await asyncio.wait_for(asked, SOON)).status_code == 404


async def test_whoever_goes_away_leaves_their_place(receiver: Program) -> None:
    asked = polling(receiver, await receiver.stream())
    try:
        await waiting(receiver.place, 1)
    except TimeoutError:
        assert not asked.done(), asked.result().text
        raise
    asked.cancel()
    await waiting(receiver.place, 0)


async def test_token_bound_to_a_key_waits_with_one_proof(place: Place) -> None:
    """RFC 9449 §11.1: a proof is spent once, and the right is asked twice."""
    holder = Holder()
    async with program(place) as receiver:
        auth = (receiver.client_id, receiver.secret)
        granted = await with_nonce(place, {"grant_type": "client_credentials"}, auth=auth, holder=holder)
        token, nonce = granted.json()["access_token"], granted.headers["dpop-nonce"]
        stream = await receiver.stream()
        url, now = stream["delivery"]["endpoint_url"], place.server.services.clock.now().timestamp()
        proof = holder.proof(url, now, method="POST", access_token=token, nonce=nonce)
        headers = {"authorization": f"DPoP {token}", "dpop": proof}
        asked = asyncio.create_task(receiver.http.post(url, json={}, headers=headers))
        await waiting(place, 1)
        await happens(place)
        answer = await asyncio.wait_for(asked, SOON)
        assert (answer.status_code, len(answer.json()["sets"])) == (200, 1)
        assert (await receiver.http.post(url, json={}, headers=headers)).status_code == 401


async def test_server_that_ends_answers_who_waits(
    database: Database, place: Place, kek: Aead, clock: Clock, entropy: Entropy, tmp_path: Path
) -> None:
    """G45: on a process of its own, which hears of what happens on the other."""
    async with AsyncExitStack() as ending:
        other = await ending.enter_async_context(running(database.app, tmp_path, kek=kek, clock=clock, entropy=entropy))
        there = Place(other, place.slug, place.tenant_id)
        receiver = await ending.enter_async_context(program(there))
        stream = await receiver.stream()
        asked = polling(receiver, stream)
        await waiting(there, 1)
        await happens(place)
        (jti,) = (await asyncio.wait_for(asked, SOON)).json()["sets"]
        asked = polling(receiver, stream, ack=[jti])
        await waiting(there, 1)
        other.services.drain()
        answer = await asyncio.wait_for(asked, SOON)
        assert (answer.status_code, answer.json()["sets"]) == (200, {})
        assert (await asyncio.wait_for(polling(receiver, stream), AT_ONCE)).json()["sets"] == {}
