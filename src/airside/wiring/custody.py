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
    backups: Backups | None
    """At the target, where one is named."""
    backup_schedule: BackupSchedule | None


def custody(base: Foundation, settings: Settings, *, dsn: str, kek: Aead) -> Custody:
    """On `base`."""
    backups = _backups(base, settings, kek)
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
        backups=backups,
        backup_schedule=_schedule(base, settings, dsn, backups),
    )


def _backups(base: Foundation, settings: Settings, kek: Aead) -> Backups | None:
    if settings.backup_target is None:
        return None
    store = open_store(settings.backup_target, clock=base.clock)
    return Backups(store, kek=kek, clock=base.clock, entropy=base.entropy)


def _schedule(base: Foundation, settings: Settings, dsn: str, backups: Backups | None) -> BackupSchedule | None:
    if settings.backup_every is None or backups is None:
        return None
    return BackupSchedule(
        backups,
        engine=base.engine,
        dsn=dsn,
        journal=base.journal,
        every=settings.backup_every,
        keep=settings.backup_keep,
        clock=base.clock,
    )
