"""`airside audit`: verify, export, head."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from rich.text import Text

from airside.admin import AuditAdmin
from airside.audit import (
    Found,
    Position,
    Report,
    verify_file,
    verify_tenant,
    write_cef,
    write_entry,
    write_ocsf,
)
from airside.cli.manage import operating
from airside.cli.session import busy, out, plain_refusals, run
from airside.core.errors import InvalidInput, NotFound
from airside.store import RequestContext

MAX_HEAD: Final = 8192
SHOWN: Final = 20
PROCESSORS: Final = os.cpu_count() or 1
Page = tuple[list[bytes], Position | None]


def verify(target: str, head: Path | None) -> None:
    """Exit 1 if anything was changed."""

    async def main() -> int:
        async with operating(target) as (_, ctx):
            with busy("verifying"):
                report = await verify_tenant(ctx, trusted_head=trusted)
        return _show(report)

    with plain_refusals():
        trusted = None if head is None else _read_head(head)
        if Path(target).is_file():
            with busy("verifying"):
                report = verify_file(Path(target), trusted, processes=PROCESSORS)
            if _show(report):
                raise SystemExit(1)
            return
        if set(target) & set("./"):
            raise NotFound(f"there is no file {target}, and no tenant has such a slug")
    run(main())


def export(slug: str, file: Path, form: str) -> None:
    """Write the log in one of `FORMATS`."""

    async def main() -> None:
        count, position = 0, None
        async with operating(slug) as (services, ctx):
            with busy("exporting"), file.open("xb") as written:
                while True:
                    lines, position = await FORMATS[form](services.audit_admin, ctx, position)
                    written.writelines(lines)
                    count += len(lines)
                    if position is None:
                        break
        out.print(f"{count} lines in {file}")

    with plain_refusals():
        if form not in FORMATS:
            raise InvalidInput(f"--format is one of {', '.join(FORMATS)}", pointer="format")
    run(main())


async def _entries(verbs: AuditAdmin, ctx: RequestContext, position: Position | None) -> Page:
    found, following = await verbs.export(ctx, position)
    return [write_entry(each) for each in found], following


def _events(
    write: Callable[[Found], bytes],
) -> Callable[[AuditAdmin, RequestContext, Position | None], Awaitable[Page]]:
    async def page(verbs: AuditAdmin, ctx: RequestContext, position: Position | None) -> Page:
        found, following = await verbs.export_events(ctx, position)
        return [write(each) for each in found], following

    return page


FORMATS: Final = {"ndjson": _entries, "cef": _events(write_cef), "ocsf": _events(write_ocsf)}


def head(slug: str) -> None:
    """Print the last signed head, once the whole log has been verified against it."""

    async def main() -> int:
        async with operating(slug) as (_, ctx):
            with busy("verifying"):
                report = await verify_tenant(ctx)
        if not report.sound:
            return _show(report)
        if report.head is None:
            raise NotFound("no head has been signed yet: a running server signs one within a second of a record")
        out.print(report.head.jws, soft_wrap=True)
        return 0

    run(main())


def describe(report: Report) -> str:
    """What is proven, and what isn't yet, in one sentence."""
    head = report.head
    signed = f" by the head of size {head.tree_size} signed at {head.at:%Y-%m-%d %H:%M:%S} UTC" if head else ""
    younger = f"; {report.younger} younger than it" if report.younger else ""
    held = f"; held against a trusted head of size {report.checkpoint}" if report.checkpoint is not None else ""
    gone = ""
    if report.cut is not None:
        gone = f"; {report.expired} expired and gone, all from before {report.cut.before:%Y-%m-%d}"
    return f"{report.proven} records proven{signed}{younger}{gone}{held}"


def _show(report: Report) -> int:
    for problem in report.problems[:SHOWN]:
        out.print(Text.assemble((problem.kind, "red"), f" {problem.where}: {problem.what}"))
    if len(report.problems) > SHOWN:
        out.print(f"… and {len(report.problems) - SHOWN} more")
    out.print(describe(report))
    return 0 if report.sound else 1


def _read_head(file: Path) -> str:
    text = file.read_text("ascii", "replace")[:MAX_HEAD].strip()
    if not text:
        raise InvalidInput("the file holds no head")
    return text
