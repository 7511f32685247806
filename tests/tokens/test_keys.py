"""Signing keys: sealed at rest, published, held for a bounded time."""

from dataclasses import dataclass

import pytest

from airside.core.errors import Inconsistent
from airside.core.strict_json import dumps
from airside.protocols.jose import keyset_from_jwks
from airside.tokens.keys import KEYS_LIFETIME, SETTLING
from tests.conftest import MakeTenant, OpenContext
from tests.tokens.kit import Kit


@dataclass(frozen=True)
class Row:
    kid: str
    alg: str
    public_jwk: str
    private_sealed: bytes


async def rows(kit: Kit) -> list[Row]:
    async with kit.at() as ctx:
        statement = "select kid, alg, public_jwk, private_sealed from airside.signing_key where tenant_id = %s"
        return await ctx.tx.all(Row, statement, (kit.tenant_id,))


async def test_tenant_gets_an_es256_and_an_rs256_key(kit: Kit):
    async with kit.at() as ctx:
        await kit.keys.create(ctx)
    async with kit.at() as ctx:
        document = await kit.keys.jwks(ctx)
        assert (await kit.keys.signer(ctx)).alg == "ES256"
        assert (await kit.keys.signer(ctx, "RS256")).alg == "RS256"
    assert sorted(key.alg for key in keyset_from_jwks(dumps(document))) == ["ES256", "RS256"]
    assert b'"d"' not in dumps(document)


async def test_private_keys_are_stored_only_sealed(keyed: Kit):
    """N37"""
    async with keyed.at() as ctx:
        clear = (await keyed.keys.signer(ctx)).pkcs8()
    stored = await rows(keyed)
    assert len(stored) == 2
    for row in stored:
        assert clear not in row.private_sealed
        assert clear[-32:] not in row.private_sealed
        assert '"d"' not in row.public_jwk


async def test_tenant_without_keys_cannot_sign(kit: Kit):
    async with kit.at() as ctx:
        with pytest.raises(Inconsistent):
            await kit.keys.signer(ctx)
        assert await kit.keys.jwks(ctx) == {"keys": []}


async def test_warm_keys_touch_no_database(keyed: Kit):
    async with keyed.at() as ctx:
        first = await keyed.keys.keyset(ctx)
    async with keyed.at(KEYS_LIFETIME.total_seconds() - 1) as ctx:
        await ctx.tx.run("select 1")
        assert await keyed.keys.keyset(ctx) is first
    async with keyed.at(KEYS_LIFETIME.total_seconds()) as ctx:
        again = await keyed.keys.keyset(ctx)
    assert again is not first
    assert again.fingerprint == first.fingerprint


async def test_keys_made_in_a_transaction_that_rolls_back_are_not_remembered(kit: Kit):
    with pytest.raises(RuntimeError, match="undone"):
        async with kit.at() as ctx:
            await kit.keys.create(ctx, ("ES256",))
            await kit.keys.signer(ctx)
            raise RuntimeError("undone")
    async with kit.at() as ctx:
        assert len(await kit.keys.keyset(ctx)) == 0


async def test_new_key_is_published_at_once_and_signs_when_every_process_must_know_it(keyed: Kit):
    async with keyed.at() as ctx:
        old = await keyed.keys.signer(ctx)
    async with keyed.at(1000) as ctx:
        await keyed.keys.create(ctx, ("ES256",))
    async with keyed.at(1001) as ctx:
        assert len(await keyed.keys.keyset(ctx)) == 3
        assert (await keyed.keys.signer(ctx)).kid == old.kid
    async with keyed.at(1000 + SETTLING.total_seconds()) as ctx:
        assert (await keyed.keys.signer(ctx)).kid != old.kid
        assert (await keyed.keys.keyset(ctx)).get(old.kid) is not None


async def test_keys_of_one_tenant_are_not_another_s(keyed: Kit, make_tenant: MakeTenant, open_ctx: OpenContext):
    """N20"""
    async with open_ctx(await make_tenant()) as ctx:
        assert len(await keyed.keys.keyset(ctx)) == 0
