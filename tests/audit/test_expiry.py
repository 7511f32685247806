"""Records whose time is over go when the log has said so; what is left verifies, and nothing else may be gone."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from airside.audit import Event, Expiry, Journal, Report, entries, inclusion, verify_file, verify_tenant, write_entry
from airside.audit.expiry import AT_ONCE, months_before
from airside.audit.model import Cut, Head, Leaf
from airside.audit.tree import verify_inclusion
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Inconsistent
from airside.core.principal import ANONYMOUS
from airside.store import Engine
from airside.store.connection import Connection
from airside.vault import Vault
from tests.audit.conftest import Open, Sequence

OLD, MONTHS = timedelta(days=400), 6
Expire = Callable[[], Awaitable[Cut | None]]


@pytest.fixture
def expiry(journal: Journal, vault: Vault, entropy: Entropy) -> Expiry:
    return Expiry(journal=journal, vault=vault, entropy=entropy)


@pytest.fixture
async def trusted(journal: Journal, sequence: Sequence, open_ctx: Open, tenant_id: UUID, clock: Clock) -> str:
    """Seven old records and five young ones under a head; the head."""
    for count, age in ((7, OLD), (5, timedelta())):
        async with open_ctx(tenant_id, now=clock.now() - age) as ctx:
            for _ in range(count):
                await journal.record(ctx, Event.USER_UPDATED, subject="user:1")
    await sequence(tenant_id)
    async with open_ctx(tenant_id) as ctx:
        return [entry.jws async for entry in entries(ctx) if isinstance(entry, Head)][-1]


@pytest.fixture
def expire(
    expiry: Expiry, sequence: Sequence, open_ctx: Open, tenant_id: UUID, engine: Engine, superuser_dsn: str
) -> Expire:
    """As the operator's command does."""

    async def run() -> Cut | None:
        async with open_ctx(tenant_id) as ctx:
            cut = await expiry.cut(ctx, MONTHS)
        if cut is not None:
            await sequence(tenant_id, 2.0)
            async with (
                await Connection.connect(superuser_dsn, autocommit=True) as owner,
                engine.join(owner, tenant_id, principal=ANONYMOUS) as ctx,
            ):
                for start in await expiry.remaining(ctx, cut):
                    await expiry.let_go(ctx, cut, start)
        return cut

    return run


async def verified(open_ctx: Open, tenant_id: UUID, folder: Path, trusted: str | None) -> Report:
    """Of the database and of the exported file, which agree."""
    path = folder / "log.ndjson"
    async with open_ctx(tenant_id) as ctx:
        path.write_bytes(b"".join([write_entry(entry) async for entry in entries(ctx)]))
        report = await verify_tenant(ctx, trusted_head=trusted)
    assert verify_file(path, trusted) == report
    return report


def kinds(report: Report) -> set[str]:
    return {problem.kind for problem in report.problems}


async def test_log_that_expired_verifies_against_a_head_from_before_the_cut(
    trusted: str, expire: Expire, open_ctx: Open, tenant_id: UUID, tmp_path: Path
) -> None:
    cut = await expire()
    report = await verified(open_ctx, tenant_id, tmp_path, trusted)
    assert (report.problems, report.expired, report.proven, report.cut) == ((), 7, 6, cut)


async def test_proof_of_what_is_left_holds_after_the_cut(
    trusted: str, expire: Expire, open_ctx: Open, tenant_id: UUID
) -> None:
    await expire()
    async with open_ctx(tenant_id) as ctx:
        leaves = [entry async for entry in entries(ctx) if isinstance(entry, Leaf)]
        proof = await inclusion(ctx, leaves[8].record_id)
    assert [leaf.record is None for leaf in leaves] == [True] * 7 + [False] * 6
    assert verify_inclusion(
        leaf=proof.leaf_hash, index=8, size=proof.head.tree_size, path=proof.path, root=proof.head.root
    )


