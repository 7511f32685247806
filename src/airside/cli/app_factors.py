"""`airside user factors`, `reset-factors` and `demand-password`."""

import typer

from airside.cli.words import Person, Slug

factors = typer.Typer()


@factors.command("factors")
def list_factors(slug: Slug, person: Person) -> None:
    """List what a user proves themselves with."""
    from airside.cli.factors import list_factors as run

    run(slug, person)


@factors.command("reset-factors")
def reset_factors(slug: Slug, person: Person) -> None:
    """Take every second factor from a user who has lost them. Every session of theirs ends, and a mail tells them."""
    from airside.cli.factors import reset_factors as run

    run(slug, person)


@factors.command("demand-password")
def demand_password(slug: Slug, person: Person) -> None:
    """Have a user's next sign-in ask for another password."""
    from airside.cli.factors import demand_password as run

    run(slug, person)
