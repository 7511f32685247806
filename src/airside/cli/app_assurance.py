"""The verbs that judge code and what it stands on; none of them needs a server or a database."""

from pathlib import Path
from typing import Annotated, Literal

import typer

sql = typer.Typer(help="SQL in somebody's code: find what is built as a string.", no_args_is_help=True)

Form = Annotated[Literal["terminal", "json", "sarif"], typer.Option("--format", help="terminal, json or sarif.")]


@sql.command("lint")
def lint_sql(
    paths: Annotated[list[Path], typer.Argument(help="Python files, and folders of them.")], form: Form = "terminal"
) -> None:
    """Find SQL that is built from values instead of given parameters. Exit 1 if any is found, 2 if nothing was read."""
    from airside.cli.sql_lint import run

    run(paths, form)
