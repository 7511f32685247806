"""The outbound client with pins, over real TLS: the SDK's calls to its server go out by it."""

import asyncio
import logging
import ssl
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from airside.core.clock import FixedClock
from airside.core.errors import Misconfigured
from airside.fetch import Fetcher, HeldPins, Learned, Refused, Unavailable
from airside.fetch.pinning import LEARN_EVERY
from airside.protocols.pins import Pins, pin_of
from tests.fetch.conftest import Names, Server, Tls, answer
from tests.fetch.tls_peer import NOW, ROOT, STRANGER, Peer, leaf, pin, serving

DAY = timedelta(days=1)
CURRENT, BACKUP, NEXT, OTHER = leaf(), leaf(), leaf(), leaf()
SECRET = {"authorization": "Bearer canary-7f3a9c"}


def pins(*of: str, host: str = "localhost", since: timedelta = timedelta(0)) -> Pins:
    return Pins(host, (NOW + since).replace(microsecond=0), DAY, of or (pin(CURRENT), pin(BACKUP)))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW + timedelta(minutes=1))


@pytest.fixture
def peer(tmp_path: Path) -> Generator[Peer]:
    with serving(Peer(tmp_path, CURRENT)) as found:
        yield found


def fetching(
    folder: Path, clock: FixedClock, *reached: Peer, held: Pins | None = None, learned: Learned | None = None
) -> Fetcher:
    (folder / "ca.pem").write_bytes(ROOT.pem)
    own = HeldPins((held or pins(),), clock=clock, learned=learned)
    places = frozenset(f"{host}:{peer.port}" for peer in reached for host in ("localhost", "127.0.0.1"))
    return Fetcher(allow=places, trust=folder / "ca.pem", max_redirects=1, pins=own)


async def test_pinned_key_is_answered_and_its_connection_kept(peer: Peer, clock: FixedClock, tmp_path: Path) -> None:
    async with fetching(tmp_path, clock, peer) as fetcher:
        assert (await fetcher.get(peer.url(), headers=SECRET)).body == b"ok"
        for method in ("POST", "PUT"):
            assert (await fetcher.send(method, peer.url(), headers=SECRET)).body == b"ok"
    assert (peer.connections, peer.requests, peer.asked) == (1, 3, 1)


async def test_another_key_of_the_same_authority_hears_no_byte(
    peer: Peer, clock: FixedClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever attacks has a certificate for the name, of an authority that is trusted."""
    peer.held = OTHER
    async with fetching(tmp_path, clock, peer) as fetcher:
        for _ in range(2):
            with caplog.at_level(logging.WARNING, "airside.fetch"), pytest.raises(Unavailable) as caught:
                await fetcher.post(peer.url(), content=b"secret", headers=SECRET)
            assert caught.value.data["cause"] == "PinRefused"
    assert peer.connections > 0
    assert peer.heard == b""
    assert "nothing was sent: the key of localhost is none of its pins" in caplog.text


async def test_pinned_key_of_an_authority_that_nobody_trusts_is_refused(
    peer: Peer, clock: FixedClock, tmp_path: Path
) -> None:
    peer.held = leaf(STRANGER)
    async with fetching(tmp_path, clock, peer, held=pins(pin(peer.held), pin(BACKUP))) as fetcher:
        with pytest.raises(Unavailable) as caught:
            await fetcher.get(peer.url())
    assert caught.value.data["cause"] == "ConnectError"
    assert peer.heard == b""


async def test_backup_becomes_current_and_the_key_out_of_use_is_forgotten(
    peer: Peer, clock: FixedClock, tmp_path: Path
) -> None:
    newer = pins(pin(BACKUP), pin(NEXT), since=timedelta(seconds=30))
    kept: list[Pins] = []
    with serving(Peer(tmp_path, BACKUP, document=(200, newer.document()))) as after:
        async with fetching(tmp_path, clock, peer, after, learned=kept.append) as fetcher:
            assert (await fetcher.get(peer.url())).body == b"ok"
            assert (await fetcher.get(after.url())).body == b"ok"
            assert kept == [newer]
            with pytest.raises(Unavailable):
                await fetcher.get(peer.url(), headers=SECRET)  # over the connection that was kept
            after.held = NEXT
            clock.advance(60)
            assert (await fetcher.get(after.url())).body == b"ok"
    assert peer.requests == 1


async def test_loop_goes_on_while_newer_pins_are_kept_and_no_answer_waits_long_for_it(
    peer: Peer, clock: FixedClock, tmp_path: Path
) -> None:
    peer.document = 200, pins(pin(CURRENT), pin(NEXT), since=timedelta(seconds=30)).document()
    released, kept = Event(), Event()

    def keep(_: Pins) -> None:
        released.wait(8)
        kept.set()

    async with fetching(tmp_path, clock, peer, learned=keep) as fetcher:
        assert (await fetcher.get(peer.url(), timeout=2)).body == b"ok"
        assert not kept.is_set()
        released.set()
        assert await asyncio.to_thread(kept.wait, 8)
    assert peer.asked == 1


async def test_newer_pins_are_asked_for_once_an_hour(peer: Peer, clock: FixedClock, tmp_path: Path) -> None:
    async with fetching(tmp_path, clock, peer) as fetcher:
        await fetcher.get(peer.url())
        clock.advance(LEARN_EVERY)
        await asyncio.gather(*(fetcher.get(peer.url()) for _ in range(5)))
    assert (peer.asked, peer.requests) == (2, 6)


async def test_document_that_never_comes_costs_no_answer(
    secure_server: Server, tls: Tls, clock: FixedClock, tmp_path: Path
) -> None:
    secure_server.answers["/notes"] = answer(b"ok")  # and none for its pins
    place = f"fetch.example:{secure_server.port}"
    key = pin_of(ssl.PEM_cert_to_DER_cert(tls.ca.read_text("ascii")))
    held = HeldPins((pins(key, pin(BACKUP), host="fetch.example"),), clock=clock, learned=None)
    names = Names(fetch_example=[["127.0.0.1"]])
    async with Fetcher(allow=frozenset({place}), trust=tls.ca, resolver=names, pins=held) as fetcher:
        assert (await fetcher.get(f"https://{place}/notes", timeout=2)).body == b"ok"
    assert len(secure_server.requests) == 2


async def test_redirect_leads_to_no_host_without_pins_and_to_no_plain_http(
    peer: Peer, clock: FixedClock, tmp_path: Path
) -> None:
    with serving(Peer(tmp_path, CURRENT)) as away:
        for location in (away.url("127.0.0.1"), f"http://localhost:{away.port}/"):
            peer.location = location
            async with fetching(tmp_path, clock, peer, away) as fetcher:
                with pytest.raises(Unavailable) as caught:
                    await fetcher.get(peer.url())
            assert caught.value.data["cause"] == "PinRefused"
    assert away.connections == 0


async def test_pins_open_no_way_into_the_neighbourhood(peer: Peer, clock: FixedClock, tmp_path: Path) -> None:
    """N28: a private address is refused as ever, whatever key stands there."""
    async with fetching(tmp_path, clock) as fetcher:
        with pytest.raises(Refused):
            await fetcher.get(peer.url())
    assert peer.connections == 0


def test_context_that_verifies_nobody_holds_no_pins(clock: FixedClock) -> None:
    anybody = ssl.create_default_context()
    anybody.check_hostname = False
    with pytest.raises(Misconfigured):
        Fetcher(trust=anybody, pins=HeldPins((pins(),), clock=clock, learned=None))
