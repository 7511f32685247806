"""DPoP proofs as the server takes them: with a nonce of its own, once."""

import pytest

from airside.protocols.oauth import DpopRefused
from airside.tokens import DpopNonceNeeded, Possession, SpentProofs
from airside.tokens.possession import NONCE_SECONDS
from airside.vault import Vault
from tests.senders import Holder
from tests.tokens.kit import Kit

URL = "https://id.example/t/acme/oauth2/token"
HOLDER = Holder()


@pytest.fixture
def possession(vault: Vault) -> Possession:
    return Possession(vault=vault, spent=SpentProofs())


async def test_first_proof_is_told_the_nonce_that_the_second_brings(kit: Kit, possession: Possession) -> None:
    """RFC 9449 §8."""
    async with kit.at() as ctx:
        now = ctx.now.timestamp()
        with pytest.raises(DpopNonceNeeded) as told:
            await possession.prove(ctx, HOLDER.proof(URL, now), method="POST", urls=(URL,))
        proof = HOLDER.proof(URL, now, nonce=told.value.nonce)
        assert await possession.prove(ctx, proof, method="POST", urls=(URL,)) == HOLDER.jkt
        with pytest.raises(DpopRefused, match="used before"):
            await possession.prove(ctx, proof, method="POST", urls=(URL,))


async def test_wrong_proof_is_told_no_nonce(kit: Kit, possession: Possession) -> None:
    """Only what is otherwise in order is worth another round."""
    async with kit.at() as ctx:
        with pytest.raises(DpopRefused) as refused:
            await possession.prove(ctx, HOLDER.proof(URL, 0), method="POST", urls=(URL,))
        assert not isinstance(refused.value, DpopNonceNeeded)


async def test_nonces_follow_each_other_and_every_process_makes_the_same(kit: Kit, vault: Vault) -> None:
    """RFC 9449 §8.2: stateless, so a second node takes what the first gave."""
    one, other = (Possession(vault=vault, spent=SpentProofs()) for _ in range(2))
    async with kit.at() as ctx:
        first = await one.nonce(ctx)
        assert await other.nonce(ctx) == first
    async with kit.at(NONCE_SECONDS) as ctx:
        second = await one.nonce(ctx)
        assert second != first
        now = ctx.now.timestamp()
        for nonce in (first, second):
            await other.prove(ctx, HOLDER.proof(URL, now, nonce=nonce), method="POST", urls=(URL,))
    async with kit.at(2 * NONCE_SECONDS) as ctx:
        with pytest.raises(DpopNonceNeeded):
            proof = HOLDER.proof(URL, ctx.now.timestamp(), nonce=first)
            await one.prove(ctx, proof, method="POST", urls=(URL,))
