"""The verbs of `airside keys app`: the named keys of a tenant's applications."""

from typing import Annotated

import typer

from airside.cli.words import Slug

named = typer.Typer(help="Named keys of a tenant's applications: create, list, rotate, destroy.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="As applications say it, such as notes.")]


@named.command("create")
def create_key(
    slug: Slug,
    name: Name,
    tokens: Annotated[bool, typer.Option("--tokens", help="For tokens of fields, not for sealing.")] = False,
) -> None:
    """Make a key for a tenant's applications."""
    from airside.cli.named_keys import create as run

    run(slug, name, "token" if tokens else "seal")


@named.command("list")
def list_keys(slug: Slug) -> None:
    """List a tenant's named keys, with the version that seals and those that still open."""
    from airside.cli.named_keys import list_all as run

    run(slug)


@named.command("rotate")
def rotate_key(slug: Slug, name: Name) -> None:
    """Seal with a new version from now on; the ones before go on opening."""
    from airside.cli.named_keys import rotate as run

    run(slug, name)


@named.command("destroy")
def destroy_key(
    slug: Slug,
    name: Name,
    version: Annotated[int | None, typer.Option(help="A retired version.", min=1, max=500)] = None,
    whole: Annotated[bool, typer.Option("--all", help="Every version: nothing it sealed opens again.")] = False,
) -> None:
    """Destroy a version of a key, or all of it, for good."""
    from airside.cli.named_keys import destroy as run

    run(slug, name, version, whole=whole)
