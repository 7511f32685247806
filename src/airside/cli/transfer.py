"""`airside user import` and `export`: batch after batch, each whole in a transaction of its own."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from rich.progress import Progress
from rich.text import Text

from airside.admin import OPERATOR
from airside.admin.userline import MAX_BATCH, MAX_LINE, MAX_LINES, write_line
from airside.cli.manage import operating
from airside.cli.session import err, out, run

OWNER_ONLY: Final = 0o600


def import_users(slug: str, file: Path) -> None:
    """Every line of `file`."""

    async def main() -> int:
        made = refused = before = 0
        async with operating(slug) as (services, opening):
            await opening.tx.checkpoint()
            with file.open("rb") as source, _progress("importing", _size(file)) as advance:
                for batch in _batches(source):
                    async with services.engine.begin(opening.tenant_id, principal=OPERATOR) as ctx:
                        results = await services.transfer_admin.import_users(ctx, batch)
                    for result in results:
                        if result.user_id is None:
                            _tell(file, before + result.line, result.problem)
                    made += sum(result.user_id is not None for result in results)
                    refused += sum(result.user_id is None for result in results)
                    before += len(batch)
                    advance(sum(map(len, batch)) + len(batch))
        out.print(f"{slug}: {made} users imported, {refused} lines refused")
        return 1 if refused else 0

    run(main())


def export_users(slug: str, file: Path, password_hashes: bool) -> None:
    """Every user of the tenant."""

    async def main() -> None:
        count, after = 0, None
        async with operating(slug) as (services, opening):
            await opening.tx.checkpoint()
            with _new(file) as target, _progress("exporting", None) as advance:
                while True:
                    async with services.engine.begin(opening.tenant_id, principal=OPERATOR) as ctx:
                        page = await services.transfer_admin.export_users(ctx, after, hashes=password_hashes)
                    if not page:
                        break
                    target.write(b"".join(write_line(line) for _, line in page))
                    count, after = count + len(page), page[-1][0]
                    advance(len(page))
        out.print(f"{slug}: {count} users exported to {file}")

    run(main())


def _tell(file: Path, line: int, problem: str) -> None:
    err.print(Text.assemble(("refused", "red"), f" {file}:{line}: {problem}"))


def _batches(source: BinaryIO) -> Iterator[list[bytes]]:
    """Lines in batches as large as a batch may be. A line over its cap comes cut, and is refused as one."""
    batch: list[bytes] = []
    size = 0
    while line := source.readline(MAX_LINE + 2):
        if not line.endswith(b"\n"):
            while (rest := source.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                pass
        line = line.removesuffix(b"\n")
        if len(batch) == MAX_LINES or size + len(line) > MAX_BATCH:
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield batch


def _size(file: Path) -> int:
    return file.stat().st_size


def _new(file: Path) -> BinaryIO:
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb")


@contextmanager
def _progress(words: str, total: int | None) -> Generator[Callable[[int], None]]:
    """A bar where somebody looks on."""
    with Progress(console=err, disable=not err.is_terminal, transient=True) as bar:
        task = bar.add_task(words, total=total)
        yield lambda step: bar.advance(task, step)
