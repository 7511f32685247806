"""`airside scope`: what a tenant's own scopes allow, said as the local operator."""

from airside.cli.manage import operating
from airside.cli.session import out, run, table
from airside.core.errors import NotFound
from airside.oauth import Scope
from airside.tenancy.policy import Language


def list_all(slug: str) -> None:
    """A tenant's own scopes."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await services.scope_admin.list(ctx)
        rows = [(scope.name, "offered" if scope.offered else "", scope.descriptions["en"]) for scope in found]
        table(("scope", "offered", "description"), rows)

    run(main())


def put(slug: str, name: str, english: str, german: str, offered: bool) -> None:
    """A scope and what it allows."""

    async def main() -> None:
        words: dict[Language, str] = {"en": english}
        if german:
            words["de"] = german
        async with operating(slug) as (services, ctx):
            await services.scope_admin.put(ctx, Scope(name, words, offered))
        out.print(f"{slug}: {name} is described")

    run(main())


def delete(slug: str, name: str) -> None:
    """A scope, forgotten."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            try:
                await services.scope_admin.delete(ctx, name)
            except NotFound:
                words = f"{slug} has no scope {name} of its own: `airside scope list {slug}` shows them"
                raise NotFound(words) from None
        out.print(f"{name} is deleted")

    run(main())
