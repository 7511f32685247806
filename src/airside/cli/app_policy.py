"""The verbs of `airside policy`."""

from pathlib import Path
from typing import Annotated

import typer

from airside.cli.words import Slug

policy = typer.Typer(help="What a tenant demands of how people sign in: show and set.", no_args_is_help=True)


@policy.command("show")
def show_policy(slug: Slug) -> None:
    """Print a tenant's policy and its version as JSON."""
    from airside.cli.policies import show as run

    run(slug)


@policy.command("set")
def set_policy(
    slug: Slug,
    file: Annotated[Path, typer.Argument(help="The whole policy and its version, as `policy show` prints them.")],
) -> None:
    """Change a tenant's policy; what the file doesn't name has its default. Refused if it has changed since."""
    from airside.cli.policies import change as run

    run(slug, file)
