"""A peer, and the parts of the SDK that speak to it."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from airside.core.clock import FixedClock
from airside.core.secret import Secret
from airside.fetch import Fetcher
from airside.sdk import ServiceClient, Verifier, connect
from tests.sdk.peer import AUDIENCE, CLIENT_ID, CLIENT_SECRET, Peer, serve_peer

MOMENT = datetime(2027, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def moment() -> FixedClock:
    """A clock that stands still until told to move; the peer reads the same."""
    return FixedClock(MOMENT)


@pytest.fixture
async def peer(tmp_path_factory: pytest.TempPathFactory, moment: FixedClock) -> AsyncIterator[Peer]:
    async with serve_peer(_certificates(tmp_path_factory), moment) as running:
        yield running


def _certificates(factory: pytest.TempPathFactory) -> Path:
    return factory.getbasetemp() / "peer-certificates"


@pytest.fixture
async def fetcher(peer: Peer) -> AsyncIterator[Fetcher]:
    async with connect(peer.issuer, ca_file=peer.ca_file) as opened:
        yield opened


@pytest.fixture
async def verifier(peer: Peer, fetcher: Fetcher, moment: FixedClock) -> AsyncIterator[Verifier]:
    made = Verifier(peer.issuer, AUDIENCE, fetcher=fetcher, clock=moment)
    yield made
    await made.stop()


@pytest.fixture
def make_client(peer: Peer, fetcher: Fetcher, moment: FixedClock) -> Callable[..., ServiceClient]:
    """Makes the application's own client; another secret if asked."""

    def make(secret: str = CLIENT_SECRET) -> ServiceClient:
        return ServiceClient(peer.issuer, CLIENT_ID, Secret(secret), fetcher=fetcher, clock=moment)

    return make
