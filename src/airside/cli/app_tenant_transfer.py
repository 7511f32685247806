"""`airside tenant export` and `import`."""

from pathlib import Path
from typing import Annotated

import typer

from airside.cli.words import Slug

tenant_transfer = typer.Typer()


@tenant_transfer.command("export")
def export_tenant(
    slug: Slug,
    to: Annotated[Path, typer.Option("--to", help="The file to write; it mustn't be there yet.")],
    key: Annotated[
        Path | None, typer.Option("--key", help="The file for the key that opens it; without it, FILE.key.")
    ] = None,
) -> None:
    """Write a tenant, as of one moment, to a sealed file for another installation, and the file's key to another file.
    The server runs on, and the tenant stays."""
    from airside.cli.tenant_transfer import export_to as run

    run(slug, to, key or to.with_name(f"{to.name}.key"))


@tenant_transfer.command("import")
def import_tenant(
    file: Annotated[Path, typer.Argument(help="What `airside tenant export` wrote.")],
    key: Annotated[str, typer.Option("--key", help="The file with its key, or - for standard input.")],
    slug: Annotated[str | None, typer.Option("--slug", help="The slug it gets here; without it, its own.")] = None,
) -> None:
    """Bring a tenant of another installation in, whole or not at all, while the server runs. Exit 1 if its audit log
    isn't the one that was exported."""
    from airside.cli.tenant_transfer import import_from as run

    run(file, key, slug)
