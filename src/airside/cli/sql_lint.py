"""`airside sql lint`: SQL that is built as a string, found in a tree."""

import sys
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from airside.assurance.sql_lint import RULES
from airside.assurance.sql_tree import as_json, as_sarif, lint_file, python_files
from airside.cli.session import CANNOT_START, err, out
from airside.core.errors import NotFound


def run(paths: list[Path], form: str) -> None:
    """Print what is found at `paths`.

    Raises:
        SystemExit: 1: something was found; 2: a path has nothing to judge.
    """
    try:
        files = sorted({file for path in paths for file in python_files(path)})
    except NotFound as nothing:
        err.print(f"refused {nothing}")
        sys.exit(CANNOT_START)
    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        findings = [finding for file in progress.track(files) for finding in lint_file(file)]
    if form == "terminal":
        for finding in findings:
            out.print(str(finding))
        for rule in sorted({finding.fault.rule for finding in findings}):
            out.print(f"{rule}: {RULES[rule]}", style="dim")
        err.print(f"{len(findings)} found in {len(files)} files")
    else:
        out.print(as_json(findings, len(files)) if form == "json" else as_sarif(findings), end="")
    if findings:
        sys.exit(1)
