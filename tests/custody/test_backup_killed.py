"""Whoever makes or restores a backup and is killed: nothing half is listed, nothing half is there."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from airside.core.clock import Clock, FixedClock
from airside.core.entropy import Entropy
from airside.custody import ArchivedKeys, Backups, restore
from airside.custody.backup_model import Name
from airside.vault.kms.local import LocalKek
from tests.custody.backup_world import Filled
from tests.custody.databases import is_empty, rows_of
from tests.custody.stores import Kept, store_of
from tests.makers import Database

CHILD = """
import asyncio, os, signal, sys
from pathlib import Path
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.custody import ArchivedKeys, Backups, open_store, read_target, restore
from airside.custody.backup_model import Name
from airside.vault.kms.local import LocalKek
verb, dsn, target, kek, deadly, name = sys.argv[1:]
kek = LocalKek.load(Path(kek), entropy=SystemEntropy())
store = open_store(read_target(target), clock=SystemClock())
backups = Backups(store, kek=kek, clock=SystemClock(), entropy=SystemEntropy())
keys = ArchivedKeys(store, kek=kek, entropy=SystemEntropy(), clock=SystemClock())
seen = 0
def kill(rows, size):
    global seen
    seen += 1
    if seen == int(deadly):
        os.kill(os.getpid(), signal.SIGKILL)
if verb == "create":
    asyncio.run(backups.create(dsn, kill))
else:
    asyncio.run(restore(backups, keys, Name(name), dsn, kill))
"""


async def killed(verb: str, dsn: str, kept: Kept, kek: Path, at: int, name: str = "-") -> None:
    arguments = (sys.executable, "-c", CHILD, verb, dsn, kept.target, str(kek), str(at), name)
    process = await asyncio.create_subprocess_exec(*arguments, env=dict(os.environ))
    assert await process.wait() == -signal.SIGKILL


async def test_killed_halfway_nothing_half_is_listed_or_restored(
    two_tenants: Filled, kept: Kept, empty: Database, tmp_path: Path, clock: Clock, entropy: Entropy
) -> None:
    path, source = tmp_path / "own-kek", two_tenants.database.app
    kek = LocalKek.create(path, development=True, entropy=entropy)
    later = FixedClock(clock.now() + timedelta(days=8))
    store = store_of(kept, later)
    backups = Backups(store, kek=kek, clock=clock, entropy=entropy)
    keys = ArchivedKeys(store, kek=kek, clock=clock, entropy=entropy)
    await killed("create", source, kept, path, 20)
    assert kept.unfinished() != []
    assert await backups.list() == []
    manifest = await backups.create(source)
    assert kept.unfinished() == []
    for at in (1, 10, 30):
        await killed("restore", empty.owner, kept, path, at, manifest.name)
        assert await is_empty(empty)
    await restore(backups, keys, Name(manifest.name), empty.owner)
    assert sum(map(len, (await rows_of(empty)).values())) >= sum(manifest.rows.values())
