"""`airside keys`: make a key encryption key; list, rotate and withdraw a tenant's signing keys."""

from pathlib import Path

from airside.cli.manage import operating
from airside.cli.session import out, plain_refusals, run, table
from airside.core.entropy import SystemEntropy
from airside.core.errors import InvalidInput, NotFound
from airside.vault import LocalKek


def create(file: Path) -> None:
    """A production key in a new file, mode 0600."""
    with plain_refusals():
        kek = LocalKek.create(file, development=False, entropy=SystemEntropy())
        out.print(f"{kek.key_id} is in {file}. Keep a copy elsewhere: without it nothing sealed can be read again.")


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
