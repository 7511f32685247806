"""`airside keys`: make a key encryption key and ask how all of them are; seal a setting; list, rotate and withdraw a
tenant's signing keys."""

import os
import sys
from getpass import getpass
from pathlib import Path

from airside.admin.platform import OPERATOR
from airside.cli.manage import operating
from airside.cli.session import key_encryption_keys, opened, out, plain_refusals, run, settings_for_people, table
from airside.core.entropy import SystemEntropy
from airside.core.errors import InvalidInput, NotFound
from airside.vault import LocalKek, Survey
from airside.wiring.sources import keks_of, seal


def create(file: Path) -> None:
    """A production key in a new file, mode 0600."""
    with plain_refusals():
        kek = LocalKek.create(file, development=False, entropy=SystemEntropy())
        out.print(f"{kek.key_id} is in {file}. Keep a copy elsewhere: without it nothing sealed can be read again.")


def status() -> None:
    """Which key encryption keys there are, how much each wraps, and whether it answers."""

    async def main() -> int:
        settings = settings_for_people()
        async with opened(settings) as services:
            keks = key_encryption_keys(settings)
            try:
                survey = Survey(keks.keks)
                for address in await services.lookup.all():
                    async with services.engine.begin(address.tenant_id, principal=OPERATOR) as ctx:
                        await survey.add(ctx)
                standings = await survey.standings()
            finally:
                await keks.aclose()
        rows = [
            (each.key_id, "seals" if each.current else "opens", str(each.tenants), str(each.keys), each.answer)
            for each in standings
        ]
        table(("key encryption key", "use", "tenants", "keys", "now"), rows)
        return 0 if all(each.answer == "answers" for each in standings) else 1

    run(main())


def seal_setting(setting: str) -> None:
    """Read a value from standard input, and print what stands for it in the environment."""

    async def main() -> None:
        text = getpass("value: ") if sys.stdin.isatty() else sys.stdin.read().removesuffix("\n")
        development = os.environ.get("AIRSIDE_MODE", "development") == "development"
        keks = keks_of(os.environ, development=development)
        try:
            out.print(await seal(keks.keks, setting, text))
        finally:
            await keks.aclose()

    run(main())


def list_signing(slug: str) -> None:
    """Every signing key of the tenant, newest first."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            keys = await services.key_rotation.list(ctx)
        rows = [(key.kid, key.alg, key.state, f"{key.created_at:%Y-%m-%d %H:%M:%S}") for key in keys]
        table(("key", "algorithm", "state", "made (UTC)"), rows)

    run(main())


def rotate_signing(slug: str, alg: str, *, emergency: bool, rollback: bool) -> None:
    """A new key in the place of the old one, or the old one back."""

    async def main() -> None:
        if emergency and rollback:
            raise InvalidInput("--emergency has destroyed what --rollback would go back to: choose one")
        async with operating(slug) as (services, ctx):
            rotation = services.key_rotation
            if rollback:
                try:
                    kid = await rotation.roll_back(ctx, alg)
                except NotFound:
                    raise NotFound(f"{slug}: no {alg} key to go back to: `airside keys list {slug}`") from None
                words = "signs again"
            elif emergency:
                kid, words = await rotation.replace_at_once(ctx, alg), "signs now; all others are revoked"
            else:
                kid, words = await rotation.rotate(ctx, alg), "is published, and signs when it has settled"
        out.print(f"{slug}: {alg} key {kid} {words}")

    run(main())
