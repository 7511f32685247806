"""G36: tokens of unknown `kid` by the thousand, the key server down: it is left in peace, and known keys verify.

Twice: an application asks for the server's keys (the SDK), and the server for those of a client that signs for itself
(`jwks_uri`).
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from airside.core.clock import FixedClock
from airside.core.ids import CLIENT, parse_id
from airside.core.strict_json import dumps
from airside.oauth import Client, ClientSettings, client_keys
from airside.oauth.client_keys import ClientKeys
from airside.protocols.jose import SigningKey, TokenRefused, b64url_encode
from airside.sdk import Verifier, connect
from airside.sdk.keys import FETCH_EVERY
from airside.store import RequestContext
from tests.makers import OpenContext
from tests.sdk.peer import AUDIENCE, CLIENT_ID, Peer, serve_peer

TOKENS = 10_000
ROUNDS = 20  # each on a later moment: 10 s apart, so 190 s in all
STEP = 10.0


@pytest.fixture
def moment() -> FixedClock:
    return FixedClock(datetime(2027, 3, 1, 12, tzinfo=UTC))


@pytest.fixture
async def peer(tmp_path: Path, moment: FixedClock) -> AsyncIterator[Peer]:
    async with serve_peer(tmp_path, moment) as running:
        yield running


@pytest.fixture
async def verifier(peer: Peer, moment: FixedClock) -> AsyncIterator[Verifier]:
    async with connect(peer.issuer, ca_file=peer.ca_file) as fetcher:
        made = Verifier(peer.issuer, AUDIENCE, fetcher=fetcher, clock=moment)
        yield made
        await made.stop()


def renamed(token: str, kid: str) -> str:
    """`token` as if it were of a key called `kid`; what it costs an attacker: no signature."""
    _head, body, tail = token.split(".")
    return f"{b64url_encode(dumps({'alg': 'ES256', 'kid': kid, 'typ': 'at+jwt'}))}.{body}.{tail}"


async def storm(verifier: Verifier, tokens: list[str]) -> int:
    """Throw `tokens` at the verifier, fifty at once; how many it took."""
    taken = 0
    for start in range(0, len(tokens), 50):
        answers = await asyncio.gather(
            *(verifier.verify(token) for token in tokens[start : start + 50]), return_exceptions=True
        )
        taken += sum(not isinstance(answer, TokenRefused) for answer in answers)
    return taken


@pytest.mark.gauntlet
@pytest.mark.parametrize("down", [False, True], ids=["key server up", "key server down"])
async def test_unknown_keys_cause_one_fetch_in_thirty_seconds(
    verifier: Verifier, peer: Peer, moment: FixedClock, down: bool
) -> None:
    """G36, N27: 10,000 tokens of unknown kid over 190 s; ≤ 1 key fetch per 30 s; known keys verify 100 %."""
    good = peer.token(exp=4_000_000_000)
    await verifier.verify(good)
    if down:
        peer.down |= {"jwks", "openid-configuration"}
    before = peer.asked["jwks"] + peer.asked["openid-configuration"]
    known = taken = 0
    for turn in range(ROUNDS):
        names = [f"k-{turn}-{number}" for number in range(TOKENS // ROUNDS)]
        taken += await storm(verifier, [renamed(good, name) for name in names])
        known += verifier.verify_cached(good) is not None
        known += bool((await verifier.verify(peer.token(exp=4_000_000_000))).subject)
        moment.advance(STEP)
    fetches = peer.asked["jwks"] + peer.asked["openid-configuration"] - before
    allowed = int((ROUNDS - 1) * STEP / FETCH_EVERY)  # the first fetch of all opened the first thirty seconds
    print(
        f"G36: {TOKENS} unknown, {taken} taken, {fetches} fetches (≤ {allowed}), {known} of {2 * ROUNDS} known verified"
    )
    assert taken == 0
    assert 0 < fetches <= allowed
    assert known == 2 * ROUNDS


@pytest.mark.gauntlet
async def test_key_server_that_never_answered_is_asked_once_in_thirty_seconds(
    verifier: Verifier, peer: Peer, moment: FixedClock
) -> None:
    """G36: cold, and down from the start."""
    peer.down.add("everything")
    stranger = SigningKey("k9", "ES256", peer.keys[0].private)
    for _ in range(4):
        answers = await asyncio.gather(
            *(verifier.verify(peer.token(stranger)) for _ in range(100)), return_exceptions=True
        )
        assert all(isinstance(answer, Exception) for answer in answers)
        moment.advance(FETCH_EVERY / 2)
    assert peer.asked.total() == 2


def signing_client(peer: Peer, moment: FixedClock) -> Client:
    """One whose keys are behind its `jwks_uri`."""
    return Client(
        client_id=parse_id(CLIENT, CLIENT_ID),
        name="Signing",
        public=False,
        redirect_uris=(),
        grants=frozenset(),
        scopes=frozenset(),
        audiences=(),
        secrets=(),
        state="active",
        created_at=moment.now(),
        settings=ClientSettings(token_endpoint_auth_method="private_key_jwt", jwks_uri=f"{peer.issuer}/oauth2/jwks"),
    )


async def refused(keys: ClientKeys, ctx: RequestContext, client: Client, tokens: list[str]) -> int:
    """Throw `tokens` at the server, fifty at once; how many it refused."""
    count = 0
    for start in range(0, len(tokens), 50):
        asked = (keys.verify(ctx, client, token) for token in tokens[start : start + 50])
        count += sum(isinstance(each, TokenRefused) for each in await asyncio.gather(*asked, return_exceptions=True))
    return count


@pytest.mark.gauntlet
@pytest.mark.parametrize("down", [False, True], ids=["key server up", "key server down"])
async def test_assertions_of_unknown_keys_cause_one_fetch_in_thirty_seconds(
    peer: Peer, moment: FixedClock, open_ctx: OpenContext, tenant_id: UUID, down: bool
) -> None:
    """G36, N27: as above, where the server asks for the keys of a client."""
    client, good = signing_client(peer, moment), peer.token(exp=4_000_000_000)
    async with connect(peer.issuer, ca_file=peer.ca_file) as fetcher, open_ctx(tenant_id) as ctx:
        keys = ClientKeys(fetcher=fetcher, clock=moment)
        await keys.verify(ctx, client, good)
        if down:
            peer.down.add("jwks")
        before, known, turned_away = peer.asked["jwks"], 0, 0
        for turn in range(ROUNDS):
            names = [f"k-{turn}-{number}" for number in range(TOKENS // ROUNDS)]
            turned_away += await refused(keys, ctx, client, [renamed(good, name) for name in names])
            known += (await keys.verify(ctx, client, good)).header.kid == peer.keys[0].kid
            moment.advance(STEP)
    fetches, allowed = peer.asked["jwks"] - before, int((ROUNDS - 1) * STEP / client_keys.FETCH_EVERY)
    print(f"G36: {TOKENS} unknown, {turned_away} refused, {fetches} fetches (≤ {allowed}), {known} of {ROUNDS} known")
    assert turned_away == TOKENS
    assert 0 < fetches <= allowed
    assert known == ROUNDS
