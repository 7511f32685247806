"""Debian's rsyslog has every record of every tenant, in the order of its log, whatever becomes of it meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.notify.model import WayShut
from airside.notify.syslog import SyslogServer
from airside.transport import DevelopmentCertificates
from airside.vault.kms.local import LocalKek
from tests.makers import MakeDatabase
from tests.notify.syslog.kit import Node, Rsyslog, complete, node
from tests.running import HOST, free_port

KILLS = 4
RECORDS = 1500


@pytest.fixture(scope="module")
async def sender(
    blank_database: MakeDatabase, certificates: DevelopmentCertificates, kek: LocalKek, clock: Clock, entropy: Entropy
) -> AsyncIterator[Node]:
    server = SyslogServer(HOST, free_port(), ca=certificates.ca)
    async with node(blank_database, server, kek, clock, entropy) as made:
        yield made


@pytest.fixture
def rsyslog(tmp_path: Path, certificates: DevelopmentCertificates, sender: Node) -> Iterator[Rsyslog]:
    """Where the sender looks for it; not started."""
    made = Rsyslog(tmp_path, certificates, sender.server.port)
    yield made
    made.kill()


@pytest.mark.gauntlet
async def test_receiver_that_is_killed_again_and_again_has_every_record_in_order(
    rsyslog: Rsyslog, sender: Node
) -> None:
    tenants = [await sender.tenant(), await sender.tenant()]
    for tenant_id in tenants:
        await sender.happens(tenant_id, RECORDS)
    await rsyslog.start()

    async def named() -> list[UUID]:
        return tenants

    running = asyncio.create_task(sender.stream.run(named))
    try:
        for _ in range(KILLS):
            await rsyslog.until_told(len(rsyslog.told()) + 100)
            rsyslog.kill()
            await sender.happens(tenants[0], 50)
            await rsyslog.start()
            sender.stream.stir(tenants[0])
        await sender.until_sent(tenants)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    told = rsyslog.told()
    sizes = [await sender.size(tenant_id) for tenant_id in tenants]
    print(f"{len(told)} told of {sum(sizes)} records, {KILLS} kills, {len(told) - sum(sizes)} told again")
    assert [complete(told, *each) for each in zip(tenants, sizes, strict=True)] == [True, True]


async def test_receiver_away_keeps_the_place_and_nothing_is_lost(rsyslog: Rsyslog, sender: Node) -> None:
    tenant_id = await sender.tenant()
    await sender.happens(tenant_id, 3)
    with pytest.raises(WayShut):
        await sender.stream.turn(tenant_id)
    await rsyslog.start()
    assert await sender.stream.turn(tenant_id) is None
    assert not await sender.waits(tenant_id)
    assert complete(rsyslog.told(), tenant_id, await sender.size(tenant_id))


async def test_values_stay_in_their_line_and_what_is_sealed_stays_here(rsyslog: Rsyslog, sender: Node) -> None:
    await rsyslog.start()
    tenant_id = await sender.tenant()
    await sender.happens(tenant_id, 1, reason='x\n<0>1 - - - - - forged\r"] [forged a="b')
    await sender.stream.turn(tenant_id)
    told = rsyslog.told()
    assert complete(told, tenant_id, await sender.size(tenant_id))
    assert len((rsyslog.folder / "told").read_text().splitlines()) == len(told)
    assert "Grace" not in (rsyslog.folder / "told").read_text()


async def test_two_nodes_dont_send_the_same_at_once(rsyslog: Rsyslog, sender: Node) -> None:
    await rsyslog.start()
    tenant_id = await sender.tenant()
    await sender.happens(tenant_id, 300)
    await asyncio.gather(*(sender.stream.turn(tenant_id) for _ in range(4)))
    numbers = [number for _, number, _ in rsyslog.told()]
    assert numbers == list(range(1, await sender.size(tenant_id) + 1))


async def test_whoever_the_authority_doesnt_vouch_for_gets_nothing(
    rsyslog: Rsyslog, sender: Node, blank_database: MakeDatabase, kek: LocalKek, clock: Clock, entropy: Entropy
) -> None:
    await rsyslog.start()
    stranger = SyslogServer("127.0.0.1", rsyslog.port)  # the system's authorities don't know it
    async with node(blank_database, stranger, kek, clock, entropy) as made:
        tenant_id = await made.tenant()
        await made.happens(tenant_id, 1)
        with pytest.raises(WayShut):
            await made.stream.turn(tenant_id)
    assert rsyslog.told() == []


@pytest.mark.parametrize("personal", [False, True], ids=["sealed", "told"])
async def test_name_crosses_the_network_only_where_the_operator_says_so(
    personal: bool,
    tmp_path: Path,
    blank_database: MakeDatabase,
    certificates: DevelopmentCertificates,
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
) -> None:
    server = SyslogServer(HOST, free_port(), ca=certificates.ca, personal=personal)
    rsyslog = Rsyslog(tmp_path, certificates, server.port)
    async with node(blank_database, server, kek, clock, entropy) as sender:
        tenant_id = await sender.tenant()
        await sender.happens(tenant_id, 1)
        await rsyslog.start()
        try:
            await sender.stream.turn(tenant_id)
            await rsyslog.until_told(await sender.size(tenant_id))
        finally:
            rsyslog.kill()
    assert any("Grace Hopper" in text for _, _, text in rsyslog.told()) is personal
