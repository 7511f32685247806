"""The verbs of `airside keys` on what seals a tenant's data."""

from typing import Annotated

import typer

from airside.cli.app_keys import keys, rotate
from airside.cli.words import Slug

Tenant = Annotated[str | None, typer.Argument(metavar="SLUG", help="The tenant's slug.")]
All = Annotated[bool, typer.Option("--all", help="Of every tenant.")]


@keys.command("vault")
def list_vault_keys(slug: Slug) -> None:
    """List the keys that seal a tenant's data: states, how often they may have sealed, and what wraps them."""
    from airside.cli.vault_keys import list_vault_keys as run

    run(slug)


@keys.command("reseal")
def reseal(slug: Tenant = None, every: All = False) -> None:
    """Seal with the active data key whatever retired ones have sealed. Servers do it by themselves; this shows how far
    it is. Killed, it goes on where it was."""
    from airside.cli.vault_keys import reseal as run

    run(slug, every=every, pepper=False)


@rotate.command("dek")
def rotate_data(
    slug: Tenant = None,
    every: All = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Go back to the data key before, unless it has been destroyed.")
    ] = False,
) -> None:
    """Make a new data key: once every node knows it, it seals, and servers seal everything anew with it."""
    from airside.cli.vault_keys import rotate_data as run

    run(slug, every=every, rollback=rollback)


@keys.command("reindex")
def reindex(slug: Tenant = None, every: All = False) -> None:
    """Compute anew every index that isn't under the index key that counts. Servers do it by themselves; this shows how
    far it is. Killed, it goes on by looking at every row again."""
    from airside.cli.vault_keys import reindex as run

    run(slug, every=every)


@rotate.command("index")
def rotate_index(
    slug: Tenant = None,
    every: All = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Go back to the index key before, unless it has been destroyed.")
    ] = False,
) -> None:
    """Make a new index key: once every node knows it, it counts, and servers compute every index anew with it."""
    from airside.cli.vault_keys import rotate_index as run

    run(slug, every=every, rollback=rollback)


@rotate.command("kek")
def rotate_kek(slug: Tenant = None) -> None:
    """Wrap every tenant's keys with the present key encryption key."""
    from airside.cli.vault_keys import rewrap as run

    run(slug)


@rotate.command("pepper")
def rotate_pepper(slug: Tenant = None, every: All = False) -> None:
    """Seal password hashes with the active data key, before everything else: their seal is the pepper. After
    `airside keys rotate dek`."""
    from airside.cli.vault_keys import reseal as run

    run(slug, every=every, pepper=True)
