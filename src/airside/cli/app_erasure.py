"""`airside user erase`, `certificate`."""

from typing import Annotated

import typer

from airside.cli.words import Person, Slug

erasure = typer.Typer(no_args_is_help=True)


@erasure.command("erase")
def erase(
    slug: Slug,
    person: Person,
    days: Annotated[
        int | None,
        typer.Option(
            help="Until they are erased; with 0, at once. Without it as the tenant's policy says.", min=0, max=365
        ),
    ] = None,
    cancel: Annotated[bool, typer.Option("--cancel", help="Think better of it, while there is time.")] = False,
) -> None:
    """Let a user in no more, and erase them when the days have passed."""
    from airside.cli.erasure import cancel as undo
    from airside.cli.erasure import erase as run

    undo(slug, person) if cancel else run(slug, person, days)


@erasure.command("certificate")
def certificate(
    target: Annotated[str, typer.Argument(help="A file with an erased user's certificate, or their tenant's slug.")],
    user: Annotated[str, typer.Argument(help="With a slug: the id that the user had.")] = "",
    key: Annotated[
        str, typer.Option(help="The thumbprint of the tenant's key: whatever another signed is refused.")
    ] = "",
) -> None:
    """Print an erased user's certificate, or verify one from a file, offline."""
    from airside.cli.erasure import certificate as run

    run(target, user, key)
