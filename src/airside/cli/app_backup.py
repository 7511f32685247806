"""The verbs of `airside backup`."""

from typing import Annotated

import typer

backup = typer.Typer(
    help="Backups, sealed under the key encryption key: create, list, verify, restore.", no_args_is_help=True
)
Target = Annotated[
    str | None,
    typer.Option("--target", help="A directory, or s3://bucket/prefix; without it, what AIRSIDE_BACKUP_TARGET names."),
]
BackupName = Annotated[str, typer.Argument(help="The backup's name, as `airside backup list` shows it.")]


@backup.command("create")
def create_backup(target: Target = None) -> None:
    """Back up every tenant, as of one moment, while the server runs; and replace the archive of keys beside it."""
    from airside.cli.backup import create as run

    run(target)


@backup.command("list")
def list_backups(target: Target = None) -> None:
    """List the backups that are whole, oldest first."""
    from airside.cli.backup import list_all as run

    run(target)


@backup.command("verify")
def verify_backup(name: BackupName, target: Target = None) -> None:
    """Restore into a scratch database of its own, and verify every tenant's audit log. Exit 1 if anything differs."""
    from airside.cli.backup import verify as run

    run(target, name)


@backup.command("restore")
def restore_backup(name: BackupName, target: Target = None) -> None:
    """Restore into the empty, migrated database of AIRSIDE_DATABASE_OWNER_URL, whole or not at all; then verify every
    tenant's audit log. Exit 1 if one differs."""
    from airside.cli.backup import restore_into as run

    run(target, name)
