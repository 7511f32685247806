"""A process that the mail server's answer never reaches, for it is killed (SIGKILL) when the letter has been taken."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from airside.core.clock import Clock, FixedClock
from airside.core.entropy import Entropy
from airside.core.ids import uuid7
from airside.notify.consumer import LEASE
from airside.tenancy import Draft
from airside.transport import DevelopmentCertificates
from airside.vault import LocalKek
from airside.wiring.build import Services, build
from airside.wiring.settings import load
from tests.makers import Database
from tests.notify.server import PASSWORD, USER, Post, post


async def test_killed_process_leaves_its_letter_to_another_and_no_third_is_sent(
    database: Database, certificates: DevelopmentCertificates, tmp_path: Path, clock: Clock, entropy: Entropy
) -> None:
    """At least once, at most twice; wired as in production, from settings alone."""
    kek = LocalKek.create(tmp_path / "kek", development=True, entropy=entropy)
    async with post(certificates, "starttls") as server:
        told = {
            "AIRSIDE_MODE": "development",
            "AIRSIDE_PUBLIC_URL": "https://id.example.com",
            "AIRSIDE_DATABASE_URL": database.app,
            "AIRSIDE_KEK_FILE": str(tmp_path / "kek"),
            "AIRSIDE_SMTP_URL": f"smtp+starttls://{USER}:{quote(PASSWORD)}@localhost:{server.port}",
            "AIRSIDE_MAIL_FROM": "no-reply@id.example.com",
        }
        settings = load(told)

        def services(clock: Clock) -> Services:
            return build(settings, dsn=database.app, kek=kek, clock=clock, entropy=entropy)

        tenant_id = uuid7(clock.now(), entropy)
        before = services(clock)
        await before.start()
        async with before.engine.begin(tenant_id) as ctx:
            await before.tenants.create(ctx, Draft(f"t-{tenant_id.hex[-20:]}", "Acme Instruments"))
            user = await before.users.create(ctx, "ada@example.com", "Ada")
            await before.outbox.put(ctx, "sessions_ended", subject=user.id)

        await _deliver_and_die(tenant_id, told, certificates, server)
        assert len(server.envelopes) == 1
        assert await before.delivery.deliver(tenant_id) == 0
        await before.stop()

        server.on_data = None
        os.environ["SSL_CERT_FILE"], kept = str(certificates.ca), os.environ.get("SSL_CERT_FILE")
        heir = services(FixedClock(clock.now() + LEASE))
        os.environ.pop("SSL_CERT_FILE") if kept is None else os.environ.update(SSL_CERT_FILE=kept)
        await heir.start()
        assert await heir.delivery.deliver(tenant_id) == 1
        async with heir.engine.begin(tenant_id) as ctx:
            assert await heir.outbox.next_due(ctx) is None
        await heir.stop()
    first, second = server.messages()
    assert first["message-id"] == second["message-id"]


async def _deliver_and_die(
    tenant_id: UUID, told: dict[str, str], certificates: DevelopmentCertificates, server: Post
) -> None:
    others = {name: value for name, value in os.environ.items() if not name.startswith("AIRSIDE_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.notify.deliverer", str(tenant_id)),
        env={**others, **told, "SSL_CERT_FILE": str(certificates.ca)},
        cwd=Path(__file__).parents[2],
    )

    async def kill() -> None:
        process.send_signal(signal.SIGKILL)
        await process.wait()

    server.on_data = kill
    assert await asyncio.wait_for(process.wait(), 60.0) == -signal.SIGKILL
