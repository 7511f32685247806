"""`airside fga check`, `import` and `export`: a tenant's stores in the database, as the local operator."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

import msgspec
import yaml
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from airside.cli.manage import operating
from airside.cli.session import busy, err, out, run
from airside.core.errors import InvalidInput, NotFound
from airside.core.strict_json import loads_object
from airside.permissions import Filter, Store, StoredTuple, View, is_public
from airside.permissions.language import to_text
from airside.permissions.model import Grant
from airside.permissions.refusals import StoreNotFound
from airside.permissions.storefile import StoreFile, read_import
from airside.permissions.tuplefile import row_of
from airside.store import RequestContext
from airside.wiring.build import Services

PAGE: Final = 1000
COLUMNS: Final = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())


def check(slug: str, store_id: str, subject: str, relation: str, object_: str, context: str) -> None:
    """Say yes or no and why; exit with 1 for no, so that a script can ask."""

    async def main() -> int:
        values = loads_object(context.encode()) if context else {}
        async with operating(slug) as (services, ctx):
            store = await _store(services, ctx, slug, store_id)
            view = View(store.id, at_least="head", context=values)
            told = await services.permissions.lists.explain(
                ctx, view, subject=subject, relation=relation, object_=object_
            )
        out.print(str(told), markup=False, highlight=False, soft_wrap=True)
        return 0 if told.allowed else 1

    run(main())


def import_store(slug: str, file: Path, store_id: str, external: bool) -> None:
    """Write a store file's model and tuples, all or nothing. Tuples that stand already stay as they are."""

    async def main() -> None:
        with busy(f"reading {file}"):
            read = read_import(file, external=external)
        async with operating(slug) as (services, ctx):
            if store_id:
                store = await _store(services, ctx, slug, store_id)
            else:
                store = await services.permissions.stores.create(ctx, read.name)
            model_id = await _write(services, ctx, store, read)
        out.print(f"store {store.id}  model {model_id}  {len(read.grants)} tuples")

    run(main())


def export_store(slug: str, store_id: str, file: Path | None) -> None:
    """A store file with the latest model and every tuple, to `file` or to the standard output."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            store = await _store(services, ctx, slug, store_id)
            latest = await services.permissions.models.latest(ctx, store.id)
            with busy("exporting"):
                rows = [row_of(Grant(each.key, each.terms)) async for each in _tuples(services, ctx, store)]
        body = {"name": store.name, "model": to_text(latest.model), "tuples": msgspec.to_builtins(rows)}
        text = yaml.dump(body, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
        if file is None:
            out.out(text, end="")
            return
        with file.open("x", encoding="utf-8") as written:
            written.write(text)
        out.print(f"{len(rows)} tuples in {file}")

    run(main())


class _Dumper(yaml.CSafeDumper):
    """Shows texts of several lines as such."""


def _text(_: _Dumper, value: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


async def _write(services: Services, ctx: RequestContext, store: Store, read: StoreFile) -> str:
    model = await services.permissions.models.write(ctx, store.id, read.model)
    with Progress(*COLUMNS, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("writing tuples", total=len(read.grants))
        size = services.permissions.limits.write
        for start in range(0, len(read.grants), size):
            batch = read.grants[start : start + size]
            await services.permissions.tuples.write(
                ctx, store.id, writes=batch, model_id=model.id, on_duplicate="ignore"
            )
            progress.advance(task, len(batch))
    return model.id


async def _store(services: Services, ctx: RequestContext, slug: str, store_id: str) -> Store:
    """The tenant's own store of that id.

    Raises:
        InvalidInput: no id of a store.
        NotFound: no such store.
    """
    if not is_public(store_id):
        raise InvalidInput("a store's id has 26 digits and capital letters", pointer="store")
    try:
        return await services.permissions.stores.get(ctx, store_id)
    except StoreNotFound:
        raise NotFound(f"{slug} has no store {store_id}") from None


async def _tuples(services: Services, ctx: RequestContext, store: Store) -> AsyncGenerator[StoredTuple]:
    page = await services.permissions.tuples.read(ctx, store.id, Filter(), limit=PAGE)
    while page:
        for each in page:
            yield each
        page = await services.permissions.tuples.read(ctx, store.id, Filter(), after=page[-1].key, limit=PAGE)
