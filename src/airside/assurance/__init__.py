"""Assurance: what is shown of a deployment, from outside and from what it says of itself, and how it is told.

Owns the checklist (its checks as data, the bounded probes, the judgements on what was observed), findings, accepted
findings with an end, and reports as JSON, SARIF and a page; the lint for SQL that is built as a string; the audit of
installed packages; threat models and their pictures. It does not own what it judges: it changes nothing, knows no
database, and takes a server's view of itself as a frozen value that was handed over.
"""

from airside.assurance.baseline import Accepted, Baseline, read_baseline
from airside.assurance.checks import CHECKS, SELF_CHECKS
from airside.assurance.examine import Wanted, examine, judge
from airside.assurance.model import Observation, Report, Result, Severity
from airside.assurance.page import as_html
from airside.assurance.posture import Aged, Posture
from airside.assurance.report import as_json, as_sarif
from airside.assurance.sarif import SarifRow, sarif

__all__ = [
    "CHECKS",
    "SELF_CHECKS",
    "Accepted",
    "Aged",
    "Baseline",
    "Observation",
    "Posture",
    "Report",
    "Result",
    "SarifRow",
    "Severity",
    "Wanted",
    "as_html",
    "as_json",
    "as_sarif",
    "examine",
    "judge",
    "read_baseline",
    "sarif",
]
