"""The verbs of `airside setup`."""

from typing import Annotated

import typer

from airside.cli.words import Slug

setup = typer.Typer(
    help="Links with which a customer's own IT sets up a connection to its identity provider: make, list, revoke.",
    no_args_is_help=True,
)


@setup.command("invite")
def invite(
    slug: Slug,
    name: Annotated[str, typer.Argument(help="What the connection will be called, such as the customer's name.")],
    email: Annotated[str, typer.Argument(help="Whom the link is mailed to.")],
    creates_users: Annotated[bool, typer.Option(help="Whether it makes accounts at first sight.")] = False,
    provisions: Annotated[bool, typer.Option(help="Whether a directory may keep accounts over SCIM.")] = False,
    days: Annotated[int, typer.Option(help="How long whoever is invited has.", min=1, max=30)] = 7,
) -> None:
    """Mail a link to set a connection up, and print it once."""
    from airside.cli.setup import create as run

    run(slug, name, email, creates_users, provisions, days)


@setup.command("list")
def list_setups(slug: Slug) -> None:
    """List the tenant's setup invitations, settled ones too."""
    from airside.cli.setup import list_all as run

    run(slug)


@setup.command("revoke")
def revoke_setup(slug: Slug, setup_id: Annotated[str, typer.Argument(help="The invitation's id, stp_….")]) -> None:
    """Take a setup invitation back, with what was made by it and no administrator has taken over."""
    from airside.cli.setup import revoke as run

    run(slug, setup_id)
