"""What became of backups, said in the operators' own log: backups are of all tenants, and so of none."""

from typing import Final

from airside.audit import Event, Journal
from airside.core.errors import Refusal
from airside.core.strict_json import Json
from airside.custody.backup_model import Manifest
from airside.store.context import RequestContext

NOBODY_YET: Final = "backup:none"
"""The subject where there was no backup to name."""


class BackupEvents:
    """Journals for the context's tenant, which is the operators'."""

    def __init__(self, *, journal: Journal) -> None:
        self._journal = journal

    async def made(self, ctx: RequestContext, manifest: Manifest) -> None:
        """It stands, whole."""
        subject = f"backup:{manifest.name}"
        await self._journal.record(ctx, Event.BACKUP_MADE, subject=subject, details=_counts(manifest))

    async def verified(self, ctx: RequestContext, manifest: Manifest, faults: int) -> None:
        """It was brought back on trial; with `faults`, not all audit logs are what they were."""
        await self._came_back(ctx, Event.BACKUP_VERIFIED, manifest, faults)

    async def restored(self, ctx: RequestContext, manifest: Manifest, faults: int) -> None:
        """The database is that backup; as `verified`."""
        await self._came_back(ctx, Event.BACKUP_RESTORED, manifest, faults)

    async def failed(self, ctx: RequestContext, verb: str, refusal: Refusal, name: str = "") -> None:
        """To create, verify or restore one came to nothing."""
        await self._journal.record(
            ctx,
            Event.BACKUP_FAILED,
            subject=f"backup:{name}" if name else NOBODY_YET,
            outcome="failure",
            reason=refusal.code,
            details={"verb": verb},
        )

    async def _came_back(self, ctx: RequestContext, event: Event, manifest: Manifest, faults: int) -> None:
        await self._journal.record(
            ctx,
            event,
            subject=f"backup:{manifest.name}",
            outcome="failure" if faults else "success",
            details={**_counts(manifest), "differing_audit_logs": faults},
        )


def _counts(manifest: Manifest) -> dict[str, Json]:
    return {"rows": sum(manifest.rows.values()), "tenants": len(manifest.tenants), "bytes": manifest.size}
