"""The application's own token: one request however many ask, renewed in time, secret."""

import asyncio
from collections.abc import Callable

import pytest

from airside.core.clock import FixedClock
from airside.core.errors import Misconfigured, Unavailable
from airside.core.secret import Secret
from airside.fetch import Fetcher
from airside.sdk import ServiceClient
from airside.sdk.client import PAUSE_AFTER_FAILURE, RENEW_BEFORE
from tests.sdk.peer import Peer

Make = Callable[..., ServiceClient]


async def test_token_is_fetched_once_and_kept(peer: Peer, make_client: Make) -> None:
    client = make_client()
    tokens = await asyncio.gather(*(client.token() for _ in range(20)))
    assert {token.reveal() for token in tokens} == peer.service_tokens
    assert peer.asked["token"] == 1


async def test_token_is_renewed_before_its_end(peer: Peer, make_client: Make, moment: FixedClock) -> None:
    client = make_client()
    first = await client.token()
    moment.advance(peer.life - RENEW_BEFORE - 1)
    assert await client.token() is first
    moment.advance(1)
    assert await client.token() is not first


async def test_token_at_hand_serves_while_the_server_is_away(peer: Peer, make_client: Make, moment: FixedClock) -> None:
    client = make_client()
    first = await client.token()
    peer.down.add("token")
    moment.advance(peer.life - 1)
    assert await client.token() is first
    moment.advance(1)
    with pytest.raises(Unavailable):
        await client.token()


async def test_failed_request_is_not_repeated_at_once(peer: Peer, make_client: Make, moment: FixedClock) -> None:
    client = make_client("wrong")
    for _ in range(10):
        with pytest.raises(Unavailable):
            await client.token()
    assert peer.asked["token"] == 1
    moment.advance(PAUSE_AFTER_FAILURE)
    with pytest.raises(Unavailable):
        await client.token()
    assert peer.asked["token"] == 2


async def test_only_the_refused_token_is_forgotten(peer: Peer, make_client: Make) -> None:
    client = make_client()
    first = await client.token()
    client.forget(first)
    second = await client.token()
    client.forget(first)
    assert await client.token() is second
    assert peer.asked["token"] == 2


async def test_secret_is_not_in_what_is_printed(make_client: Make, caplog: pytest.LogCaptureFixture) -> None:
    """N37."""
    client = make_client("a secret that is wrong")
    with pytest.raises(Unavailable) as refused:
        await client.token()
    assert "wrong" not in repr(client.__dict__) + repr(refused.value) + repr(refused.value.data) + caplog.text


def test_client_without_a_secret_is_refused(peer: Peer, fetcher: Fetcher, moment: FixedClock) -> None:
    """N04."""
    with pytest.raises(Misconfigured):
        ServiceClient(peer.issuer, "cli", Secret(""), fetcher=fetcher, clock=moment)
