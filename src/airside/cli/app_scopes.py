"""The verbs of `airside scope`."""

from typing import Annotated

import typer

from airside.cli.words import Slug

scope = typer.Typer(help="Scopes of a tenant's own: list, describe, delete.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The scope, as requests spell it.")]


@scope.command("list")
def list_scopes(slug: Slug) -> None:
    """List a tenant's own scopes."""
    from airside.cli.scopes import list_all as run

    run(slug)


@scope.command("set")
def set_scope(
    slug: Slug,
    name: Name,
    description: Annotated[str, typer.Argument(help="What it allows, in English, for the people who are asked.")],
    german: Annotated[str, typer.Option(help="The same in German.")] = "",
    offered: Annotated[
        bool, typer.Option("--offered", help="Applications that register themselves may have it too.")
    ] = False,
) -> None:
    """Say what a scope allows, or say it anew."""
    from airside.cli.scopes import put as run

    run(slug, name, description, german, offered)


@scope.command("delete")
def delete_scope(slug: Slug, name: Name) -> None:
    """Forget what a scope allows; applications that have it keep it."""
    from airside.cli.scopes import delete as run

    run(slug, name)
