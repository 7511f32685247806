"""Requests at a steady pace, whoever is late: each is due at its moment and counted from it, so that a server that is
slow to answer one makes no room for the next. Over a few TLS connections, with bytes made beforehand.

Run as a process it does what it is told on its standard input, one JSON line each, and tells what came of it.
"""

import asyncio
import json
import ssl
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

CONNECTIONS = 16


@dataclass
class Seen:
    """What came back: how long each answer took, in seconds from when its request was due; and how many of each status,
    0 for none at all."""

    took: list[float] = field(default_factory=list[float])
    statuses: Counter[int] = field(default_factory=Counter[int])
    silent: int = 0
    """Refusals that don't say when to come again."""


class Caller:
    """Somebody who asks one server for the same few things in turn."""

    def __init__(self, port: int, authority: str, requests: Sequence[bytes]) -> None:
        self._port = port
        self._trust = ssl.create_default_context(cafile=authority)
        self._requests = requests
        self._idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def connect(self) -> None:
        for _ in range(CONNECTIONS):
            self._idle.put_nowait(await asyncio.open_connection("localhost", self._port, ssl=self._trust))

    async def ask(self, rate: float, seconds: float, seen: Seen) -> None:
        """`rate` requests a second for so long; returns once all are answered."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                due = began + number / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                group.create_task(self._one(self._requests[number % len(self._requests)], due, seen))

    async def _one(self, request: bytes, due: float, seen: Seen) -> None:
        reader, writer = await self._idle.get()
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
            await reader.readexactly(int(lines[b"content-length"]))
        except (OSError, EOFError, KeyError):
            seen.statuses[0] += 1
            writer.close()
            reader, writer = await asyncio.open_connection("localhost", self._port, ssl=self._trust)
        else:
            status = int(head[9:12])
            seen.statuses[status] += 1
            seen.silent += status == 429 and not {b"retry-after", b"ratelimit", b"ratelimit-policy"} <= lines.keys()
            seen.took.append(time.monotonic() - due)
        self._idle.put_nowait((reader, writer))


@dataclass(frozen=True)
class Apart:
    """A caller in a process of its own, whose work isn't the work of whoever measures."""

    process: asyncio.subprocess.Process

    async def say(self, told: Any) -> Any:
        """What came of it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(told).encode() + b"\n")
        return json.loads(await self.process.stdout.readline())

    async def ask(self, rate: float, seconds: float) -> Seen:
        found = await self.say([rate, seconds])
        return Seen(found["took"], Counter({int(status): n for status, n in found["statuses"]}), found["silent"])

    async def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        await self.process.wait()


async def apart(port: int, authority: str, requests: Sequence[bytes]) -> Apart:
    """One that has its connections."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )
    made = Apart(process)
    await made.say([port, authority, [request.decode("latin-1") for request in requests]])
    return made


async def _obey() -> None:
    loop = asyncio.get_running_loop()
    port, authority, requests = json.loads(sys.stdin.readline())
    caller = Caller(port, authority, [request.encode("latin-1") for request in requests])
    await caller.connect()
    print("{}", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        seen = Seen()
        rate, seconds = json.loads(line)
        await caller.ask(rate, seconds, seen)
        told = {"took": seen.took, "statuses": list(seen.statuses.items()), "silent": seen.silent}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    asyncio.run(_obey())
