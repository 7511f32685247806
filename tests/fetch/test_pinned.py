"""Transports that take pinned keys and no others, over real TLS: whose handshakes are followed by a request, and how
newer pins are learned."""

import asyncio
import ssl
from collections.abc import Generator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import httpx2
import pytest
from cryptography import x509

from airside.core.clock import FixedClock
from airside.core.errors import Misconfigured
from airside.fetch import AsyncPinnedTransport, PinnedTransport, PinRefused
from airside.fetch.pinning import LEARN_EVERY
from airside.protocols.pins import MAX_DOCUMENT, Pins, pin_of_key
from tests.fetch.tls_peer import NOW, ROOT, STRANGER, Peer, leaf, pin, proxying, serving

DAY = timedelta(days=1)
CURRENT, BACKUP, NEXT, OTHER = leaf(), leaf(), leaf(), leaf()
ELSEWHERE = pin_of_key(b"elsewhere")


def pins(*of: str, host: str = "localhost", age: timedelta = DAY, since: timedelta = timedelta(0)) -> Pins:
    return Pins(host, (NOW + since).replace(microsecond=0), age, of or (pin(CURRENT), pin(BACKUP)))


class Asking:
    """A client of either kind, asked alike."""

    def __init__(self, kind: str, *held: Pins, folder: Path, **said: Any) -> None:
        self.clock = FixedClock(NOW + timedelta(minutes=1))
        (folder / "ca.pem").write_bytes(ROOT.pem)
        said = {"trust": folder / "ca.pem", "clock": self.clock} | said
        self._blocking: httpx2.Client | None = None
        self._awaiting: httpx2.AsyncClient | None = None
        if kind == "blocking":
            self._blocking = httpx2.Client(transport=PinnedTransport(*held, **said), follow_redirects=True)
        else:
            self._awaiting = httpx2.AsyncClient(transport=AsyncPinnedTransport(*held, **said), follow_redirects=True)

    async def get(self, url: str, **extensions: Any) -> str:
        if self._awaiting is not None:
            return (await self._awaiting.get(url, extensions=extensions)).text
        assert self._blocking is not None
        return (await asyncio.to_thread(self._blocking.get, url, extensions=extensions)).text

    async def __aenter__(self) -> "Asking":
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._awaiting is not None:
            await self._awaiting.aclose()
        if self._blocking is not None:
            self._blocking.close()


