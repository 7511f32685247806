"""What a backup costs those who ask meanwhile: token requests to a server that makes one, and to the same server when
it makes none, in turns. Part of `bench.backup`.

Requests leave at a fixed pace, and each is measured from when it should have left, so that one that is held up isn't
counted once for all that waited behind it.
"""

import asyncio
import contextlib
import ssl
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import httpx2

from airside.custody import Backups, Directory
from airside.transport import ensure_development_certificates
from airside.vault.kms.local import LocalKek
from bench.provider_tenant import SLUG, client_of
from bench.served import CLOCK, ENTROPY, HOST, Child, Told, child, serve_real, started

PORT: Final = 18_461
CONNECTIONS: Final = 4
EVERY: Final = 0.04
"""Seconds between two requests of a connection: a hundred a second over all."""
QUIET: Final = 5.0
TURNS: Final = 3
FORM: Final = "application/x-www-form-urlencoded"


async def serving(folder: Path, dsn: str) -> None:
    """The process of the server; each line has it make a backup, as its timer would."""
    async with started(folder, dsn, PORT) as (services, settings):
        address = await services.lookup.by_slug(SLUG)
        assert address is not None
        kek = LocalKek.load(folder / "kek", entropy=ENTROPY)
        backups = Backups(Directory(folder / "beside"), kek=kek, clock=CLOCK, entropy=ENTROPY)

        async def work(_line: str) -> Told:
            begun = time.perf_counter()
            await backups.create(dsn)
            took = time.perf_counter() - begun
            await backups.keep(1)
            return {"seconds": took}

        told = {"machine": await client_of(services, address.tenant_id)}
        await serve_real(services, settings, folder, told, work)


class Asking:
    """Token requests, for as long as something lasts."""

    def __init__(self, http: httpx2.AsyncClient, machine: str) -> None:
        self._http = http
        self._headers = {"authorization": f"Basic {machine}", "content-type": FORM}

    async def during(self, work: Callable[[], Awaitable[object]]) -> list[float]:
        """Milliseconds of each that was to leave while `work` was done."""
        stop, took = asyncio.Event(), list[float]()
        asking = [asyncio.create_task(self._ask(stop, took, number)) for number in range(CONNECTIONS)]
        try:
            await work()
        finally:
            stop.set()
            await asyncio.gather(*asking)
        return took

    async def _ask(self, stop: asyncio.Event, took: list[float], number: int) -> None:
        due = time.perf_counter() + EVERY * number / CONNECTIONS
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(0.0, due - time.perf_counter()))
                return
            answer = await self._http.post(
                f"/t/{SLUG}/oauth2/token", content="grant_type=client_credentials", headers=self._headers
            )
            assert answer.status_code == 200, answer.text
            took.append((time.perf_counter() - due) * 1e3)
            due += EVERY


async def beside(folder: Path, dsn: str) -> None:
    """The turns, and what came of them."""
    ca = ensure_development_certificates(folder, clock=CLOCK).ca
    trust, seconds = ssl.create_default_context(cafile=str(ca)), list[float]()
    alone, meanwhile = list[float](), list[float]()

    async def backup(server: Child) -> None:
        seconds.append(float((await server.ask("backup"))["seconds"]))

    async with (
        child("bench.backup_beside", str(folder), dsn) as server,
        httpx2.AsyncClient(base_url=f"https://{HOST}:{PORT}", verify=trust, timeout=60.0) as http,
    ):
        asking = Asking(http, server.told["machine"])
        await asking.during(lambda: asyncio.sleep(QUIET / 2))  # warms up
        for _ in range(TURNS):
            alone += await asking.during(lambda: asyncio.sleep(QUIET))
            meanwhile += await asking.during(lambda: backup(server))
    print(f"token requests at {CONNECTIONS / EVERY:.0f}/s, {TURNS} turns; backups of {max(seconds):.1f} s at most")
    print(f"{'':30}{'requests':>9}{'p50 ms':>9}{'p99 ms':>9}{'worst ms':>10}")
    for words, found in (("no backup", alone), ("while one is made", meanwhile)):
        cuts = statistics.quantiles(found, n=100)
        print(f"{words:30}{len(found):9}{cuts[49]:9.1f}{cuts[98]:9.1f}{max(found):10.1f}")


if __name__ == "__main__":
    asyncio.run(serving(Path(sys.argv[1]), sys.argv[2]))
