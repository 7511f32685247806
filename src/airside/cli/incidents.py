"""`airside incident`: incidents and their timelines, as the local operator."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from airside.audit.incident_report import as_json, as_text
from airside.cli.manage import operating
from airside.cli.session import out, run, table
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import INCIDENT, parse_id
from airside.store import RequestContext
from airside.wiring.build import Services


def open_incident(slug: str, title: str, severity: str) -> None:
    """A new one."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            made = await services.incident_admin.open(ctx, title, severity)
        out.print(f"{made.word}  {made.severity}  {made.title}")

    run(main())


def list_incidents(slug: str) -> None:
    """Every one."""

    async def main() -> None:
        rows: list[tuple[str, ...]] = []
        async with operating(slug) as (services, ctx):
            after: UUID | None = None
            while found := await services.incident_admin.list(ctx, after):
                after = found[-1].incident_id
                rows += [
                    (each.word, each.state, each.severity, f"{each.opened_at:%Y-%m-%d %H:%M}", each.title)
                    for each in found
                ]
        table(("id", "state", "severity", "opened (UTC)", "title"), rows)

    run(main())


def show(slug: str, word: str) -> None:
    """With its timeline."""

    async def main() -> None:
        async with _knowing(slug, word) as (services, ctx, incident_id):
            incident = await services.incident_admin.get(ctx, incident_id)
            timeline = await services.incident_admin.timeline(ctx, incident_id)
            out.print(as_text(incident, timeline, ctx.now), end="")

    run(main())


def note(slug: str, word: str, text: str) -> None:
    """Another line."""

    async def main() -> None:
        async with _knowing(slug, word) as (services, ctx, incident_id):
            entry = await services.incident_admin.note(ctx, incident_id, text)
        out.print(f"{entry.word} is written")

    run(main())


def link(slug: str, word: str, reference: str) -> None:
    """An alert, or a record."""

    async def main() -> None:
        async with _knowing(slug, word) as (services, ctx, incident_id):
            await services.incident_admin.link(ctx, incident_id, reference)
        out.print(f"{reference} belongs to {word}")

    run(main())


def close(slug: str, word: str, text: str) -> None:
    """It is over."""

    async def main() -> None:
        async with _knowing(slug, word) as (services, ctx, incident_id):
            await services.incident_admin.close(ctx, incident_id, text)
        out.print(f"{word} is closed")

    run(main())


def export(slug: str, word: str, file: Path | None, *, text: bool) -> None:
    """As one document."""

    async def main() -> None:
        async with _knowing(slug, word) as (services, ctx, incident_id):
            incident, timeline = await services.incident_admin.export(ctx, incident_id)
            moment = ctx.now
        written = as_text(incident, timeline, moment).encode() if text else as_json(incident, timeline, moment) + b"\n"
        if file is None:
            sys.stdout.buffer.write(written)
            return
        await asyncio.to_thread(file.write_bytes, written)
        out.print(f"{word} is in {file}: {len(timeline)} entries")

    run(main())


@asynccontextmanager
async def _knowing(slug: str, word: str) -> AsyncGenerator[tuple[Services, RequestContext, UUID]]:
    """The services and context of a tenant, and the id that `word` is.

    Raises:
        NotFound: it is the id of none; also what the verb inside doesn't find.
    """
    none = f"{slug} has no incident {word}, or no such record: `airside incident list {slug}`"
    try:
        incident_id = parse_id(INCIDENT, word)
    except InvalidInput:
        raise NotFound(none) from None
    async with operating(slug) as (services, ctx):
        try:
            yield services, ctx, incident_id
        except NotFound:
            raise NotFound(none) from None
