"""One tenant on two nodes whose keys are rotated while people sign in, are looked up, come and are changed.

Time is the test's: the nodes share a clock that it moves, of the day and of their memory, so that what takes minutes
takes none. One node hears the other's news; the other is deaf, and knows of a key only what its five minutes' memory
says. What rotates is done by processes of their own too, which are killed.
"""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

from airside.admin.platform import OPERATOR
from airside.core.clock import Clock
from airside.core.errors import Conflict, LimitExceeded, Refusal, Unauthenticated
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.identity import User
from airside.store import RequestContext
from airside.vault import Unopenable
from airside.vault.columns import SEALED, Sealed
from airside.vault.model import Place
from airside.vault.persons import open_personal, person_of
from airside.vault.records_columns import Row, place_row
from airside.wiring.build import Services

STEP = 60.0
"""Seconds that the clock moves at once: no request takes as long."""
FORGE = """
import asyncio, os, signal, sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.vault.kms.local import LocalKek
from airside.vault.kms.several import Keks
from airside.wiring.build import build
from airside.wiring.settings import Settings

@dataclass
class Ahead:
    by: float
    def now(self):
        return SystemClock().now() + timedelta(seconds=self.by)
    def monotonic(self):
        return SystemClock().monotonic() + self.by

def say(word):
    return os.write(1, f"{word}\\n".encode())  # at once: who is killed has said a whole line, or none

async def work(folder, dsn, tenant_id, verb, ahead, current, old):
    entropy = SystemEntropy()
    load = lambda name: LocalKek.load(folder / name, entropy=entropy)
    kek = Keks(load(current), [load(old)])
    settings = Settings(mode="development", public_url="https://localhost:8443", port=8443, redirect_port=None)
    services = build(settings, dsn=dsn, kek=kek, clock=Ahead(float(ahead)), entropy=entropy)
    await services.engine.open()
    say("works")
    async with services.engine.begin(UUID(tenant_id)) as ctx:
        await getattr(services.vault_keys, verb)(ctx)
    say("done")

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    born = os.fork() if line.strip() else say("killed")
    if not born:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        asyncio.run(work(Path(sys.argv[1]), *sys.argv[2:4], *line.split()))
        os._exit(0)
    if line.strip():
        say(born)
"""
"""Imports once and forks a process for each line that it reads, which says one verb of `VaultKeys`."""


@dataclass
class Moving:
    """A clock that a test moves on."""

    true: Clock
    ahead: float = 0.0

    def now(self) -> datetime:
        return self.true.now() + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return self.true.monotonic() + self.ahead


