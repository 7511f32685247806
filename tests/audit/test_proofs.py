"""Proofs from stored nodes verify under signed heads, and stay short."""

from collections.abc import Awaitable, Callable
from math import ceil, log2
from uuid import UUID

import psycopg
import pytest

from airside.audit import consistency, inclusion, records
from airside.audit.tree import Frontier, verify_consistency, verify_inclusion
from airside.core.errors import Inconsistent, InvalidInput, NotFound
from tests.audit.conftest import Fill, Open, Sequence

SIZES = (1, 6, 13, 30)


@pytest.fixture
async def grown(fill: Fill, sequence: Sequence, tenant_id: UUID) -> UUID:
    """A tenant whose log grew to each of `SIZES`, with a head at each."""
    before = 0
    for turn, size in enumerate(SIZES):
        await fill(tenant_id, size - before)
        await sequence(tenant_id, 2.0 * turn)
        before = size
    return tenant_id


async def test_every_record_is_proven_under_the_newest_head(open_ctx: Open, grown: UUID) -> None:
    async with open_ctx(grown) as ctx:
        for leaf in await records.leaves(ctx, start=0, end=100, limit=100):
            proof = await inclusion(ctx, leaf.record_id)
            assert (proof.seq, proof.leaf_hash, proof.head.tree_size) == (leaf.seq, leaf.leaf_hash, SIZES[-1])
            assert len(proof.path) <= ceil(log2(SIZES[-1]))
            assert verify_inclusion(
                leaf=leaf.leaf_hash, index=leaf.seq, size=SIZES[-1], path=proof.path, root=proof.head.root
            )


async def test_every_head_is_the_beginning_of_every_later_one(open_ctx: Open, grown: UUID) -> None:
    async with open_ctx(grown) as ctx:
        heads = await records.heads(ctx, after=0, end=100, limit=100)
        assert [head.tree_size for head in heads] == list(SIZES)
        for place, first in enumerate(heads):
            for second in heads[place:]:
                proof = await consistency(ctx, first.tree_size, second.tree_size)
                assert verify_consistency(
                    first=proof.first,
                    second=proof.second,
                    first_root=first.root,
                    second_root=second.root,
                    path=proof.path,
                )


async def test_record_younger_than_the_newest_head_is_not_proven(
    open_ctx: Open, fill: Fill, grown: UUID, sequence: Sequence
) -> None:
    await fill(grown, 1)
    await sequence(grown, 6.1)
    async with open_ctx(grown) as ctx:
        youngest = (await records.leaves(ctx, start=SIZES[-1], end=100, limit=1))[0]
        with pytest.raises(NotFound):
            await inclusion(ctx, youngest.record_id)


async def test_record_of_another_tenant_is_not_there(
    open_ctx: Open, fill: Fill, grown: UUID, make_tenant: Callable[[], Awaitable[UUID]], sequence: Sequence
) -> None:
    """N20"""
    async with open_ctx(grown) as ctx:
        foreign = (await records.leaves(ctx, start=0, end=1, limit=1))[0].record_id
    other = await make_tenant()
    await fill(other, 1)
    await sequence(other)
    async with open_ctx(other) as ctx:
        with pytest.raises(NotFound):
            await inclusion(ctx, foreign)


@pytest.mark.parametrize(("first", "second"), [(0, 3), (-1, 3), (4, 3)])
async def test_sizes_that_make_no_sense_are_refused(open_ctx: Open, tenant_id: UUID, first: int, second: int) -> None:
    async with open_ctx(tenant_id) as ctx:
        with pytest.raises(InvalidInput):
            await consistency(ctx, first, second)


async def test_log_that_isn_t_that_long_has_no_such_proof(open_ctx: Open, grown: UUID) -> None:
    async with open_ctx(grown) as ctx:
        with pytest.raises(NotFound):
            await consistency(ctx, 1, SIZES[-1] + 1)


async def test_missing_nodes_are_an_inconsistency_and_no_proof(open_ctx: Open, grown: UUID, superuser_dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        await connection.execute("delete from airside.audit_node where tenant_id = %s", (grown,))
    async with open_ctx(grown) as ctx:
        with pytest.raises(Inconsistent):
            await consistency(ctx, 13, 30)


def test_nothing_appended_grows_nothing() -> None:
    assert Frontier().append([]) == (Frontier(), [])
