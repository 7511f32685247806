"""`airside backup`: create, list, verify, restore."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from rich import filesize, progress

from airside.admin import OPERATOR
from airside.cli.backup_log import OperatorsLog
from airside.cli.session import database, err, key_encryption_keys, out, run, settings_for_people, table
from airside.cli.session import opened as serving
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.errors import Misconfigured
from airside.core.ids import TENANT, format_id
from airside.custody import (
    ArchivedKeys,
    Backups,
    Name,
    Progress,
    Restored,
    S3Address,
    Target,
    audited,
    open_store,
    read_target,
    restore,
)
from airside.store import Engine
from airside.store.embedded import APPLICATION, OWNER, scratch_server
from airside.store.migrate import migrate, role_of
from airside.wiring.settings import Settings


@dataclass(frozen=True)
class _Opened:
    settings: Settings
    backups: Backups
    keys: ArchivedKeys


def create(target: str | None) -> None:
    """One more backup."""

    async def main() -> None:
        async with _opened(target) as opened, database(opened.settings) as dsn:
            log = OperatorsLog(dsn, opened.backups.kek)
            async with log.watching("create"):
                with _progress("backing up") as tell:
                    made = await opened.backups.create(dsn, tell)
            rows = sum(made.rows.values())
            out.print(f"{made.name}: {rows} rows of {len(made.tenants)} tenants, {_size(made.size)}")
            await log.say(lambda events, ctx: events.made(ctx, made))

    run(main())


def list_all(target: str | None) -> None:
    """Every whole backup."""

    async def main() -> None:
        async with _opened(target) as opened:
            found = await opened.backups.list()
        rows = [
            (made.name, f"{made.at:%Y-%m-%d %H:%M:%S}", str(len(made.tenants)), _size(made.size), made.kek_id)
            for made in found
        ]
        table(("name", "of (UTC)", "tenants", "size", "sealed under"), rows)

    run(main())


def verify(target: str | None, name: str) -> None:
    """Into an embedded database of its own, which goes away."""

    async def main() -> int:
        async with _opened(target) as opened:
            wanted, url = Name(name), opened.settings.database_url
            log = OperatorsLog(None if url is None else url.reveal(), opened.backups.kek)
            async with log.watching("verify", wanted.text):
                restored, faults = await _tried(opened, wanted)
            await log.say(lambda events, ctx: events.verified(ctx, restored.manifest, faults))
            return 1 if faults else 0

    run(main())


def restore_into(target: str | None, name: str) -> None:
    """Into the settings' own database."""

    async def main() -> int:
        async with _opened(target) as opened:
            settings = opened.settings
            if settings.database_owner_url is None or settings.database_url is None:
                raise Misconfigured(
                    "AIRSIDE_DATABASE_OWNER_URL",
                    "is missing: name the owner's connection here and the application role's in AIRSIDE_DATABASE_URL",
                )
            owner, app = settings.database_owner_url.reveal(), settings.database_url.reveal()
            wanted, log = Name(name), OperatorsLog(app, opened.backups.kek)
            async with log.watching("restore", wanted.text):
                restored, faults = await _brought_back(opened, wanted, owner, app, "restored")
                await _erase_again(settings, restored)
            await log.say(lambda events, ctx: events.restored(ctx, restored.manifest, faults))
            return 1 if faults else 0

    run(main())


async def _erase_again(settings: Settings, restored: Restored) -> None:
    """Whoever was erased after the backup was made is there again, and their key isn't."""
    async with serving(settings) as services:
        for tenant_id in sorted(set(restored.manifest.tenants) - set(restored.shut)):
            total = 0
            while True:
                async with services.engine.begin(tenant_id, principal=OPERATOR) as ctx:
                    erased = await services.closing.erase_keyless(ctx)
                if not erased:
                    break
                total += erased
            if total:
                out.print(f"{format_id(TENANT, tenant_id)}: {total} people who were erased since are erased again")


async def _tried(opened: _Opened, name: Name) -> tuple[Restored, int]:
    await opened.backups.manifest(name)
    async with scratch_server("airside-verify-") as scratch:
        owner, app = scratch.dsn(OWNER), scratch.dsn(APPLICATION)
        await migrate(owner, role_of(app))
        return await _brought_back(opened, name, owner, app, "verified")


async def _brought_back(opened: _Opened, name: Name, owner: str, app: str, word: str) -> tuple[Restored, int]:
    """Also how many audit logs differ."""
    with _progress("restoring") as tell:
        restored = await restore(opened.backups, opened.keys, name, owner, tell)
    async with Engine(app, clock=SystemClock(), entropy=SystemEntropy()) as engine:
        faults = await audited(engine, restored.manifest)
    for tenant_id in restored.shut:
        out.print(f"{format_id(TENANT, tenant_id)} has no keys any more: what was sealed stays shut")
    for tenant_id, fault in faults.items():
        err.print(f"{format_id(TENANT, tenant_id)}: audit log: {fault}")
    rows, tenants = sum(restored.manifest.rows.values()), len(restored.manifest.tenants)
    out.print(f"{name.text}: {rows} rows of {tenants} tenants {word}; {len(faults)} audit logs differ")
    return restored, len(faults)


@asynccontextmanager
async def _opened(target: str | None) -> AsyncGenerator[_Opened]:
    settings = settings_for_people()
    place = settings.backup_target if target is None else _target(target, settings)
    if place is None:
        raise Misconfigured("AIRSIDE_BACKUP_TARGET", "is missing: name a directory or a bucket, or give --target")
    keks = key_encryption_keys(settings)
    try:
        clock, entropy = SystemClock(), SystemEntropy()
        store = open_store(place, clock=clock)
        backups = Backups(store, kek=keks.keks, clock=clock, entropy=entropy)
        yield _Opened(settings, backups, ArchivedKeys(store, kek=keks.keks, clock=clock, entropy=entropy))
    finally:
        await keks.aclose()


def _target(word: str, settings: Settings) -> Target:
    try:
        target = read_target(word)
    except ValueError as problem:
        raise Misconfigured("--target", str(problem)) from None
    if isinstance(target, S3Address) and target.plain and settings.mode == "production":
        raise Misconfigured("--target", "speaks to a store in clear: use https")
    return target


@contextmanager
def _progress(words: str) -> Generator[Progress]:
    """Rows, bytes and their rate, where somebody looks on."""
    columns = (
        progress.TextColumn("{task.description}"),
        progress.TextColumn("{task.fields[rows]} rows"),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeElapsedColumn(),
    )
    with progress.Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as bar:
        task = bar.add_task(words, total=None, rows=0)
        seen = 0

        def tell(rows: int, size: int) -> None:
            nonlocal seen
            seen += rows
            bar.update(task, advance=size, rows=seen)

        yield tell


def _size(count: int) -> str:
    return filesize.decimal(count)
