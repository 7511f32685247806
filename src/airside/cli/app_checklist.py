"""The verb `airside checklist`."""

from pathlib import Path
from typing import Annotated

import typer


def checklist(
    target: Annotated[
        str | None, typer.Argument(help="The address of the deployment, with the path of its first page.")
    ] = None,
    page: Annotated[
        list[str] | None, typer.Option(help="A path with a page that no link leads to; may be repeated.")
    ] = None,
    protected: Annotated[
        list[str] | None, typer.Option(help="A path that should ask who is there; may be repeated.")
    ] = None,
    ca: Annotated[
        Path | None, typer.Option(help="A file with the authorities to believe instead of the usual.")
    ] = None,
    plain_port: Annotated[
        int | None, typer.Option(help="Where plain HTTP listens; 80 beside 443.", min=1, max=65_535)
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="A file with a token that is good at the protected paths.")
    ] = None,
    inside: Annotated[
        bool, typer.Option("--self", help="Look at Airside's own inside too, by the settings; TARGET may be left out.")
    ] = False,
    form: Annotated[str, typer.Option("--format", help="terminal, json, sarif or html.")] = "terminal",
    output: Annotated[Path | None, typer.Option(help="Where the report goes, instead of the terminal.")] = None,
    baseline: Annotated[Path | None, typer.Option(help="A file of accepted findings, each with an end.")] = None,
    fail_on: Annotated[str, typer.Option(help="From where on a finding fails: info to critical.")] = "low",
) -> None:
    """Examine a running deployment, ours or another's. Exit 1 if something is to mend, 2 if it couldn't be checked."""
    from airside.cli.checklist import Asked
    from airside.cli.checklist import checklist as run

    asked = Asked(target, tuple(page or ()), tuple(protected or ()), ca, plain_port, token_file, inside=inside)
    run(asked, form=form, output=output, baseline=baseline, fail_on=fail_on)
