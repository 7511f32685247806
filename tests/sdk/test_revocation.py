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


async def test_required_feed_that_heard_a_part_refuses(guarded: Verifier, feed: RevocationFeed, peer: Peer) -> None:
    """N04, N19: what stands takes several pages, and one fails."""
    peer.page, peer.told_until = 1, 1
    await peer.revoke("jti", "other")
    await peer.revoke("jti", "stolen")
    await feed.start()
    for token in (peer.token(jti="stolen"), peer.token()):
        with pytest.raises(Unavailable):
            await guarded.verify(token)
    peer.told_until = None
    await _until(lambda: len(_held(feed)) == 2)
    assert await guarded.verify(peer.token())
    with pytest.raises(Unauthenticated):
        await guarded.verify(peer.token(jti="stolen"))


@pytest.mark.parametrize("forgotten", [False, True], ids=["same-place", "place-forgotten"])
async def test_required_feed_that_missed_something_hears_it_to_its_end(
    feed: RevocationFeed, peer: Peer, moment: FixedClock, forgotten: bool
) -> None:
    """N04, N19: after a silence too, and where the server doesn't know the place any more."""
    await feed.start()
    peer.page, peer.told_until = 1, 0
    await _until(lambda: (1, 0) in peer.places)
    peer.era += forgotten
    for id in ("a", "b", "c"):
        await peer.revoke("jti", id)
    asked = len(peer.places)
    await _until(lambda: len(peer.places) > asked)
    moment.advance(MAX_SILENCE + 1)
    peer.told_until = len(peer.revoked)
    await _until(lambda: (peer.era, len(peer.revoked)) in peer.places[asked:])
    with pytest.raises(Unavailable):
        feed.current()
    peer.told_until = None
    await _until(lambda: len(_held(feed)) == 3)


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
    await _until(lambda: len(_held(feed)) > 0)
    with pytest.raises(Unauthenticated):
        await guarded.verify(peer.token())


async def test_entry_that_is_not_understood_counts_as_silence(feed: RevocationFeed, peer: Peer) -> None:
    """What an unknown kind takes back would pass unseen: then nothing may pass."""
    await peer.revoke("planet", "earth")
    await feed.start()
    with pytest.raises(Unavailable):
        feed.current()


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - the feed tells nobody when it has heard
            await asyncio.sleep(0.01)


def _held(feed: RevocationFeed) -> list[int]:
    try:
        return [1] * len(feed.current())
    except Unavailable:
        return []
