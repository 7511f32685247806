"""The verbs of `airside client token`."""

from typing import Annotated

import typer

from airside.cli.words import Slug

token = typer.Typer(
    help="Tokens with which others register applications, where the tenant's policy lets them: make, list, revoke.",
    no_args_is_help=True,
)


@token.command("create")
def create_token(
    slug: Slug,
    name: Annotated[str, typer.Argument(help="Whom it is given to.")],
    uses: Annotated[int, typer.Option(help="How many applications it registers.", min=1, max=1_000)] = 1,
    days: Annotated[int, typer.Option(help="How long it is good.", min=1, max=90)] = 7,
) -> None:
    """Make a registration token, printed once."""
    from airside.cli.registration import create as run

    run(slug, name, uses, days)


@token.command("list")
def list_tokens(slug: Slug) -> None:
    """List the registration tokens that are good for anything."""
    from airside.cli.registration import list_all as run

    run(slug)


@token.command("revoke")
def revoke_token(slug: Slug, token_id: Annotated[str, typer.Argument(help="The token's id, reg_….")]) -> None:
    """Take a registration token back; what was registered with it stays."""
    from airside.cli.registration import revoke as run

    run(slug, token_id)
