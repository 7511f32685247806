"""G01: `kill -9` of a server process in the middle of refresh rotations, on two nodes: no family ends for it, no token
is lost, none can be used twice, and whoever was cut off has its answer at the first server that answers."""

import asyncio
import json
import os
import ssl
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random, SystemRandom
from typing import Any
from urllib.parse import urlencode

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.tokens.sealing import token_hash
from airside.transport import ensure_development_certificates
from airside.vault.kms.local import LocalKek
from airside.wiring.build import build
from airside.wiring.settings import Settings
from tests.gauntlet.families import new_family
from tests.gauntlet.mortal import PATIENCE, Node, nodes, two_ports
from tests.makers import Database
from tests.running import Place, Running
from tests.trips.visitor import NATIVE

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
ROTATIONS, KILLS = (10_000, 200) if FULL else (300, 10)
HOLDERS = 12
LIVES = (0.05, 0.4)
"""Seconds between two looks at whether a node may die."""
WORK = 20
"""Rotations that it answers before."""


@dataclass
class Count:
    rotations: int = 0
    kills: int = 0
    cut: int = 0
    answered: Counter[int] = field(default_factory=Counter[int])
    """By port."""


@dataclass(frozen=True)
class Row:
    token_hash: bytes
    spent: bool
    revoked: bool


