"""`airside keys`: rotate what seals and indexes a tenant's data, and watch it being done anew."""

from collections.abc import Awaitable, Callable
from typing import Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from airside.admin import OPERATOR
from airside.cli.session import err, opened, out, run, settings_for_people, table
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import KEY, format_id
from airside.store import RequestContext
from airside.vault.rotation import SETTLING, OnProgress, Resealed
from airside.wiring.build import Services

Verb = Callable[[Services, RequestContext, str], Awaitable[str]]
_MINUTES: Final = int(SETTLING.total_seconds() // 60)


def list_vault_keys(slug: str) -> None:
    """Every key of the tenant in the vault."""
    rows: list[tuple[str, ...]] = []

    async def look(services: Services, ctx: RequestContext, _slug: str) -> str:
        for key in await services.vault_keys.list(ctx):
            nothing = "seals" if key.purpose == "data" else "finds"
            state = f"retired, {nothing} nothing" if key.resealed else key.state
            since, sealed = f"{key.since:%Y-%m-%d %H:%M:%S}", f"{key.seals:,}" if key.purpose == "data" else ""
            rows.append((format_id(KEY, key.key_id), key.purpose, state, since, sealed, key.kek_id))
        return ""

    _for_each(slug, every=False, verb=look)
    table(("key", "purpose", "state", "since (UTC)", "booked seals", "wrapped by"), rows)


def rotate_data(slug: str | None, *, every: bool, rollback: bool) -> None:
    """A new data key in the place of the old one, or the old one back."""

    async def verb(services: Services, ctx: RequestContext, name: str) -> str:
        if not rollback:
            key = await services.vault_keys.rotate(ctx)
            return f"{name}: data key {key} is known to every node, and seals, in {_MINUTES} minutes"
        try:
            key = await services.vault_keys.roll_back(ctx)
        except NotFound:
            raise NotFound(f"{name}: no data key to go back to: `airside keys vault {name}`") from None
        return f"{name}: data key {key} seals again; `airside keys reseal {name}` seals the rest with it"

    _for_each(slug, every=every, verb=verb)


def rotate_index(slug: str | None, *, every: bool, rollback: bool) -> None:
    """A new index key in the place of the old one, or the old one back."""

    async def verb(services: Services, ctx: RequestContext, name: str) -> str:
        if not rollback:
            key = await services.vault_keys.rotate_index(ctx)
            return f"{name}: index key {key} is known to every node, and counts, in {_MINUTES} minutes"
        try:
            key = await services.vault_keys.roll_back_index(ctx)
        except NotFound:
            raise NotFound(f"{name}: no index key to go back to: `airside keys vault {name}`") from None
        return f"{name}: index key {key} counts; `airside keys reindex {name}` indexes the rest with it"

    _for_each(slug, every=every, verb=verb)


def reindex(slug: str | None, *, every: bool) -> None:
    """Go on with computing indexes anew, and show how far it is."""

    async def verb(services: Services, ctx: RequestContext, name: str) -> str:
        await services.vault_keys.settle(ctx)
        owed = await services.vault_keys.owed_indexes(ctx)
        done = await _shown(name, owed, lambda told: services.vault_keys.reindex(ctx, told))
        if done.unreadable:
            return f"{name}: {done.rows} indexes computed anew; some fit no value, in {', '.join(done.unreadable)}"
        return f"{name}: {done.rows} indexes computed anew"

    _for_each(slug, every=every, verb=verb)


def rewrap(slug: str | None) -> None:
    """Every tenant's keys under the present key encryption key."""

    async def verb(services: Services, ctx: RequestContext, name: str) -> str:
        return f"{name}: {await services.vault_keys.rewrap(ctx)} keys wrapped anew"

    _for_each(slug, every=slug is None, verb=verb)


def reseal(slug: str | None, *, every: bool, pepper: bool) -> None:
    """Go on with sealing anew, and show how far it is."""

    async def verb(services: Services, ctx: RequestContext, name: str) -> str:
        await services.vault_keys.settle(ctx)
        owed = await services.vault_keys.owed(ctx)
        keys = services.vault_keys
        done = await _shown(name, owed, lambda told: (keys.reseal_pepper if pepper else keys.reseal)(ctx, told))
        if done.unreadable:
            return f"{name}: {done.rows} values sealed anew; some don't open, in {', '.join(done.unreadable)}"
        return f"{name}: {done.rows} values sealed anew"

    _for_each(slug, every=every, verb=verb)


async def _shown(name: str, owed: dict[str, int], work: Callable[[OnProgress], Awaitable[Resealed]]) -> Resealed:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal) as progress:
        task = progress.add_task(name, total=sum(owed.values()))

        def told(column: str, rows: int) -> None:
            progress.update(task, advance=rows, description=f"{name}: {column}")

        return await work(told)


def _for_each(slug: str | None, *, every: bool, verb: Verb) -> None:
    """Say `verb` for one tenant or for every one. One that refuses doesn't keep the others from it."""

    async def main() -> None:
        if every == (slug is not None):
            raise InvalidInput("name one tenant, or say --all")
        async with opened(settings_for_people()) as services:
            await services.platform.bootstrap()
            names = [address.slug for address in await services.lookup.all()] if slug is None else [slug]
            for name in names:
                try:
                    tenant_id = await services.platform.find(name)
                except NotFound:
                    raise NotFound(f"no tenant has the slug {name}: `airside tenant list` shows them") from None
                async with services.engine.begin(tenant_id, principal=OPERATOR) as ctx:
                    if words := await verb(services, ctx, name):
                        out.print(words)

    run(main())