@pytest.fixture(params=["blocking", "awaiting"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def peer(tmp_path: Path) -> Generator[Peer]:
    with serving(Peer(tmp_path, CURRENT)) as found:
        yield found


async def test_pinned_key_is_answered_and_its_connection_kept(kind: str, peer: Peer, tmp_path: Path) -> None:
    async with Asking(kind, pins(), folder=tmp_path) as client:
        assert [await client.get(peer.url()) for _ in range(3)] == ["ok"] * 3
    assert (peer.connections, peer.requests) == (1, 3)


async def test_another_key_of_the_same_authority_hears_no_byte(kind: str, peer: Peer, tmp_path: Path) -> None:
    peer.held = OTHER
    async with Asking(kind, pins(), folder=tmp_path) as client:
        for _ in range(2):
            with pytest.raises(PinRefused, match="none of its pins"):
                await client.get(peer.url())
    assert peer.connections > 0
    assert peer.heard == b""


async def test_authoritys_own_key_is_no_pin_of_the_leaf(kind: str, peer: Peer, tmp_path: Path) -> None:
    async with Asking(kind, pins(pin(ROOT), pin(BACKUP)), folder=tmp_path) as client:
        with pytest.raises(PinRefused):
            await client.get(peer.url())
    assert peer.heard == b""


async def test_pins_are_asked_for_beside_the_certificate_and_never_instead(
    kind: str, peer: Peer, tmp_path: Path
) -> None:
    """A pinned key under an authority that nobody trusts, or for another name, is refused by TLS itself."""
    for wrong in (leaf(STRANGER), leaf(names=(x509.DNSName("elsewhere.example"),))):
        peer.held = wrong
        async with Asking(kind, pins(pin(wrong), pin(BACKUP)), folder=tmp_path) as client:
            with pytest.raises(httpx2.ConnectError) as caught:
                await client.get(peer.url())
        assert not isinstance(caught.value, PinRefused)
    assert peer.heard == b""


async def test_expired_pins_refuse_on_new_connections_and_on_kept_ones(kind: str, peer: Peer, tmp_path: Path) -> None:
    async with Asking(kind, pins(), folder=tmp_path) as client:
        assert await client.get(peer.url()) == "ok"
        client.clock.advance(DAY.total_seconds())
        with pytest.raises(PinRefused, match="expired"):
            await client.get(peer.url())
    async with Asking(kind, pins(age=timedelta(seconds=1)), folder=tmp_path) as client:
        with pytest.raises(PinRefused, match="expired"):
            await client.get(peer.url())
    assert (peer.connections, peer.requests) == (1, 1)


async def test_redirect_leads_to_no_host_without_pins(kind: str, peer: Peer, tmp_path: Path) -> None:
    with serving(Peer(tmp_path, CURRENT)) as away:
        for location in (away.url("127.0.0.1"), f"http://localhost:{away.port}/"):
            peer.location = location
            async with Asking(kind, pins(), folder=tmp_path) as client:
                with pytest.raises(PinRefused):
                    await client.get(peer.url())
    assert away.connections == 0


async def test_handshake_for_another_host_is_not_asked_for(kind: str, peer: Peer, tmp_path: Path) -> None:
    async with Asking(kind, pins(), pins(pin(OTHER), ELSEWHERE, host="127.0.0.1"), folder=tmp_path) as client:
        with pytest.raises(PinRefused):
            await client.get(peer.url("127.0.0.1"), sni_hostname="localhost")
        assert await client.get(peer.url(), sni_hostname="localhost") == "ok"


async def test_each_of_two_hosts_has_its_own_keys(kind: str, peer: Peer, tmp_path: Path) -> None:
    with serving(Peer(tmp_path, OTHER)) as second:
        held = pins(), pins(pin(OTHER), ELSEWHERE, host="127.0.0.1")
        async with Asking(kind, *held, folder=tmp_path) as client:
            assert await client.get(peer.url()) == "ok"
            assert await client.get(second.url("127.0.0.1")) == "ok"
            for wrong in (peer.url("127.0.0.1"), second.url()):
                with pytest.raises(PinRefused):
                    await client.get(wrong)
    assert (peer.requests, second.requests) == (1, 1)


async def test_backup_becomes_current_and_the_key_out_of_use_is_forgotten(
    kind: str, peer: Peer, tmp_path: Path
) -> None:
    newer = pins(pin(BACKUP), pin(NEXT), since=timedelta(seconds=30))
    kept: list[Pins] = []
    async with Asking(kind, pins(), folder=tmp_path, learned=kept.append) as client:
        assert await client.get(peer.url()) == "ok"
        with serving(Peer(tmp_path, BACKUP, document=(200, newer.document()))) as after:
            assert await client.get(after.url()) == "ok"
            assert kept == [newer]
            with pytest.raises(PinRefused):
                await client.get(peer.url())  # over the connection that was kept
            after.held = NEXT
            client.clock.advance(60)
            assert await client.get(after.url()) == "ok"
    assert peer.requests == 1


async def test_newer_pins_are_asked_for_once_an_hour(kind: str, peer: Peer, tmp_path: Path) -> None:
    async with Asking(kind, pins(), folder=tmp_path) as client:
        for _ in range(3):
            await client.get(peer.url())
        assert peer.asked == 1
        client.clock.advance(LEARN_EVERY)
        await asyncio.gather(*(client.get(peer.url()) for _ in range(5)))
    assert (peer.asked, peer.requests) == (2, 8)


WORTHLESS = {
    "none": (404, b""),
    "not a 200": (203, pins(pin(CURRENT), pin(NEXT), since=timedelta(seconds=30)).document()),
    "malformed": (200, b"{"),
    "empty": (200, b""),
    "one pin": (200, pins(since=timedelta(seconds=30)).document().replace(f',"{pin(BACKUP)}"'.encode(), b"")),
    "over its cap": (200, b" " * MAX_DOCUMENT + pins(pin(CURRENT), pin(NEXT), since=timedelta(seconds=30)).document()),
    "of another host": (
        200,
        pins(pin(CURRENT), pin(NEXT), host="127.0.0.1", since=timedelta(seconds=30)).document(),
    ),
    "without the key it came over": (200, pins(pin(BACKUP), pin(NEXT), since=timedelta(seconds=30)).document()),
    "of the same moment": (200, pins(pin(CURRENT), pin(NEXT)).document()),
    "older": (200, pins(pin(CURRENT), pin(NEXT), since=timedelta(seconds=-30)).document()),
    "of the future": (200, pins(pin(CURRENT), pin(NEXT), since=timedelta(minutes=7)).document()),
    "expired": (
        200,
        pins(pin(CURRENT), pin(NEXT), since=timedelta(seconds=30), age=timedelta(seconds=1)).document(),
    ),
}


@pytest.mark.parametrize("document", WORTHLESS.values(), ids=WORTHLESS.keys())
async def test_worthless_document_leaves_the_pins_as_they_are(
    kind: str, document: tuple[int, bytes], peer: Peer, tmp_path: Path
) -> None:
    peer.document = document
    kept: list[Pins] = []
    async with Asking(kind, pins(), folder=tmp_path, learned=kept.append) as client:
        assert await client.get(peer.url()) == "ok"
    async with Asking(kind, pins(), folder=tmp_path) as client:
        assert await client.get(peer.url()) == "ok"
        with serving(Peer(tmp_path, BACKUP)) as after:
            assert await client.get(after.url()) == "ok"
    assert peer.asked == 2
    assert kept == []


async def test_loop_goes_on_while_newer_pins_are_kept(kind: str, peer: Peer, tmp_path: Path) -> None:
    peer.document = 200, pins(pin(CURRENT), pin(NEXT), since=timedelta(seconds=30)).document()
    loop, goes_on, kept = asyncio.get_running_loop(), Event(), list[bool]()

    def keep(_: Pins) -> None:
        loop.call_soon_threadsafe(goes_on.set)
        kept.append(goes_on.wait(5))

    async with Asking(kind, pins(), folder=tmp_path, learned=keep) as client:
        assert await client.get(peer.url()) == "ok"
    assert kept == [True]


async def test_what_cant_be_kept_holds_all_the_same(kind: str, peer: Peer, tmp_path: Path) -> None:
    peer.document = 200, pins(pin(CURRENT), pin(NEXT), since=timedelta(seconds=30)).document()

    def full(_: Pins) -> None:
        raise OSError("no space left")

    async with Asking(kind, pins(), folder=tmp_path, learned=full) as client:
        assert await client.get(peer.url()) == "ok"
        with serving(Peer(tmp_path, BACKUP)) as after, pytest.raises(PinRefused):
            await client.get(after.url())


@pytest.mark.parametrize("secured", [False, True], ids=["plain", "over TLS"])
async def test_tunnel_of_a_proxy_is_checked_at_its_far_end(
    kind: str, secured: bool, peer: Peer, tmp_path: Path
) -> None:
    """A proxy that is honest is passed through; one that leads to itself is found out, though it is trusted."""
    (tmp_path / "ca.pem").write_bytes(ROOT.pem)
    trust = ssl.create_default_context(cafile=tmp_path / "ca.pem") if secured else None
    with ExitStack() as stack:
        own = Peer(tmp_path, OTHER) if secured else None
        between = stack.enter_context(serving(Peer(tmp_path, OTHER)))
        honest = stack.enter_context(proxying(secured=own))
        false = stack.enter_context(proxying(secured=own, leads=between))
        async with Asking(kind, pins(), folder=tmp_path, proxy=httpx2.Proxy(honest, ssl_context=trust)) as client:
            assert await client.get(peer.url()) == "ok"
        async with Asking(kind, pins(), folder=tmp_path, proxy=httpx2.Proxy(false, ssl_context=trust)) as client:
            with pytest.raises(PinRefused):
                await client.get(peer.url())
    assert peer.requests == 1
    assert between.connections > 0
    assert between.heard == b""


def test_what_pins_cant_hold_is_refused_at_once() -> None:
    anybody = ssl.create_default_context()
    anybody.check_hostname = False
    nobody = ssl.create_default_context()
    nobody.check_hostname = False
    nobody.verify_mode = ssl.CERT_NONE
    cases: tuple[tuple[tuple[Pins, ...], dict[str, Any]], ...] = (
        ((), {}),
        ((pins(), pins()), {}),
        ((pins(),), {"trust": anybody}),
        ((pins(),), {"trust": nobody}),
        ((pins(),), {"proxy": "socks5://localhost:1080"}),
        ((pins(),), {"proxy": "nowhere"}),
    )
    for transport in (PinnedTransport, AsyncPinnedTransport):
        for held, said in cases:
            with pytest.raises(Misconfigured):
                transport(*held, **said)
