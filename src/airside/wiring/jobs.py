"""What runs on a timer in every server process. Several processes may run the same job: the rows take turns."""

import asyncio
from contextlib import suppress
from typing import Final, Self
from uuid import UUID

import structlog

from airside import limits
from airside.core.errors import Refusal
from airside.custody import BackupSchedule
from airside.store import in_turn, paced
from airside.tenancy import PLATFORM_SLUG
from airside.wiring.build import Services
from airside.wiring.mutual import MutualTls
from airside.wiring.observing import Observing

SWEEP_EVERY: Final = 600.0
"""Seconds between two rounds that sweep what has run out."""

WIPE_EVERY: Final = 60.0
"""Seconds between two looks for keys that have been in memory for their time."""

USES_EVERY: Final = 15.0
"""Seconds between two times that the last uses of API keys are written."""

BACKUP_LOOK: Final = 300.0
"""Seconds between two looks whether it is time for a backup."""

_log = structlog.get_logger("airside.jobs")


class Jobs:
    """The timers, for as long as the context is open."""

    def __init__(self, services: Services, mutual: MutualTls | None = None, observing: Observing | None = None) -> None:
        self._services = services
        self._observing = observing
        self._mutual = mutual
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        services, tenants = self._services, in_turn(self._tenants)
        services.places.read()
        sequencing = services.sequencer.run(engine=services.engine, clock=services.clock, tenants=tenants)
        watching = services.watch.run(engine=services.engine, clock=services.clock, tenants=tenants)
        self._tasks = [
            asyncio.create_task(sequencing, name="audit-sequencer"),
            asyncio.create_task(watching, name="alerts"),
            asyncio.create_task(self._sweep_for_ever(), name="sweeper"),
            asyncio.create_task(self._wipe_for_ever(), name="keys let go"),
            asyncio.create_task(self._write_uses_for_ever(), name="uses of API keys"),
            asyncio.create_task(services.delivery.run(tenants), name="mail"),
            asyncio.create_task(services.back_channel.run(tenants), name="back-channel logout"),
            asyncio.create_task(services.webhook_sending.run(tenants), name="webhooks"),
            asyncio.create_task(services.signal_sending.run(tenants), name="signals"),
        ]
        if services.syslog is not None:
            self._tasks.append(asyncio.create_task(services.syslog.run(tenants), name="syslog"))
        if services.tracing is not None:
            self._tasks.append(asyncio.create_task(services.tracing.run(), name="traces"))
        if self._observing is not None:
            self._tasks += self._observing.tasks(tenants)
        if services.backup_schedule is not None:
            self._tasks.append(asyncio.create_task(self._back_up_for_ever(services.backup_schedule), name="backups"))
        if self._mutual is not None:
            await self._mutual.refresh(services.engine, await self._tenants())
            following = self._mutual.follow(services.engine, self._tenants)
            self._tasks.append(asyncio.create_task(following, name="certificates"))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        await self._write_uses()
        services = self._services
        await services.watch.count_all(services.engine, services.tallies.due(services.clock.now()))

    async def _tenants(self) -> list[UUID]:
        return [address.tenant_id for address in await self._services.lookup.all()]

    async def _wipe_for_ever(self) -> None:
        while True:
            await asyncio.sleep(WIPE_EVERY)
            self._services.vault.wipe()

    async def _write_uses_for_ever(self) -> None:
        while True:
            await asyncio.sleep(USES_EVERY)
            await self._write_uses()

    async def _write_uses(self) -> None:
        services = self._services
        for tenant_id in services.last_use.tenants():
            try:
                async with services.engine.begin(tenant_id) as ctx:
                    await services.last_use.write(ctx)
            except Exception:  # noqa: BLE001 - the timer goes on; the next use is noted again
                _log.exception("uses_unwritten", tenant_id=str(tenant_id))

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            try:
                await self.sweep()
            except Exception:  # noqa: BLE001 - the timer goes on, whatever came of this round
                _log.exception("sweep_failed")

    async def sweep(self) -> None:
        """One round over every tenant. Whoever's sweep fails, a key that is away say, holds up no other and nobody
        else: it is tried again in the next round."""
        await self._shred()
        async for tenant_id in paced(await self._tenants(), self._services.clock):
            await self._sweep(tenant_id)

    async def _back_up_for_ever(self, schedule: BackupSchedule) -> None:
        while True:
            try:
                authority = await self._services.lookup.by_slug(PLATFORM_SLUG)
                if authority is not None:
                    await schedule.turn(authority.tenant_id)
            except Refusal as refusal:
                _log.error("backup_failed", code=refusal.code, reason=refusal.reason)
            except Exception:  # noqa: BLE001 - the timer goes on, whatever came of this turn
                _log.exception("backup_failed")
            await asyncio.sleep(BACKUP_LOOK)

    async def _shred(self) -> None:
        """Tenants whose grace is over, and what another process left of one when it died."""
        services = self._services
        authority = await services.lookup.by_slug(PLATFORM_SLUG)
        if authority is None:
            return
        leaving = [address.tenant_id for address in await services.lookup.leaving()]
        async for tenant_id in paced((*await self._tenants(), *leaving), services.clock):
            try:
                await services.shredder.turn(tenant_id, authority.tenant_id)
            except Refusal as refusal:
                _log.warning("shredding_postponed", tenant_id=str(tenant_id), code=refusal.code, reason=refusal.reason)

    async def _sweep(self, tenant_id: UUID) -> None:
        services = self._services
        for sweep in (
            services.flows.sweep,
            services.links.sweep,
            services.invitations.sweep,
            services.setup_endings.sweep,
            services.lockdowns.sweep,
            services.certificate_reminders.remind,
            services.closing.close_due,
            services.adoption.adopt,
            services.closing.sweep,
            services.passkeys.sweep,
            services.totp.sweep,
            services.email_codes.sweep,
            services.devices.sweep,
            services.revocations.sweep,
            limits.sweep,
            services.outbox.sweep,
            services.families.sweep,
            services.codes.sweep,
            services.pushed.sweep,
            services.participants.sweep,
            services.logout.sweep,
            services.registrations.sweep,
            services.registration_tokens.sweep,
            services.spent_proofs.sweep,
            services.scim_tokens.sweep,
            services.key_rotation.turn,
            services.vault_keys.turn,
            services.claims_requests.sweep,
            services.token_issuer.sweep,
            services.device_authorizations.sweep,
            services.permissions.tuples.sweep,
            services.federation_answers.sweep,
            services.linking.sweep,
            services.federated_sessions.sweep,
            services.saml_metadata.sweep,
            services.domains.recheck,
            services.mappings.sweep,
            services.secret_store.sweep,
            services.api_keys.sweep,
            services.watch.sweep,
            services.webhook_deliveries.sweep,
            services.signal_streams.sweep,
        ):
            try:
                async with services.engine.begin(tenant_id) as ctx:
                    await sweep(ctx)
            except Refusal as refusal:
                about = {"sweep": sweep.__qualname__, "tenant_id": str(tenant_id)}
                _log.warning("sweep_postponed", code=refusal.code, reason=refusal.reason, **about)
            except Exception:  # noqa: BLE001 - a fault in one sweep leaves the others to be done
                _log.exception("sweep_failed", sweep=sweep.__qualname__, tenant_id=str(tenant_id))
