"""What runs on a timer: a round over every tenant."""

from pathlib import Path
from typing import Final

from psycopg import AsyncConnection
from structlog.testing import capture_logs

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.store.migrate import migrate, role_of
from airside.vault.kms.local import LocalKek
from airside.wiring.jobs import Jobs
from tests.makers import MakeDatabase
from tests.running import running

SPOILT: Final = "update airside.tenant_key set wrapped = %s where tenant_id = %s"
OVER: Final = "insert into airside.spent_proof values (%s, 'dpop', %s, now() - interval '1 day')"
LEFT: Final = "select count(*) from airside.spent_proof"


async def test_sweep_that_fails_for_one_tenant_holds_up_nothing_else(
    blank_database: MakeDatabase, tmp_path: Path, kek: LocalKek, clock: Clock, entropy: Entropy
) -> None:
    """One tenant's keys don't open, and some of its sweeps need them: the others are done, its own and everybody's."""
    async with blank_database() as database:
        await migrate(database.owner, role_of(database.app))
        async with running(database.app, tmp_path, kek=kek, clock=clock, entropy=entropy) as server:
            spoilt, whole = await server.tenant(), await server.tenant()
            async with await AsyncConnection.connect(database.superuser, autocommit=True) as connection:
                await connection.execute(SPOILT, (b"x", spoilt.tenant_id))
                for place in (spoilt, whole):
                    await connection.execute(OVER, (place.tenant_id, b"h" * 32))
                server.services.vault.forget(spoilt.tenant_id)
                with capture_logs() as said:
                    await Jobs(server.services).sweep()
                left = await (await connection.execute(LEFT)).fetchone()
    postponed = {each["tenant_id"] for each in said if each["event"] == "sweep_postponed"}
    assert postponed == {str(spoilt.tenant_id)}
    assert not [each for each in said if each["event"] == "sweep_failed"]
    assert left == (0,)
