"""`airside checklist`: what is asked for, and how the answer is told."""

import asyncio
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rich.text import Text

from airside.assurance import (
    CHECKS,
    SELF_CHECKS,
    Baseline,
    Report,
    Severity,
    Wanted,
    as_html,
    as_json,
    as_sarif,
    examine,
    judge,
    read_baseline,
)
from airside.cli.session import CANNOT_START, busy, database, err, opened, out, settings_for_people
from airside.core.clock import Clock, SystemClock
from airside.core.errors import InvalidInput, Refusal
from airside.core.secret import Secret
from airside.wiring.posture import posture

MAX_TOKEN: Final = 16 * 1024
FORMATS: Final[dict[str, Callable[[Report], str]]] = {"json": as_json, "sarif": as_sarif, "html": as_html}
_COLOURS: Final = {
    Severity.INFO: "blue",
    Severity.LOW: "yellow",
    Severity.MEDIUM: "dark_orange",
    Severity.HIGH: "red",
    Severity.CRITICAL: "bold red",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The words of the command line that say what to examine."""

    target: str | None
    pages: tuple[str, ...]
    protected: tuple[str, ...]
    ca: Path | None
    plain_port: int | None
    token_file: Path | None
    inside: bool


def checklist(asked: Asked, *, form: str, output: Path | None, baseline: Path | None, fail_on: str) -> None:
    """Examine and tell.

    Raises:
        SystemExit: 1: something open weighs `fail_on` or more; 2: something, or everything, could not be checked.
    """

    clock = SystemClock()
    with _refusals():
        wanted, severity = _wanted(asked), _severity(fail_on)
        if form not in ("terminal", *FORMATS):
            raise InvalidInput(f"--format is one of terminal, {', '.join(FORMATS)}")
        if output is not None and form not in FORMATS:
            raise InvalidInput(f"--output needs a --format: {', '.join(FORMATS)}")
        known = {check.id for check in (*CHECKS, *SELF_CHECKS)}
        accepted = Baseline() if baseline is None else read_baseline(baseline.read_bytes(), known, clock.now())
        with busy("examining") as status:
            update: Callable[[str], None] = getattr(status, "update", _silent)
            report = asyncio.run(_examined(asked, wanted, accepted, clock, update))
        _tell(report, accepted, form, output)
    code = report.exit_code(severity)
    if code:
        raise SystemExit(code)


async def _examined(
    asked: Asked, wanted: Wanted | None, accepted: Baseline, clock: Clock, progress: Callable[[str], None]
) -> Report:
    report = Report("this server", clock.now(), (), 0, 0.0)
    if wanted is not None:
        report = await examine(wanted, accepted, clock=clock, progress=progress)
    if asked.inside:
        progress("looking inside")
        settings = settings_for_people()
        async with opened(settings) as services, database(settings) as dsn:
            inside = await posture(services, settings, dsn)
        report = replace(report, results=(*report.results, *await judge(inside, accepted)))
    return report


@contextmanager
def _refusals() -> Generator[None]:
    """A pipeline is told apart what is to mend (1) from what could not be checked (2)."""
    try:
        yield
    except (Refusal, OSError) as refusal:
        err.print(Text.assemble(("refused", "red"), " ", _words(refusal)))
        raise SystemExit(CANNOT_START) from None


def _words(refusal: Refusal | OSError) -> str:
    if isinstance(refusal, OSError):
        return f"{refusal.filename}: {refusal.strerror}"
    cause = refusal.data.get("cause")
    return f"{refusal}{f' ({cause})' if cause else ''}"


def _silent(_words: str) -> None:
    """Nobody looks on."""


def _severity(word: str) -> Severity:
    words = {severity.label: severity for severity in Severity}
    if word not in words:
        raise InvalidInput(f"--fail-on is one of {', '.join(words)}")
    return words[word]


def _wanted(asked: Asked) -> Wanted | None:
    if asked.target is None and asked.inside:
        return None
    if asked.target is None:
        raise InvalidInput("name a target, such as https://app.example.com/signin")
    for path in (*asked.pages, *asked.protected):
        if not path.startswith("/"):
            raise InvalidInput(f"{path} is no path of the target: /{path}")
    token = None
    if asked.token_file is not None:
        text = asked.token_file.read_text("ascii", "replace").strip()
        if not text or len(text) > MAX_TOKEN or not text.isprintable() or " " in text:
            raise InvalidInput("the token's file holds no token")
        token = Secret(text)
    return Wanted(
        url=asked.target,
        pages=asked.pages,
        protected=asked.protected,
        trust=asked.ca,
        plain_port=asked.plain_port,
        token=token,
    )


def _tell(report: Report, baseline: Baseline, form: str, output: Path | None) -> None:
    if form in FORMATS:
        text = FORMATS[form](report)
        if output is None:
            sys.stdout.write(text)
        else:
            output.write_text(text, "utf-8")
    if form == "terminal" or output is not None:
        _show(report)
    for entry in baseline.expired:
        err.print(f"no longer accepted since {entry.expires}: {entry.check} {entry.where}".rstrip(), style="yellow")


def _show(report: Report) -> None:
    """What is open, gravest first; what couldn't be checked; a line of counts."""
    for result in sorted(report.results, key=lambda each: -each.check.severity):
        check = result.check
        for seen in result.found:
            word = (check.severity.label, _COLOURS[check.severity])
            out.print(Text.assemble(word, f" {check.id}  {seen.where}: {seen.evidence}"))
        if result.found:
            out.print(f"  why   {check.why}\n  mend  {check.mend}", style="dim")
            ids = [*(f"{each}:2023" for each in check.ids.api), *(f"{each}:2025" for each in check.ids.top10)]
            out.print(f"  ids   {' '.join([*ids, *check.ids.asvs])}", style="dim")
    for result in report.results:
        if result.state == "failed":
            out.print(Text.assemble(("not checked", "magenta"), f" {result.check.id}: {result.note}"))
    states = [result.state for result in report.results]
    told = {"to mend": "found", "accepted": "accepted", "not checked": "failed", "passed": "passed"}
    counts = ", ".join(f"{states.count(state)} {words}" for words, state in told.items() if state in states)
    left = states.count("not applicable")
    out.print(f"{counts}, {left} not applicable; {report.requests} requests in {report.seconds:.1f} s")
