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


deps = typer.Typer(help="What software stands on: advisories, bill of materials, licences, pins.", no_args_is_help=True)

Environment = Annotated[
    Path | None, typer.Option(help="A virtual environment, or a folder of packages. Without one: where this runs.")
]
Locks = Annotated[list[Path] | None, typer.Option("--lock", help="A lock file instead; may be repeated.")]


@deps.command("check")
def check_dependencies(
    advisories: Annotated[
        str, typer.Option(help="The advisories, in OSV's format: a folder, a zip or a JSON file, or its https:// URL.")
    ],
    environment: Environment = None,
    lock: Locks = None,
    ca: Annotated[Path | None, typer.Option(help="A PEM file of the only authorities to trust for that URL.")] = None,
    days: Annotated[int, typer.Option(help="A database in which nothing is younger is refused.", min=1, max=366)] = 14,
    fail_on: Annotated[
        Literal["low", "medium", "high", "critical"], typer.Option(help="From which severity on it is a failure.")
    ] = "low",
    form: Form = "terminal",
    baseline: Annotated[
        Path | None, typer.Option(help="A TOML file of what is accepted, by advisory, each with a reason and an end.")
    ] = None,
) -> None:
    """Say what is known against the packages. Exit 1 if anything is, 2 if nothing could be checked."""
    from airside.cli.dependencies import check as run

    run(environment, lock or [], advisories, ca, days, fail_on, form, baseline)


@deps.command("sbom")
def bill_of_materials(
    name: Annotated[str, typer.Argument(help="What the bill is of.")],
    version: Annotated[str, typer.Option(help="Its version.")] = "",
    environment: Environment = None,
    lock: Locks = None,
    output: Annotated[Path | None, typer.Option(help="Where to write it. Without: the standard output.")] = None,
) -> None:
    """Write a bill of materials (CycloneDX 1.6, JSON): the same packages give the same bytes."""
    from airside.cli.dependencies import bill as run

    run(environment, lock or [], name, version, output)


@deps.command("licences")
def list_licences(
    environment: Environment = None,
    policy: Annotated[Path | None, typer.Option(help="A TOML file of what is taken: allow, and [packages].")] = None,
) -> None:
    """List the licence of each installed package. Exit 1 if the policy doesn't take one."""
    from airside.cli.dependencies import licences as run

    run(environment, policy)


@deps.command("pins")
def check_pins(files: Annotated[list[Path], typer.Argument(help="Lock files, as pip reads them.")]) -> None:
    """Say which lines of lock files aren't pinned to one version with its hashes. Exit 1 if any."""
    from airside.cli.dependencies import pins as run

    run(files)


def threats(
    file: Annotated[Path, typer.Argument(help="The threat model.")] = Path("threats.toml"),
    tests: Annotated[
        Path | None, typer.Option(help="The folder from which the tests are named: each has to be there.")
    ] = None,
    svg: Annotated[Path | None, typer.Option(help="Where to draw the data-flow diagram.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Where to write the model as a page.")] = None,
) -> None:
    """Say what a threat model leaves open. Exit 1 if anything is, 2 if it can't be read."""
    from airside.cli.threats import run

    run(file, tests, svg, markdown)
