"""`airside migrate`: numbered migrations, with progress."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from airside.cli.session import check_authorities, err, out, settings_for_people
from airside.cli.session import run as run_verb
from airside.core.errors import Misconfigured
from airside.store.migrate import migrate, role_of


def run() -> None:
    """Migrate, and say what was applied."""
    run_verb(_run())


async def _run() -> None:
    settings = settings_for_people()
    if settings.database_owner_url is None or settings.database_url is None:
        raise Misconfigured(
            "AIRSIDE_DATABASE_OWNER_URL",
            "is missing: name the owner's connection here and the application role's in AIRSIDE_DATABASE_URL "
            "(the embedded database of `airside dev` migrates by itself)",
        )
    check_authorities(settings)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("migrating", total=None)

        def tell(name: str, number: int, total: int) -> None:
            progress.update(task, description=name, completed=number, total=total)

        applied = await migrate(settings.database_owner_url.reveal(), role_of(settings.database_url.reveal()), tell)
    out.print(f"applied: {', '.join(applied)}" if applied else "up to date")
