"""What becomes of a tenant's data as a whole."""

from dataclasses import dataclass

from airside.audit import Authority
from airside.custody import Backups, BackupSchedule, Shredder, Shredding, open_store
from airside.vault import Aead
from airside.wiring.foundation import Foundation
from airside.wiring.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Custody:
    """The services of custody."""

    shredding: Shredding
    shredder: Shredder
    backup_schedule: BackupSchedule | None


def custody(base: Foundation, settings: Settings, *, dsn: str, kek: Aead) -> Custody:
    """On `base`."""
    return Custody(
        shredding=Shredding(journal=base.journal),
        shredder=Shredder(
            engine=base.engine,
            vault=base.vault,
            journal=base.journal,
            sequencer=base.sequencer,
            archive=base.archive,
            authority=Authority(vault=base.vault, entropy=base.entropy),
            entropy=base.entropy,
        ),
        backup_schedule=_schedule(base, settings, dsn, kek),
    )


def _schedule(base: Foundation, settings: Settings, dsn: str, kek: Aead) -> BackupSchedule | None:
    if settings.backup_every is None or settings.backup_target is None:
        return None
    store = open_store(settings.backup_target, clock=base.clock)
    backups = Backups(store, kek=kek, clock=base.clock, entropy=base.entropy)
    return BackupSchedule(
        backups,
        engine=base.engine,
        dsn=dsn,
        journal=base.journal,
        every=settings.backup_every,
        keep=settings.backup_keep,
        clock=base.clock,
    )
