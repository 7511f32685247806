"""A report for programs: JSON, and rows of SARIF."""

import json
from typing import Any, Final

from airside.assurance.model import Observation, Report, Result, Severity
from airside.assurance.sarif import Level, SarifRow, sarif

FORM: Final = 1
"""Raised when a field of the JSON changes its meaning or goes."""
_LEVELS: Final[dict[Severity, Level]] = {
    Severity.INFO: "note",
    Severity.LOW: "note",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}


def as_json(report: Report) -> str:
    """Every check with what became of it."""
    table = {
        "form": FORM,
        "target": report.target,
        "at": report.at.isoformat(),
        "requests": report.requests,
        "seconds": round(report.seconds, 1),
        "checks": [_result(result) for result in report.results],
    }
    return json.dumps(table, indent=2, ensure_ascii=False) + "\n"


def as_sarif(report: Report) -> str:
    """What is open, as results at the target's addresses."""
    origin = "/".join(report.target.split("/", 3)[:3])

    def row(result: Result, seen: Observation) -> SarifRow:
        check = result.check
        uri = f"{origin}{seen.where}" if seen.where.startswith("/") else report.target
        message = f"{seen.where}: {seen.evidence} {check.why} {check.mend}"
        return SarifRow(check.id, check.title, _LEVELS[check.severity], uri, None, message)

    return sarif([row(result, seen) for result in report.results for seen in result.found])


def _result(result: Result) -> dict[str, Any]:
    check = result.check
    return {
        "id": check.id,
        "area": check.area,
        "title": check.title,
        "severity": check.severity.label,
        "state": result.state,
        "found": [_seen(seen) for seen in result.found],
        "accepted": [_seen(seen) for seen in result.accepted],
        "note": result.note,
        "why": check.why,
        "mend": check.mend,
        "owasp_api_2023": list(check.ids.api),
        "owasp_top10_2025": list(check.ids.top10),
        "asvs": list(check.ids.asvs),
    }


def _seen(seen: Observation) -> dict[str, str]:
    return {"where": seen.where, "evidence": seen.evidence}
