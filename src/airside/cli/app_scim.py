"""The verbs of `airside scim`."""

from typing import Annotated

import typer

from airside.cli.words import Slug

Connection = Annotated[str, typer.Argument(help="The connection's id, con_….")]

scim = typer.Typer(
    help="Tokens with which a customer's directory provisions users over SCIM: make, list, revoke.",
    no_args_is_help=True,
)


@scim.command("create")
def create_token(
    slug: Slug,
    connection: Connection,
    days: Annotated[int, typer.Option(help="How long it is good.", min=1, max=366)] = 180,
) -> None:
    """Make a token of a connection, printed once; two live side by side, to change them without a gap."""
    from airside.cli.scim import create as run

    run(slug, connection, days)


@scim.command("list")
def list_tokens(slug: Slug, connection: Connection) -> None:
    """List the live tokens of a connection."""
    from airside.cli.scim import list_all as run

    run(slug, connection)


@scim.command("revoke")
def revoke_token(
    slug: Slug, connection: Connection, token_id: Annotated[str, typer.Argument(help="The token's id, tok_….")]
) -> None:
    """Take a token back; whom its directory made stays."""
    from airside.cli.scim import revoke as run

    run(slug, connection, token_id)