async def test_nothing_is_cut_twice_or_before_its_time(
    trusted: str, expire: Expire, expiry: Expiry, open_ctx: Open, tenant_id: UUID, tmp_path: Path
) -> None:
    async with open_ctx(tenant_id) as ctx:
        assert await expiry.cut(ctx, 20) is None
    assert await expire() == await expire()
    assert (await verified(open_ctx, tenant_id, tmp_path, trusted)).proven == 6


async def test_what_is_gone_is_not_walked_again_and_what_was_left_is_found(
    trusted: str, expire: Expire, expiry: Expiry, open_ctx: Open, tenant_id: UUID, superuser_dsn: str
) -> None:
    async with open_ctx(tenant_id) as ctx:
        cut = await expiry.cut(ctx, MONTHS)
        assert cut is not None
        assert await expiry.remaining(ctx, cut) == range(0, 7, AT_ONCE)
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        await connection.execute(
            "delete from airside.audit_record using airside.audit_leaf l where l.tenant_id = audit_record.tenant_id"
            " and l.record_id = audit_record.record_id and l.tenant_id = %s and l.seq in (0, 1, 3)",
            (tenant_id,),
        )
    async with open_ctx(tenant_id) as ctx:
        assert await expiry.remaining(ctx, cut) == range(2, 7, AT_ONCE)
    await expire()
    async with open_ctx(tenant_id) as ctx:
        assert list(await expiry.remaining(ctx, cut)) == []


async def test_record_behind_the_cut_that_is_gone_is_missed(
    trusted: str, expire: Expire, open_ctx: Open, tenant_id: UUID, superuser_dsn: str, tmp_path: Path
) -> None:
    await expire()
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        await connection.execute(
            "delete from airside.audit_record using airside.audit_leaf l where l.tenant_id = audit_record.tenant_id"
            " and l.record_id = audit_record.record_id and l.tenant_id = %s and l.seq = 9",
            (tenant_id,),
        )
    assert kinds(await verified(open_ctx, tenant_id, tmp_path, trusted)) == {"record missing"}


async def test_cut_that_its_key_did_not_sign_allows_nothing_and_ends_expiry(
    trusted: str, expire: Expire, journal: Journal, sequence: Sequence, open_ctx: Open, tenant_id: UUID, tmp_path: Path
) -> None:
    """Whoever rules the database can have the server take a record of theirs into the tree: that alone says nothing."""
    forged = {"tree_size": 12, "root": "00" * 32, "before": "2026-01-01T00:00:00.000000Z", "signature": "00" * 64}
    async with open_ctx(tenant_id) as ctx:
        await journal.record(ctx, Event.AUDIT_EXPIRED, details=forged)
    await sequence(tenant_id, 2.0)
    assert "cut forged" in kinds(await verified(open_ctx, tenant_id, tmp_path, trusted))
    with pytest.raises(Inconsistent):
        await expire()


async def test_servers_own_role_deletes_no_record(
    trusted: str, expiry: Expiry, open_ctx: Open, tenant_id: UUID
) -> None:
    async with open_ctx(tenant_id) as ctx:
        cut = await expiry.cut(ctx, MONTHS)
    assert cut is not None
    with pytest.raises(Inconsistent, match="refused by the database"):
        async with open_ctx(tenant_id) as ctx:
            await expiry.let_go(ctx, cut, 0)


@pytest.mark.parametrize(
    ("now", "months", "first"),
    [
        pytest.param(datetime(2027, 1, 1, tzinfo=UTC), 3, datetime(2026, 10, 1, tzinfo=UTC), id="over_new_year"),
        pytest.param(datetime(2027, 3, 31, 23, tzinfo=UTC), 12, datetime(2026, 3, 1, tzinfo=UTC), id="a_year"),
        pytest.param(datetime(2027, 12, 5, tzinfo=UTC), 12, datetime(2026, 12, 1, tzinfo=UTC), id="december"),
    ],
)
def test_whole_months_are_kept(now: datetime, months: int, first: datetime) -> None:
    assert months_before(now, months) == first
