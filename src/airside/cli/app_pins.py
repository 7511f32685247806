"""The verbs of `airside pins`."""

from pathlib import Path
from typing import Annotated

import typer

pins = typer.Typer(help="Pins of the server's public keys: make the next key, show the document.", no_args_is_help=True)


@pins.command("make")
def make(file: Annotated[Path, typer.Argument(help="Where to write the key (mode 0600).")]) -> None:
    """Make the private key of the next certificate, and print its pin, for AIRSIDE_TLS_BACKUP_PINS."""
    from airside.cli.pins import make as run

    run(file)


@pins.command("show")
def show() -> None:
    """Show the document of pins as the server publishes it at AIRSIDE_PUBLIC_URL; applications are shipped with it."""
    from airside.cli.pins import show as run

    run()
