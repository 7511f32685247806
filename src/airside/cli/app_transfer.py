"""`airside user import` and `export`."""

from pathlib import Path
from typing import Annotated

import typer

from airside.cli.words import Slug

transfer = typer.Typer()


@transfer.command("import")
def import_users(
    slug: Slug, file: Annotated[Path, typer.Argument(help="NDJSON, one user a line, as `user export` writes it.")]
) -> None:
    """Bring users in, hashes of their passwords included. Nobody who is there already is changed. Exit 1 if a line is
    refused; the others stay."""
    from airside.cli.transfer import import_users as run

    run(slug, file)


@transfer.command("export")
def export_users(
    slug: Slug,
    file: Annotated[Path, typer.Argument(help="Where to; it mustn't be there yet.")],
    password_hashes: Annotated[
        bool, typer.Option("--password-hashes", help="Hashes of passwords too: whoever has them can guess at leisure.")
    ] = False,
) -> None:
    """Write every user of a tenant to a file that only its owner can read, as NDJSON."""
    from airside.cli.transfer import export_users as run

    run(slug, file, password_hashes)
