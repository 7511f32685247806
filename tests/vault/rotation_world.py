"""A tenant with people in it, whose data key is rotated, and a process that seals them anew until it is killed."""

import asyncio
import signal
import sys
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.ids import uuid7
from airside.identity import User
from airside.identity import records as people
from airside.identity.addresses import email_index
from airside.identity.email import domain_of
from airside.identity.records_email_domains import domain_index
from airside.store import Engine
from airside.vault import Vault
from airside.vault.kms.local import LocalKek
from airside.vault.rotation import SETTLING, DataKeys, Resealed, Turned

CLOCK, ENTROPY = SystemClock(), SystemEntropy()
WORKER = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.store import Engine
from airside.vault import Vault
from airside.vault.kms.local import LocalKek
from airside.vault.rotation import DataKeys

async def main(dsn, kek, tenant_id):
    clock, entropy = SystemClock(), SystemEntropy()
    vault = Vault(kek=LocalKek.load(Path(kek), entropy=entropy), entropy=entropy, clock=clock)
    async with Engine(dsn, clock=clock, entropy=entropy) as engine:
        print("ready", flush=True)
        async with engine.begin(UUID(tenant_id)) as ctx:
            await DataKeys(vault=vault).reseal(ctx, progress=lambda column, rows: print(rows, flush=True))

asyncio.run(main(*sys.argv[1:]))
"""


@dataclass
class Site:
    """One tenant. Every verb is said by a process of its own that remembers nothing."""

    engine: Engine
    kek: LocalKek
    tenant_id: UUID
    now: datetime

    def vault(self) -> Vault:
        return Vault(kek=self.kek, entropy=ENTROPY, clock=CLOCK)

    def later(self, by: timedelta = SETTLING) -> None:
        """Time passes."""
        self.now += by

    async def rotate(self) -> UUID:
        async with self.engine.begin(self.tenant_id, now=self.now) as ctx:
            return await DataKeys(vault=self.vault()).rotate(ctx)

    async def roll_back(self) -> UUID:
        async with self.engine.begin(self.tenant_id, now=self.now) as ctx:
            return await DataKeys(vault=self.vault()).roll_back(ctx)

    async def turn(self) -> Turned:
        async with self.engine.begin(self.tenant_id, now=self.now) as ctx:
            return await DataKeys(vault=self.vault()).turn(ctx)

    async def reseal(self) -> Resealed:
        async with self.engine.begin(self.tenant_id, now=self.now) as ctx:
            return await DataKeys(vault=self.vault()).reseal(ctx)

    async def owed(self) -> dict[str, int]:
        async with self.engine.begin(self.tenant_id, now=self.now) as ctx:
            return await DataKeys(vault=self.vault()).owed(ctx)

    async def rotated(self) -> UUID:
        """A new key that seals."""
        key_id = await self.rotate()
        self.later()
        assert (await self.turn()).active == key_id
        return key_id

    async def active(self) -> UUID:
        async with self.engine.begin(self.tenant_id) as ctx:
            return (await self.vault().keyset(ctx)).active

    async def grow(self, count: int, vault: Vault | None = None) -> list[User]:
        """More people."""
        keeper = vault or self.vault()
        made: list[User] = []
        async with self.engine.begin(self.tenant_id) as ctx:
            keyset = await keeper.keyset(ctx)
            for _ in range(count):
                user_id = uuid7(ctx.now, ENTROPY)
                drawn = await keeper.persons.draw(ctx, user_id)
                user = User(user_id, f"{user_id.hex}@example.com", f"Person {user_id.hex[-4:]}", "active", ctx.now)
                indexes = people.EmailIndexes(
                    email_index(keyset, user.email), domain_index(keyset, domain_of(user.email))
                )
                assert await people.insert_user(ctx, drawn.key, user, indexes)
                keeper.persons.keep(ctx, drawn)
                made.append(user)
        return made

    async def read(self) -> dict[UUID, User]:
        """Everybody, as a process that has just started reads them."""
        found: dict[UUID, User] = {}
        async with self.engine.begin(self.tenant_id) as ctx:
            vault = self.vault()
            after: UUID | None = None
            while page := await people.users(ctx, vault, after, 200):
                found |= {user.id: replace(user, created_at=self.now) for user in page}
                after = page[-1].id
        return found

    async def lost(self, users: list[User]) -> list[User]:
        """Those who aren't there as they were."""
        found = await self.read()
        return [user for user in users if found.get(user.id) != replace(user, created_at=self.now)]

    async def killed(self, dsn: str, kek: Path, wait: float) -> int:
        """Seal anew in another process, killed after `wait` seconds of work: how many rows it said that it had done."""
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", WORKER, dsn, str(kek), str(self.tenant_id)), stdout=asyncio.subprocess.PIPE
        )
        assert worker.stdout is not None
        assert await worker.stdout.readline() == b"ready\n"
        await asyncio.sleep(wait)
        if worker.returncode is None:
            worker.send_signal(signal.SIGKILL)
        said = await worker.stdout.read()
        await worker.wait()
        return sum(int(line) for line in said.split())
