"""A report for people: one HTML file that loads nothing, runs nothing and can be sent around."""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from airside.assurance.model import Observation, Report, Result
from airside.assurance.picture import areas, ring
from airside.assurance.style import STYLE

_STATES: Final = {
    "found": "to mend",
    "accepted": "accepted",
    "failed": "could not be checked",
    "passed": "passed",
    "not applicable": "not applicable",
}


def as_html(report: Report) -> str:
    """The page. Everything that was observed is escaped; the policy in its head lets nothing but its own style in."""
    style = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    target, when = escape(report.target), f"{report.at:%Y-%m-%d %H:%M} UTC"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>Checklist of {target}</title>",
            f"<style>{STYLE}</style>",
            "<main>",
            f"<header><p>Airside checklist</p><h1>{target}</h1>",
            f"<p>{when}, {len(report.results)} checks, {report.requests} requests, {report.seconds:.1f} s</p></header>",
            f'<section class="picture">{ring(report)}{areas(report)}</section>',
            *_findings(report),
            *_table(report),
            "</main>",
            "</html>",
            "",
        ]
    )


def _findings(report: Report) -> Iterator[str]:
    open_ = sorted((each for each in report.results if each.found), key=lambda each: -each.check.severity)
    yield "<section><h2>To mend</h2>"
    if not open_:
        yield "<p>Nothing.</p>"
    for result in open_:
        check = result.check
        yield f'<article class="{check.severity.label}"><h3>{escape(check.title)}</h3>'
        yield f'<p class="id"><b>{check.severity.label}</b> <code>{check.id}</code> {_ids(result)}</p>'
        yield _seen(result.found)
        yield f"<p>{escape(check.why)}</p><p><b>Mend:</b> {escape(check.mend)}</p></article>"
    yield "</section>"


def _table(report: Report) -> Iterator[str]:
    yield '<section><h2>Every check</h2><div class="wide"><table>'
    yield "<thead><tr><th>check<th>what holds<th>result<th>ids</thead>"
    for result in report.results:
        said = _STATES[result.state] + (f": {result.note}" if result.note else "")
        word = result.check.severity.label if result.state == "found" else result.state.split(" ", maxsplit=1)[0]
        yield (
            f"<tr><td><code>{result.check.id}</code><td>{escape(result.check.title)}"
            f'<td class="state {word}">{escape(said)}{_seen(result.accepted)}<td>{_ids(result)}'
        )
    yield "</table></div></section>"


def _ids(result: Result) -> str:
    ids = result.check.ids
    return " ".join([*(f"{each}:2023" for each in ids.api), *(f"{each}:2025" for each in ids.top10), *ids.asvs])


def _seen(seen: Iterable[Observation]) -> str:
    rows = "".join(f"<li><code>{escape(each.where)}</code> {escape(each.evidence)}</li>" for each in seen)
    return f"<ul>{rows}</ul>" if rows else ""
