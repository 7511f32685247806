"""A receiver of syslog that others wrote, Debian's rsyslog, and logs to send it."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from airside.admin.platform import OPERATOR
from airside.audit import AuditLog, Event
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.ids import TENANT, format_id
from airside.notify.syslog import SyslogServer, SyslogStream
from airside.notify.syslog.records import behind
from airside.store.migrate import migrate, role_of
from airside.tenancy import Draft
from airside.transport import DevelopmentCertificates
from airside.vault.kms.local import LocalKek
from airside.wiring.build import Services, build
from airside.wiring.settings import Settings
from tests.makers import MakeDatabase

RSYSLOG = shutil.which("rsyslogd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
SECONDS = 60.0
# Without a queue in memory it reads no further than what it has written: whoever kills it takes nothing away.
CONF = """
global(workDirectory="{folder}" maxMessageSize="64k" DefaultNetstreamDriver="ossl"
       DefaultNetstreamDriverCAFile="{ca}"
       DefaultNetstreamDriverCertFile="{certificate}" DefaultNetstreamDriverKeyFile="{key}")
main_queue(queue.type="Direct")
module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="{auth}")
template(name="told" type="string" string="%pri-text% %hostname% %procid% %structured-data% %msg%\\n")
input(type="imtcp" address="127.0.0.1" port="{port}")
action(type="omfile" file="{folder}/told" template="told")
"""
_TOLD = re.compile(r'(\S+) (\S+) (ten_\S+) \[meta sequenceId="(\d+)"\] (CEF:0\|.*)')


@dataclass
class Rsyslog:
    """Debian's rsyslog over TLS, in a folder of its own."""

    folder: Path
    certificates: DevelopmentCertificates
    port: int
    clients: Path | None = None
    """The authority whose clients alone it listens to."""
    _process: subprocess.Popen[bytes] | None = field(default=None)

    async def start(self) -> None:
        if RSYSLOG is None:
            assert os.environ.get("CI") != "true", "CI needs Debian's rsyslog and rsyslog-openssl"
            pytest.skip("needs Debian's rsyslog and rsyslog-openssl (apt-get install rsyslog rsyslog-openssl)")
        conf, files = self.folder / "rsyslog.conf", self.certificates
        conf.write_text(
            CONF.format(
                folder=self.folder,
                ca=self.clients or files.ca,
                certificate=files.certificate,
                key=files.key,
                port=self.port,
                auth="x509/certvalid" if self.clients else "anon",
            )
        )
        command = [RSYSLOG, "-n", "-f", str(conf), "-i", str(self.folder / "pid")]
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: ASYNC220 - it stays
        async with asyncio.timeout(SECONDS):
            while not await _listens(self.port):
                assert self._process.poll() is None, (self.folder / "output").read_text()
                await asyncio.sleep(0.02)

    async def until_told(self, lines: int) -> None:
        """Wait until it has written so many lines."""
        async with asyncio.timeout(SECONDS):
            while len(self.told()) < lines:  # noqa: ASYNC110 - another process writes
                await asyncio.sleep(0.005)

    def kill(self) -> None:
        """As if the machine had gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            (self.folder / "pid").unlink(missing_ok=True)

    def told(self) -> list[tuple[str, int, str]]:
        """What it wrote, line by line: tenant, number, text. A line that was cut short when it died is none."""
        path = self.folder / "told"
        lines = path.read_text("utf-8").split("\n")[:-1] if path.exists() else []
        found = [_TOLD.fullmatch(line) for line in lines]
        return [(each[3], int(each[4]), each[5]) for each in found if each is not None]


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@dataclass(frozen=True)
class Node:
    """A process that sequences nothing and sends nothing by itself."""

    services: Services
    server: SyslogServer

    @property
    def stream(self) -> SyslogStream:
        assert self.services.syslog is not None
        return self.services.syslog

    async def tenant(self) -> UUID:
        slug = "t-" + self.services.entropy.bytes(8).hex()
        async with self.services.engine.begin(await self.services.platform.bootstrap(), principal=OPERATOR) as ctx:
            return (await self.services.platform.create_tenant(ctx, Draft(slug, "Acme"))).tenant_id

    async def happens(self, tenant_id: UUID, count: int, reason: str = "") -> None:
        """So many records, in the log's own order."""
        async with self.services.engine.begin(tenant_id) as ctx:
            for number in range(count):
                await self.services.journal.record(
                    ctx, Event.USER_UPDATED, subject=f"usr_{number}", reason=reason, personal={"name": "Grace Hopper"}
                )
        async with self.services.engine.begin(tenant_id) as ctx:
            await self.services.sequencer.sign(ctx)

    async def size(self, tenant_id: UUID) -> int:
        """How long the tenant's log is."""
        async with self.services.engine.begin(tenant_id) as ctx:
            return (await AuditLog(vault=self.services.vault).head(ctx)).tree_size

    async def until_sent(self, tenants: Iterable[UUID]) -> None:
        """Wait for the receiver to have everything."""
        async with asyncio.timeout(SECONDS):
            for tenant_id in tenants:
                while await self.waits(tenant_id):  # noqa: ASYNC110 - another task sends
                    await asyncio.sleep(0.05)

    async def waits(self, tenant_id: UUID) -> bool:
        """Whether the receiver lacks something."""
        async with self.services.engine.begin(tenant_id) as ctx:
            return await behind(ctx)


def complete(told: list[tuple[str, int, str]], tenant_id: UUID, size: int) -> bool:
    """Whether every number of the tenant's log was told, each for the first time after the one before it."""
    numbers = [number for tenant, number, _ in told if tenant == format_id(TENANT, tenant_id)]
    return list(dict.fromkeys(numbers)) == list(range(1, size + 1))


@asynccontextmanager
async def node(
    blank_database: MakeDatabase, server: SyslogServer, kek: LocalKek, clock: Clock, entropy: Entropy
) -> AsyncGenerator[Node]:
    """On a database of its own."""
    settings = Settings(mode="development", public_url="https://id.example.com", syslog_url=server)
    async with blank_database() as database:
        await migrate(database.owner, role_of(database.app))
        services = build(settings, dsn=database.app, kek=kek, clock=clock, entropy=entropy)
        await services.start()
        try:
            yield Node(services, server)
        finally:
            await services.stop()
