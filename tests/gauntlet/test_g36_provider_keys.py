"""G36, where the server asks a foreign issuer for its keys: tokens of unknown `kid` by the thousand, the key server
down."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from airside.core.clock import FixedClock
from airside.core.strict_json import dumps
from airside.federation import Documents, OidcSettings, Providers
from airside.federation.documents import FETCH_EVERY
from airside.protocols.jose import KeySet, TokenRefused, VerifiedJws, b64url_encode, verify_compact
from airside.sdk import connect
from airside.store import RequestContext
from tests.makers import OpenContext
from tests.sdk.peer import Peer, serve_peer

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


def renamed(token: str, kid: str) -> str:
    """`token` as if it were of a key called `kid`; what it costs an attacker: no signature."""
    _head, body, tail = token.split(".")
    return f"{b64url_encode(dumps({'alg': 'ES256', 'kid': kid, 'typ': 'JWT'}))}.{body}.{tail}"


async def verified(providers: Providers, ctx: RequestContext, settings: OidcSettings, token: str) -> VerifiedJws:
    """What the door does with every token of an issuer."""
    metadata = await providers.metadata(ctx, settings)

    def verify(keys: KeySet) -> VerifiedJws:
        return verify_compact(token, keys)

    return await providers.verified(ctx, settings, metadata, verify)


@pytest.mark.gauntlet
@pytest.mark.parametrize("down", [False, True], ids=["key server up", "key server down"])
async def test_unknown_keys_of_an_issuer_cause_one_fetch_in_thirty_seconds(
    peer: Peer, moment: FixedClock, open_ctx: OpenContext, tenant_id: UUID, down: bool
) -> None:
    """G36, N27: 10,000 tokens of unknown kid over 190 s; ≤ 1 key fetch per 30 s; known keys verify 100 %."""
    settings = OidcSettings(
        issuer=peer.issuer,
        client_id="c",
        id_token_signed_response_alg="ES256",
        authorization_endpoint=f"{peer.issuer}/oauth2/authorize",
        token_endpoint=f"{peer.issuer}/oauth2/token",
        jwks_uri=f"{peer.issuer}/oauth2/jwks",
    )
    good = peer.token(exp=4_000_000_000)
    async with connect(peer.issuer, ca_file=peer.ca_file) as fetcher, open_ctx(tenant_id) as ctx:
        providers = Providers(documents=Documents(fetcher=fetcher, clock=moment))
        await verified(providers, ctx, settings, good)
        if down:
            peer.down.add("jwks")
        before, known, turned_away = peer.asked["jwks"], 0, 0
        for turn in range(ROUNDS):
            names = [f"k-{turn}-{number}" for number in range(TOKENS // ROUNDS)]
            for start in range(0, len(names), 50):
                asked = (verified(providers, ctx, settings, renamed(good, name)) for name in names[start : start + 50])
                answers = await asyncio.gather(*asked, return_exceptions=True)
                turned_away += sum(isinstance(each, TokenRefused) for each in answers)
            known += (await verified(providers, ctx, settings, good)).header.kid == peer.keys[0].kid
            moment.advance(STEP)
    fetches = peer.asked["jwks"] - before
    allowed = int((ROUNDS - 1) * STEP / FETCH_EVERY)
    print(f"G36: {TOKENS} unknown, {turned_away} refused, {fetches} fetches (≤ {allowed}), {known} of {ROUNDS} known")
    assert turned_away == TOKENS
    assert 0 < fetches <= allowed
    assert known == ROUNDS
