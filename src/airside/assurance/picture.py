"""The result as a picture: a ring of all checks by what became of them, and a tile for each, by area."""

import math
from collections.abc import Iterator
from html import escape
from typing import Final

from airside.assurance.model import Report, Result, Severity

RADIUS: Final = 70
TILE: Final = 14
_ORDER: Final = ("critical", "high", "medium", "low", "info", "failed", "accepted", "passed", "none")
_WORDS: Final = {"failed": "not checked", "none": "not applicable"}


def word(result: Result) -> str:
    """What became of a check, in the one word that has a colour."""
    if result.state == "found":
        return result.check.severity.label
    return "none" if result.state == "not applicable" else result.state


def ring(report: Report) -> str:
    """All checks, and how many need mending."""
    words = [word(result) for result in report.results]
    held = {name: words.count(name) for name in _ORDER if name in words}
    mend = sum(count for name, count in held.items() if name in {severity.label for severity in Severity})
    said = ", ".join(f"{count} {_WORDS.get(name, name)}" for name, count in held.items())
    legend = "".join(f'<li><i class="{name}"></i>{count} {_WORDS.get(name, name)}</li>' for name, count in held.items())
    return (
        f'<figure><svg viewBox="0 0 200 200" role="img" aria-label="{escape(said)}">{"".join(_arcs(held))}'
        f'<text x="100" y="104" class="number">{mend}</text><text x="100" y="126" class="words">to mend</text></svg>'
        f"<ul>{legend}</ul></figure>"
    )


def _arcs(held: dict[str, int]) -> Iterator[str]:
    around = 2 * math.pi * RADIUS
    whole, before = sum(held.values()), 0.0
    for name, count in held.items():
        part = around * count / whole
        yield (
            f'<circle cx="100" cy="100" r="{RADIUS}" class="arc {name}" transform="rotate(-90 100 100)" '
            f'stroke-dasharray="{max(part - 1.5, 1):.2f} {around:.2f}" stroke-dashoffset="{-before:.2f}"/>'
        )
        before += part


def areas(report: Report) -> str:
    """A row of tiles for each area, a tile for each check."""
    rows: dict[str, list[Result]] = {}
    for result in report.results:
        rows.setdefault(result.check.area, []).append(result)
    return f'<dl class="areas">{"".join(_area(name, results) for name, results in rows.items())}</dl>'


def _area(name: str, results: list[Result]) -> str:
    tiles = "".join(
        f'<rect x="{place * (TILE + 3)}" width="{TILE}" height="{TILE}" rx="3" class="{word(result)}">'
        f"<title>{escape(result.check.title)}: {_WORDS.get(word(result), word(result))}</title></rect>"
        for place, result in enumerate(results)
    )
    width = len(results) * (TILE + 3)
    good = sum(1 for result in results if result.state in ("passed", "accepted"))
    asked = sum(1 for result in results if result.state != "not applicable")
    label = f"{escape(name)}: {good} of {asked}"
    return (
        f"<dt>{escape(name)}</dt><dd>"
        f'<svg width="{width}" height="{TILE}" viewBox="0 0 {width} {TILE}" role="img" aria-label="{label}">'
        f"{tiles}</svg><span>{good} of {asked}</span></dd>"
    )
