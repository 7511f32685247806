"""The feed: what the server takes back is refused within a second, and silence is no consent."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from airside.core.clock import Clock, FixedClock, SystemClock, epoch
from airside.core.errors import Unauthenticated, Unavailable
from airside.fetch import Fetcher
from airside.sdk import RevocationFeed, ServiceClient, Verifier
from airside.sdk.revocation import MAX_SILENCE
from tests.sdk.peer import AUDIENCE, CLIENT_ID, Peer

Follow = Callable[[], RevocationFeed]


@pytest.fixture
async def feed(
    peer: Peer, fetcher: Fetcher, moment: FixedClock, make_client: Callable[..., ServiceClient]
) -> AsyncIterator[RevocationFeed]:
    made = RevocationFeed(peer.issuer, client=make_client(), fetcher=fetcher, clock=moment, wait=5)
    yield made
    await made.stop()


@pytest.fixture
async def guarded(peer: Peer, fetcher: Fetcher, moment: FixedClock, feed: RevocationFeed) -> AsyncIterator[Verifier]:
    made = Verifier(peer.issuer, AUDIENCE, fetcher=fetcher, clock=moment, revocations=feed)
    yield made
    await made.stop()


async def _refused_after(verifier: Verifier, token: str, clock: Clock) -> float:
    """Seconds until `token` is refused; at most two."""
    start = clock.monotonic()
    while clock.monotonic() - start < 2:
        try:
            await verifier.verify(token)
        except Unauthenticated:
            break
        await asyncio.sleep(0.01)
    return clock.monotonic() - start


@pytest.mark.parametrize(
    ("kind", "claim"),
    [("jti", "jti"), ("sid", "sid"), ("fam", "fam"), ("sub", "sub"), ("client", "client_id"), ("tenant", "tenant_id")],
)
async def test_revoked_token_is_refused_within_a_second(
    guarded: Verifier, feed: RevocationFeed, peer: Peer, kind: str, claim: str
) -> None:
    """N19: a token that was verified, and is cached, before."""
    await feed.start()
    token = peer.token()
    claims = (await guarded.verify(token)).claims
    await peer.revoke(kind, str(claims[claim]))
    assert await _refused_after(guarded, token, SystemClock()) < 1


@pytest.mark.parametrize(("kind", "actor"), [("client", "cli_1"), ("sub", "usr_1")])
async def test_whoever_acts_for_somebody_takes_the_token_along(
    guarded: Verifier, feed: RevocationFeed, peer: Peer, kind: str, actor: str
) -> None:
    """N18, N19: wherever they stand in the chain."""
    await feed.start()
    token = peer.token(act={"sub": "cli_2", "act": {"sub": actor}})
    await guarded.verify(token)
    await peer.revoke(kind, actor)
    assert await _refused_after(guarded, token, SystemClock()) < 1


async def test_key_that_is_revoked_takes_its_tokens(guarded: Verifier, feed: RevocationFeed, peer: Peer) -> None:
    await feed.start()
    token = peer.token()
    await guarded.verify(token)
    await peer.revoke("key", "k1")
    assert await _refused_after(guarded, token, SystemClock()) < 1


async def test_token_issued_after_a_revocation_is_good(
    guarded: Verifier, feed: RevocationFeed, peer: Peer, moment: FixedClock
) -> None:
    now = epoch(moment.now())
    await peer.revoke("client", CLIENT_ID, before=now)
    await feed.start()
    with pytest.raises(Unauthenticated):
        await guarded.verify(peer.token(iat=now))
    moment.advance(1)
    assert await guarded.verify(peer.token())


async def test_what_stood_before_the_start_is_known_after_it(
    guarded: Verifier, feed: RevocationFeed, peer: Peer
) -> None:
    await peer.revoke("sub", "usr_01jd0000000000000000000001")
    await feed.start()
    with pytest.raises(Unauthenticated):
        await guarded.verify(peer.token())


async def test_required_feed_that_never_spoke_refuses(guarded: Verifier, feed: RevocationFeed, peer: Peer) -> None:
    """Fail secure."""
    peer.down.add("revocations")
    await feed.start()
    with pytest.raises(Unavailable):
        await guarded.verify(peer.token())


async def test_required_feed_that_fell_silent_refuses(
    guarded: Verifier, feed: RevocationFeed, peer: Peer, moment: FixedClock
) -> None:
    """Fail secure: the bound is declared, and beyond it nothing passes, cached or not."""
    await feed.start()
    token = peer.token()
    await guarded.verify(token)
    peer.down.add("revocations")
    moment.advance(MAX_SILENCE)
    await guarded.verify(token)
    moment.advance(1)
    with pytest.raises(Unavailable):
        await guarded.verify(token)
    with pytest.raises(Unavailable):
        guarded.verify_cached(token)


async def test_feed_that_is_not_required_may_be_silent(
    peer: Peer, fetcher: Fetcher, moment: FixedClock, make_client: Callable[..., ServiceClient]
) -> None:
    feed = RevocationFeed(peer.issuer, client=make_client(), fetcher=fetcher, clock=moment, required=False)
    assert len(feed.current()) == 0


async def test_feed_recovers_and_hears_what_it_missed(guarded: Verifier, feed: RevocationFeed, peer: Peer) -> None:
    peer.down.add("revocations")
    await feed.start()
    await peer.revoke("client", CLIENT_ID)
    peer.down.clear()
    async with asyncio.timeout(5):
        while len(_held(feed)) == 0:  # noqa: ASYNC110 - the feed tells nobody when it has heard
            await asyncio.sleep(0.01)
    with pytest.raises(Unauthenticated):
        await guarded.verify(peer.token())


async def test_entry_that_is_not_understood_counts_as_silence(feed: RevocationFeed, peer: Peer) -> None:
    """What an unknown kind takes back would pass unseen: then nothing may pass."""
    await peer.revoke("planet", "earth")
    await feed.start()
    with pytest.raises(Unavailable):
        feed.current()


def _held(feed: RevocationFeed) -> list[int]:
    try:
        return [1] * len(feed.current())
    except Unavailable:
        return []
