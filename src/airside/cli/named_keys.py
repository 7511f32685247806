"""`airside keys app`: the named keys of a tenant's applications, managed as the local operator."""

from airside.cli.manage import operating
from airside.cli.session import out, run, table
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.secrets import AppKey, Purpose


def create(slug: str, name: str, purpose: Purpose) -> None:
    """A new key."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            try:
                await services.vault_admin.create(ctx, name, purpose)
            except Conflict as refused:
                raise Conflict(f"{name}: {refused.reason}: {_shown(slug)}") from None
        out.print(f"{name} {'seals' if purpose == 'seal' else 'makes tokens'}")

    run(main())


def list_all(slug: str) -> None:
    """Every key, destroyed ones too, whose names stay taken."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await services.vault_admin.list(ctx)
        rows = [
            (key.name, key.purpose, str(key.active or "destroyed"), _opening(key), f"{key.created_at:%Y-%m-%d %H:%M}")
            for key in found
        ]
        table(("name", "purpose", "active version", "retired, still opening", "made"), rows)

    run(main())


def rotate(slug: str, name: str) -> None:
    """A new version."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            try:
                key = await services.vault_admin.rotate(ctx, name)
            except NotFound:
                raise _absent(slug, name) from None
        out.print(f"version {key.active} of {name} is active")

    run(main())


def destroy(slug: str, name: str, version: int | None, *, whole: bool) -> None:
    """A version, or all of them: what is to be gone for good is named."""

    async def main() -> None:
        if whole == (version is not None):
            raise InvalidInput("name one version by --version, or say --all")
        async with operating(slug) as (services, ctx):
            try:
                if version is None:
                    await services.vault_admin.destroy(ctx, name)
                else:
                    await services.vault_admin.destroy_version(ctx, name, version)
            except NotFound:
                raise _absent(slug, name) from None
        out.print(f"{name} is destroyed" if version is None else f"version {version} of {name} is destroyed")

    run(main())


def _opening(key: AppKey) -> str:
    return " ".join(str(each.version) for each in key.versions if each.state == "retired") or "-"


def _shown(slug: str) -> str:
    return f"`airside keys app list {slug}` shows them"


def _absent(slug: str, name: str) -> NotFound:
    return NotFound(f"{slug} has no such version of a key {name}: {_shown(slug)}")
