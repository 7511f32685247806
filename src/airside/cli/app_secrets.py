"""The verbs of `airside secret`, and `airside run`."""

from typing import Annotated

import typer

from airside.cli.words import Slug

secret = typer.Typer(
    help="Secrets of a tenant's applications: put, get, list, versions, delete, rotate.", no_args_is_help=True
)

Path = Annotated[str, typer.Argument(help="Where it stands, such as billing/stripe/api-key.")]
Version = Annotated[int | None, typer.Option(help="Which version. Without it: the youngest.", min=1, max=2_000_000_000)]


@secret.command("put")
def put_secret(
    slug: Slug,
    path: Path,
    expected: Annotated[
        int | None,
        typer.Option(help="Only if this is the youngest version; 0 if there is none yet.", min=0, max=2_000_000_000),
    ] = None,
) -> None:
    """Write a secret: the standard input to its end, or what you type unseen. Never an argument."""
    from airside.cli.secrets import put as run

    run(slug, path, expected)


@secret.command("get")
def get_secret(slug: Slug, path: Path, version: Version = None) -> None:
    """Write a secret to the standard output; that it was read is recorded."""
    from airside.cli.secrets import get as run

    run(slug, path, version)


@secret.command("list")
def list_secrets(slug: Slug, prefix: Annotated[str, typer.Argument(help="At or below this path.")] = "") -> None:
    """List a tenant's secrets, without their values."""
    from airside.cli.secrets import list_all as run

    run(slug, prefix)


@secret.command("versions")
def list_versions(slug: Slug, path: Path) -> None:
    """List the versions of a secret, without their values."""
    from airside.cli.secrets import versions as run

    run(slug, path)


@secret.command("delete")
def delete_secret(
    slug: Slug,
    path: Path,
    version: Version = None,
    destroy: Annotated[bool, typer.Option("--destroy", help="For good: its value can't be brought back.")] = False,
) -> None:
    """Delete a version: it can't be read until it is brought back over the API."""
    from airside.cli.secrets import delete as run

    run(slug, path, version, destroy)


@secret.command("rotate")
def rotate_secret(
    slug: Slug,
    path: Path,
    every: Annotated[
        int | None, typer.Option(help="Again every so many days from now on; 0 for no more.", min=0, max=366)
    ] = None,
) -> None:
    """Put a random value in a secret's place."""
    from airside.cli.secrets import rotate as run

    run(slug, path, every)


def run_with_secrets(
    command: Annotated[list[str], typer.Argument(help="The program and its arguments, after --.")],
    env: Annotated[list[str], typer.Option(help="NAME=secret/path; may be repeated.")],
) -> None:
    """Run a program with secrets in its environment. Asks the server of AIRSIDE_ISSUER as the application
    AIRSIDE_CLIENT_ID, whose secret stands in the file AIRSIDE_CLIENT_SECRET_FILE (or in AIRSIDE_CLIENT_SECRET); none
    of it is handed on. AIRSIDE_CA_FILE names the authority of the server's certificate, where it is one of your own,
    and AIRSIDE_PINS_FILE the pins of its keys. If one secret can't be read, nothing is run.
    """
    from airside.cli.run_with_secrets import run

    run(command, env)
