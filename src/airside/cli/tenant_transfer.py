"""`airside tenant export` and `import`: one tenant, out of here and into another installation."""

import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich import filesize

from airside.admin import OPERATOR
from airside.audit import Event
from airside.cli.session import busy, database, err, key_encryption_keys, opened, out, run, settings_for_people
from airside.core.entropy import Entropy, SystemEntropy
from airside.core.errors import InvalidInput
from airside.core.ids import TENANT, format_id
from airside.custody import arrived, demand_free, export_tenant, import_tenant, read_file, write_new
from airside.tenancy import PLATFORM_SLUG
from airside.vault.aead import Aead
from airside.vault.kms.local import LocalKek
from airside.wiring.build import Services

MAX_KEY: Final = 4096
STANDARD_INPUT: Final = "-"


@dataclass(frozen=True)
class _Opened:
    services: Services
    kek: Aead
    dsn: str
    """Of the application role."""
    writing: str
    """Of the owner where one is named, for it may make temporary tables."""


def export_to(slug: str, file: Path, key: Path) -> None:
    """The file, and its key beside it or elsewhere. Who exports is written down before anything leaves."""

    async def main() -> None:
        if slug == PLATFORM_SLUG:
            raise InvalidInput("the operators' own tenant belongs to its installation", pointer="slug")
        demand_free(file)
        async with _opened() as here:
            services = here.services
            tenant_id = await services.platform.find(slug)
            async with services.engine.begin(tenant_id, principal=OPERATOR) as ctx:
                await services.journal.record(ctx, Event.TENANT_EXPORTED, subject=format_id(TENANT, tenant_id))
            with _new_key(key, services.entropy) as transfer, busy("exporting"):
                exported = export_tenant(here.dsn, slug, kek=here.kek, transfer=transfer, entropy=services.entropy)
                size = await write_new(file, exported)
        out.print(f"{slug}: {filesize.decimal(size)} in {file}; what opens it: {key}. Send them on different ways.")

    run(main())


def import_from(file: Path, key: str, slug: str | None) -> None:
    """The tenant, and a look at its audit log."""

    async def main() -> int:
        transfer = _key(key)
        async with _opened() as here:
            services = here.services
            with busy("importing"):
                manifest = await import_tenant(
                    here.writing,
                    read_file(file),
                    kek=here.kek,
                    transfer=transfer,
                    engine=services.engine,
                    journal=services.journal,
                    principal=OPERATOR,
                    slug=slug,
                )
            report = await arrived(services.engine, manifest)
            async with services.engine.begin(manifest.tenant_id, principal=OPERATOR) as ctx:
                issuer = await services.issuer(ctx)
        out.print(f"{format_id(TENANT, manifest.tenant_id)}  {issuer}")
        for problem in report.problems[:1]:
            err.print(f"audit log: {problem.kind} {problem.where}: {problem.what}")
        return 0 if report.sound else 1

    run(main())


@contextmanager
def _new_key(path: Path, entropy: Entropy) -> Generator[LocalKek]:
    """A key in a file of its own, which goes again where nothing comes of what it is for."""
    transfer = LocalKek.create(path, development=False, entropy=entropy, setting="--key")
    try:
        yield transfer
    except BaseException:
        path.unlink()
        raise


def _key(word: str) -> LocalKek:
    if word != STANDARD_INPUT:
        return LocalKek.load(Path(word), entropy=SystemEntropy(), setting="--key")
    return LocalKek.parse(sys.stdin.buffer.read(MAX_KEY), entropy=SystemEntropy(), setting="--key")


@asynccontextmanager
async def _opened() -> AsyncGenerator[_Opened]:
    settings = settings_for_people()
    async with database(settings) as dsn, opened(settings) as services:
        await services.platform.bootstrap()
        keks = key_encryption_keys(settings)
        try:
            owner = settings.database_owner_url
            yield _Opened(services, keks.keks, dsn, dsn if owner is None else owner.reveal())
        finally:
            await keks.aclose()