@dataclass
class Mortals:
    """Processes that rotate, and are killed."""

    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, folder: Path, dsn: str, tenant_id: UUID) -> "Mortals":
        words = ("-c", FORGE, str(folder), dsn, str(tenant_id))
        pipe = asyncio.subprocess.PIPE
        return cls(await asyncio.create_subprocess_exec(sys.executable, *words, stdin=pipe, stdout=pipe))

    async def killed(self, words: str, wait: float) -> bool:
        """One works, and is killed `wait` seconds later (SIGKILL); whether that was in the middle."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{words}\n".encode())
        born, works = sorted([await self._said(), await self._said()])
        assert works == "works"
        await asyncio.sleep(wait)
        with suppress(ProcessLookupError):
            os.kill(int(born), signal.SIGKILL)
        self.process.stdin.write(b"\n")
        return [await self._said()] == ["killed"] or await self._said() != "killed"

    async def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        await self.process.wait()

    async def _said(self) -> str:
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode().strip()


@dataclass(frozen=True)
class _Found:
    sealed: bytes
    first: object
    second: object = None


@dataclass
class Person:
    """What is known of somebody: how they are found, and by which password."""

    user: User
    password: str = ""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass
class World:
    """The nodes, who is there, and what came of it."""

    nodes: list[Services]
    clock: Moving
    tenant_id: UUID
    dice: Random
    people: list[Person] = field(default_factory=list[Person])
    counted: Counter[str] = field(default_factory=Counter[str])
    hashing: asyncio.Lock = field(default_factory=asyncio.Lock)
    clients: int = 6
    deeds: int = 2
    failures: list[str] = field(default_factory=list[str])

    def node(self) -> Services:
        return self.dice.choice(self.nodes)

    def origin(self) -> Origin:
        return Origin(f"10.{self.dice.randrange(256)}.{self.dice.randrange(256)}.{self.dice.randrange(256)}")

    async def add(self, email: str, node: Services) -> bool:
        """Somebody new; False where the address is taken."""
        try:
            async with node.engine.begin(self.tenant_id) as ctx:
                user = await node.users.create(ctx, email, "Ada")
        except Conflict:
            return False
        self.people.append(Person(user))  # once it has committed: others look for them from here on
        return True

    async def beside(self, work: Awaitable[object]) -> None:
        """`work`, and at the same time every client does what it does. Nothing is under way when this returns: no
        request takes as long as the clock moves at once."""
        await asyncio.gather(work, *(self._client() for _ in range(self.clients)))

    async def _client(self) -> None:
        deeds = {self.sign_in: 1, self.find: 14, self.read: 14, self.write: 6, self.come: 3, self.colleagues: 2}
        for deed in self.dice.choices(list(deeds), list(deeds.values()), k=self.deeds):
            try:
                await deed()
            except Exception as error:  # noqa: BLE001 - whatever fails is counted
                self.failures.append(f"{deed.__name__}: {type(error).__name__}: {error}")
            self.counted["requests"] += 1

    async def sign_in(self, person: Person | None = None) -> None:
        known = person or self.dice.choice([each for each in self.people if each.password])
        node = self.node()
        async with self.hashing, known.lock, node.engine.begin(self.tenant_id, origin=self.origin()) as ctx:
            proof = await node.passwords.prove(ctx, known.user.email, Secret(known.password))
        self.expect(proof.user_id == known.user.id, "signed in as somebody else")

    async def find(self) -> None:
        person, node = self.dice.choice(self.people), self.node()
        async with node.engine.begin(self.tenant_id) as ctx:
            found = await node.users.find_by_email(ctx, person.user.email.upper())
        self.expect(found is not None and found.id == person.user.id, f"not found: {found}")

    async def read(self) -> None:
        person, node = self.dice.choice(self.people), self.node()
        async with node.engine.begin(self.tenant_id) as ctx:
            found = await node.users.get(ctx, person.user.id)
        self.expect(found.email == person.user.email, "another address")

    async def write(self) -> None:
        person, node = self.dice.choice(self.people), self.node()
        async with person.lock, node.engine.begin(self.tenant_id) as ctx:
            await node.users.change(ctx, person.user.id, person.user.email, "Eve", verified=True)

    async def come(self) -> None:
        """Somebody new, whose address nobody gets a second time; nor one of those who are there."""
        email = f"new-{self.dice.getrandbits(64):016x}@example.com"
        self.expect(await self.add(email, self.node()), "a new address is taken")
        for taken in (email, self.dice.choice(self.people).user.email):
            self.expect(not await self.add(taken.upper(), self.node()), "an address was given twice")

    async def colleagues(self) -> None:
        node = self.node()
        async with node.engine.begin(self.tenant_id) as ctx:
            page = await node.users.at_domain(ctx, "example.com", None, 50)
        self.expect(len(page.users) == 50, f"{len(page.users)} of a domain's 50 people")

    async def contest(self, person: Person) -> None:
        """A new password is set while the old one signs in, whose seal is of a former key: the new one stays."""
        old, person.password = person.password, f"correct horse {self.dice.getrandbits(64):016x}"
        async with self.hashing:
            signing = [asyncio.create_task(self._late(person, old, wait)) for wait in (0.0, 0.03)]
            node = self.node()
            async with node.engine.begin(self.tenant_id) as ctx:
                await node.passwords.set(ctx, person.user.id, Secret(person.password))
            await asyncio.gather(*signing)
        await self.sign_in(person)
        self.counted["contests"] += 1

    async def _late(self, person: Person, password: str, wait: float) -> None:
        await asyncio.sleep(wait)
        node = self.node()
        with suppress(Unauthenticated, LimitExceeded):
            async with node.engine.begin(self.tenant_id, origin=self.origin()) as ctx:
                await node.passwords.prove(ctx, person.user.email, Secret(password))

    async def move(self, seconds: float) -> None:
        """Let time pass: step by step, with the timer's turn and everybody's work at each."""
        until = self.clock.ahead + seconds
        while self.clock.ahead < until and not self.failures:
            self.clock.ahead += STEP
            await self.tell("turn", self.nodes[0])
            try:
                await self.relay()
            except Refusal as error:
                self.failures.append(f"relay: {type(error).__name__}: {error}")

    def expect(self, right: bool, words: str) -> None:
        if not right:
            self.failures.append(words)

    async def unreadable(self, fresh: Services) -> list[str]:
        """Sealed values of whatever column that a node doesn't open which has just started."""
        wrong: list[str] = []
        for column in SEALED:
            async with fresh.engine.begin(self.tenant_id) as ctx:
                wrong += await self._unopened(ctx, fresh, column)
        return wrong

    async def _unopened(self, ctx: RequestContext, node: Services, column: Sealed) -> list[str]:
        words = ", ".join(f"{name} as {word}" for name, word in zip(column.key, ("first", "second"), strict=False))
        sql = f"select {words}, {column.column} as sealed from airside.{column.table}"
        rows = await ctx.tx.all(
            _Found, f"{sql} where tenant_id = %s and {column.column} is not null", (self.tenant_id,)
        )
        keyset, wrong = await node.vault.keyset(ctx), list[str]()
        for row in rows:
            self.counted["values"] += 1
            place = Place(column.table, column.column, place_row(column, Row(row.sealed, row.first, row.second)))
            try:
                who = person_of(row.sealed)
                person = None if who is None else await node.vault.persons.of(ctx, who)
                open_personal(keyset, person, place, row.sealed)
            except Unopenable:
                wrong.append(f"{column.table}.{column.column}")
        return wrong

    async def missed(self, fresh: Services) -> list[str]:
        """Who isn't found by their address on a node that has just started, or is there twice."""
        wrong: list[str] = []
        async with fresh.engine.begin(self.tenant_id) as ctx:
            for person in self.people:
                self.counted["lookups"] += 1
                try:
                    known = await fresh.users.known(ctx, person.user.email)
                except Refusal:
                    known = None
                if known != person.user.id:
                    wrong.append(person.user.email)
        return wrong

    async def relay(self) -> None:
        """Who comes by one node, whose key is sealed with the data key, is read by every other at once."""
        for writer in self.nodes:
            self.expect(await self.add(f"new-{self.dice.getrandbits(64):016x}@example.com", writer), "is taken")
            person = self.people[-1]
            for reader in self.nodes:
                async with reader.engine.begin(self.tenant_id) as ctx:
                    await reader.users.get(ctx, person.user.id)
            self.counted["requests"] += len(self.nodes) + 1

    async def rotate(self, verb: str) -> None:
        """A new key comes by the node that is heard, just after the deaf one has read which keys there are: no memory
        ends later."""
        for node in self.nodes:
            node.vault.forget(self.tenant_id)
            async with node.engine.begin(self.tenant_id) as ctx:
                await node.vault.keyset(ctx)
        await self.tell(verb, self.nodes[0])

    async def tell(self, verb: str, node: Services | None = None) -> None:
        """One of the verbs of an operator or a timer, on `node` or either, beside everybody's work."""
        node = node or self.node()

        async def said() -> None:
            async with node.engine.begin(self.tenant_id, principal=OPERATOR) as ctx:
                await getattr(node.vault_keys, verb)(ctx)

        await self.beside(said())
