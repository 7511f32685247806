"""`airside user certificate`."""

from typing import Annotated

import typer

erasure = typer.Typer(no_args_is_help=True)


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
