"""The verbs of `airside keys`."""

from pathlib import Path
from typing import Annotated

import typer

from airside.cli.words import Slug

keys = typer.Typer(
    help="Keys: make a key encryption key; list and rotate a tenant's signing keys.", no_args_is_help=True
)
rotate = typer.Typer(help="Put new keys in the place of old ones.", no_args_is_help=True)
keys.add_typer(rotate, name="rotate")


@keys.command("create")
def create_key(file: Annotated[Path, typer.Argument(help="Where to write it (mode 0600).")]) -> None:
    """Make a key encryption key for production, for AIRSIDE_KEK_FILE."""
    from airside.cli.keys import create as run

    run(file)


@keys.command("status")
def show_status() -> None:
    """List the key encryption keys: which seals, how many tenants' keys each wraps, and whether it answers."""
    from airside.cli.keys import status as run

    run()


@keys.command("seal-setting")
def seal_setting(
    setting: Annotated[str, typer.Argument(help="The setting's whole name, such as AIRSIDE_SMTP_URL.")],
) -> None:
    """Seal a setting's value, read from standard input, under the key encryption key: what is printed stands for it in
    the environment."""
    from airside.cli.keys import seal_setting as run

    run(setting)


@keys.command("list")
def list_keys(slug: Slug) -> None:
    """List a tenant's signing keys, and whether each is published, active or retired."""
    from airside.cli.keys import list_signing as run

    run(slug)


@rotate.command("signing")
def rotate_signing(
    slug: Slug,
    alg: Annotated[str, typer.Option(help="ES256, RS256, PS256 or EdDSA; one that is new makes the first.")] = "ES256",
    emergency: Annotated[
        bool, typer.Option("--emergency", help="The key may be known to others: revoke it and all that it signed, now.")
    ] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Go back to the key before the newest, a few minutes after a rotation.")
    ] = False,
) -> None:
    """Make a new signing key: published at once, it signs two minutes later; the old one verifies until all that it
    signed has expired."""
    from airside.cli.keys import rotate_signing as run

    run(slug, alg, emergency=emergency, rollback=rollback)
