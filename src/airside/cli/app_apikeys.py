"""The verbs of `airside apikeys`."""

from pathlib import Path
from typing import Annotated

import typer

from airside.cli.words import Slug

Key = Annotated[str, typer.Argument(help="The key's id, key_….")]
Account = Annotated[str, typer.Argument(help="The service account's id, svc_….")]

apikeys = typer.Typer(
    help="Keys with which programs come: make, list, rotate, revoke; find leaked ones; service accounts.",
    no_args_is_help=True,
)
account = typer.Typer(
    help="Service accounts, which own keys: make, list, disable, enable, give roles.", no_args_is_help=True
)
apikeys.add_typer(account, name="account")


@apikeys.command("create")
def create_key(
    slug: Slug,
    owner: Annotated[str, typer.Argument(help="Whom it speaks for: svc_… or usr_….")],
    name: Annotated[str, typer.Argument(help="What it is called in lists.")],
    scope: Annotated[list[str] | None, typer.Option(help="What it may be used for; may be repeated.")] = None,
    store: Annotated[list[str] | None, typer.Option(help="A permission store that it is bound to.")] = None,
    network: Annotated[list[str] | None, typer.Option(help="A network that it works from, 192.0.2.0/24.")] = None,
    days: Annotated[int, typer.Option(help="How long it is good.", min=1, max=366)] = 90,
    per_minute: Annotated[
        int | None, typer.Option(help="Requests a minute; 6000 if not said.", min=1, max=6_000_000)
    ] = None,
    publishable: Annotated[
        bool, typer.Option("--publishable", help="One that is no secret and opens nothing.")
    ] = False,
    test: Annotated[bool, typer.Option("--test", help="One for tests, bound to stores.")] = False,
) -> None:
    """Make a key, printed once."""
    from airside.cli.apikeys import Wanted
    from airside.cli.apikeys import create as run

    run(slug, Wanted(owner, name, scope or [], store, network, days, per_minute, publishable=publishable, test=test))


@apikeys.command("list")
def list_keys(slug: Slug) -> None:
    """List the keys of a tenant, those that are over lately too."""
    from airside.cli.apikeys import list_all as run

    run(slug)


@apikeys.command("rotate")
def rotate_key(
    slug: Slug,
    key_id: Key,
    overlap: Annotated[int, typer.Option(help="Hours for which the old one works on.", min=0, max=168)] = 24,
) -> None:
    """Make another in its place, printed once; both work for a while."""
    from airside.cli.apikeys import rotate as run

    run(slug, key_id, overlap)


@apikeys.command("revoke")
def revoke_key(slug: Slug, key_id: Key) -> None:
    """Take a key back; it opens nothing within a second, anywhere."""
    from airside.cli.apikeys import revoke as run

    run(slug, key_id)


@apikeys.command("scan")
def scan_tree(
    path: Annotated[Path, typer.Argument(help="A file, or a folder with everything below it.")],
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Revoke the secret ones that are found and are ours.")
    ] = False,
) -> None:
    """Find leaked keys by their checksum, offline; exit 1 if one is secret. Only `--revoke` opens the database."""
    from airside.cli.apikeys_scan import scan as run

    run(path, revoke=revoke)


@account.command("create")
def create_account(slug: Slug, name: Annotated[str, typer.Argument(help="Which program it is.")]) -> None:
    """Make a service account, which may nothing yet."""
    from airside.cli.apikeys import create_account as run

    run(slug, name)


@account.command("list")
def list_accounts(slug: Slug) -> None:
    """List the service accounts of a tenant."""
    from airside.cli.apikeys import list_accounts as run

    run(slug)


@account.command("disable")
def disable_account(slug: Slug, account_id: Account) -> None:
    """Disable one; none of its keys opens anything within a second."""
    from airside.cli.apikeys import set_account_state as run

    run(slug, account_id, "disabled")


@account.command("enable")
def enable_account(slug: Slug, account_id: Account) -> None:
    """Enable one; its keys that aren't over work again."""
    from airside.cli.apikeys import set_account_state as run

    run(slug, account_id, "active")


@account.command("give")
def give_role(
    slug: Slug, account_id: Account, role: Annotated[str, typer.Argument(help="The role's id, rol_….")]
) -> None:
    """Give it one of the tenant's own roles."""
    from airside.cli.apikeys import give as run

    run(slug, account_id, role)


@account.command("take")
def take_role(
    slug: Slug, account_id: Account, role: Annotated[str, typer.Argument(help="The role's id, rol_….")]
) -> None:
    """Take a role from it."""
    from airside.cli.apikeys import take as run

    run(slug, account_id, role)