@dataclass
class Holder:
    """A client with one family. It presents a token until somebody answers, and never two at once."""

    path: str
    client: dict[str, str]
    held: list[str]
    count: Count
    refused: list[str] = field(default_factory=list[str])
    connections: dict[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(
        default_factory=dict[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    )

    async def run(self, living: list[Node], dice: Random, stop: asyncio.Event) -> None:
        """Rotate at any node that is up until `stop`. A refusal ends it."""
        while not stop.is_set() and not self.refused:
            up = [node for node in living if node.up]
            if not up:
                await asyncio.sleep(0)
                continue
            node = dice.choice(up)
            answer = await self.present(node, self.held[-1])
            if answer is None:
                self.count.cut += 1
                await asyncio.sleep(0)
            elif "refresh_token" in answer:
                self.held.append(answer["refresh_token"])
                self.count.rotations += 1
                self.count.answered[node.port] += 1
            else:
                self.refused.append(str(answer))

    async def present(self, node: Node, token: str) -> dict[str, Any] | None:
        """What `node` answers; None where it died of it."""
        form = urlencode({"grant_type": "refresh_token", "refresh_token": token, **self.client}).encode()
        head = (
            f"POST {self.path} HTTP/1.1\r\nhost: {node.public_host}\r\n"
            f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(form)}\r\n\r\n"
        )
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await self._connection(node)
                writer.write(head.encode() + form)
                lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
                length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
                return json.loads(await reader.readexactly(length))
        except (OSError, asyncio.IncompleteReadError):
            self.close(node)
            return None

    def close(self, node: Node) -> None:
        known = self.connections.pop(node.port, None)
        if known is not None:
            known[1].close()

    async def _connection(self, node: Node) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        known = self.connections.get(node.port)
        if known is not None and not known[0].at_eof():  # else it ended long before this was sent
            return known
        self.close(node)
        self.connections[node.port] = made = await node.open()
        return made


async def holders(place: Place, count: Count) -> list[Holder]:
    """Half of them prove themselves by nothing but their name."""
    made = list[Holder]()
    user = await place.user("member")
    path = f"/t/{place.slug}/oauth2/token"
    for draft in (NATIVE, replace(NATIVE, public=False, redirect_uris=("https://app.example.test/",))):
        client, secret = await place.client(draft)
        told = {"client_id": client.word} | ({} if secret is None else {"client_secret": secret.reveal()})
        for _ in range(HOLDERS // 2):
            made.append(Holder(path, told, [await new_family(place, client, user)], count))
    return made


async def kill_again_and_again(living: list[Node], dice: Random, count: Count, crowd: list[Holder]) -> None:
    """One node at a time, and never before the other is back: somebody is always there to ask. Whoever dies is at its
    work, which on a busy machine is long after its start: only then is there a commit whose answer is lost."""
    forging = asyncio.Lock()
    while (count.kills < KILLS or count.rotations < ROTATIONS) and not any(holder.refused for holder in crowd):
        node = dice.choice(living)
        enough = count.answered[node.port] + WORK
        while count.answered[node.port] < enough and not any(holder.refused for holder in crowd):  # noqa: ASYNC110 - looks at random times
            await asyncio.sleep(dice.uniform(*LIVES))
        node.kill()
        count.kills += 1
        await node.start(forging)


async def rows(place: Place) -> list[Row]:
    statement = (
        "select t.token_hash, t.spent_at is not null as spent, f.revoked_at is not null as revoked"
        " from airside.refresh_token t join airside.refresh_family f"
        " on f.tenant_id = t.tenant_id and f.family_id = t.family_id where t.tenant_id = %s"
    )
    async with place.operator() as ctx:
        return await ctx.tx.all(Row, statement, (place.tenant_id,))


@pytest.mark.gauntlet
async def test_killed_server_ends_no_family_and_loses_no_token(
    scratch: Database, tmp_path: Path, clock: Clock, entropy: Entropy, capsys: pytest.CaptureFixture[str]
) -> None:
    """G01; its mutant takes a client that comes again for a thief."""
    kek = LocalKek.create(tmp_path / "kek", development=True, entropy=entropy)
    certificates = ensure_development_certificates(tmp_path, clock=clock)
    trust, ports = ssl.create_default_context(cafile=str(certificates.ca)), two_ports()
    settings = Settings(
        mode="development", public_url=f"https://localhost:{ports[0]}", port=ports[0], redirect_port=None
    )
    services = build(settings, dsn=scratch.app, kek=kek, clock=clock, entropy=entropy)
    seed = SystemRandom().getrandbits(32)
    dice, count, stop = Random(seed), Count(), asyncio.Event()
    await services.start()
    try:
        place = await Running(services, settings.public_url, certificates).tenant()
        crowd = await holders(place, count)
        async with nodes(tmp_path, scratch.app, ports, trust) as living:
            running = [asyncio.create_task(holder.run(living, dice, stop)) for holder in crowd]
            await kill_again_and_again(living, dice, count, crowd)
            stop.set()
            await asyncio.gather(*running)
            stored = await rows(place)
            after = [await last_words(holder, living[0]) for holder in crowd]
    finally:
        await services.stop()
    with capsys.disabled():
        print(
            f"\nG01: {count.kills} kills in {count.rotations} rotations of {HOLDERS} families on 2 nodes, "
            f"{count.cut} requests cut off, {sum(len(holder.refused) for holder in crowd)} refused, "
            f"{sum(row.revoked for row in stored)} families ended (seed {seed})"
        )
    assert [holder.refused for holder in crowd if holder.refused] == []
    assert count.cut >= KILLS // 2
    assert not any(row.revoked for row in stored)
    # Every token that was ever born is one that its holder has, and of each family only the last is unspent.
    known = {token_hash(place.tenant_id, token): token for holder in crowd for token in holder.held}
    assert {row.token_hash for row in stored} == known.keys()
    assert {known[row.token_hash] for row in stored if not row.spent} == {holder.held[-1] for holder in crowd}
    assert after == [("rotated", "refused")] * HOLDERS


async def last_words(holder: Holder, node: Node) -> tuple[str, str]:
    """What becomes of the last token, and then of the one before it, whose successor has been used by now."""
    told: list[str] = []
    for token in (holder.held[-1], holder.held[-2]):
        answer = await holder.present(node, token) or await holder.present(node, token)
        told.append("rotated" if answer is not None and "refresh_token" in answer else "refused")
    with suppress(OSError):
        holder.close(node)
    return told[0], told[1]
