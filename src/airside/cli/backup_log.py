"""What `airside backup` says in the operators' own audit log."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from airside.admin import OPERATOR
from airside.audit import Journal, Sequencer
from airside.cli.session import err
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.errors import Refusal
from airside.custody import BackupEvents
from airside.store import Engine, Lookup, RequestContext
from airside.tenancy import PLATFORM_SLUG
from airside.vault import Aead, Vault

Say = Callable[[BackupEvents, RequestContext], Awaitable[None]]


class OperatorsLog:
    """The log in the database at `dsn`. Where no database is named, or no operators' tenant is in it yet, nobody is
    told."""

    def __init__(self, dsn: str | None, kek: Aead) -> None:
        self._dsn = dsn
        self._kek = kek

    async def say(self, say: Say) -> None:
        """Journal it; the word of the verb stands, whether that can be done or not."""
        try:
            await self._say(say)
        except Refusal as refusal:
            err.print(f"not in the operators' log: {refusal}")

    @asynccontextmanager
    async def watching(self, verb: str, name: str = "") -> AsyncGenerator[None]:
        """Journal a refusal, and let it go on."""
        try:
            yield
        except Refusal as refusal:
            reason = refusal
            await self.say(lambda events, ctx: events.failed(ctx, verb, reason, name))
            raise

    async def _say(self, say: Say) -> None:
        if self._dsn is None:
            return
        clock, entropy = SystemClock(), SystemEntropy()
        vault = Vault(kek=self._kek, entropy=entropy, clock=clock)
        journal = Journal(vault=vault, entropy=entropy)
        async with Engine(self._dsn, clock=clock, entropy=entropy) as engine:
            address = await Lookup(engine).by_slug(PLATFORM_SLUG)
            if address is None:
                return
            async with engine.begin(address.tenant_id, principal=OPERATOR) as ctx:
                await say(BackupEvents(journal=journal), ctx)
            # The server looks for other processes' records now and then only. What can't be ordered now waits for that.
            with suppress(Refusal):
                async with engine.begin(address.tenant_id, principal=OPERATOR) as ctx:
                    await Sequencer(journal=journal, vault=vault, entropy=entropy).sequence(ctx)
