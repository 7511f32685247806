"""How a report is told: exit codes, JSON, SARIF, a page."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from airside.assurance import CHECKS, SELF_CHECKS, Observation, Report, Result, Severity, as_html, as_json, as_sarif
from tests.chromium import chromium

__all__ = ["chromium"]
ROOT = Path(__file__).resolve().parents[2]
BAD = "<script>alert(1)</script>\"'"


def _result(number: int, state: Any, **more: Any) -> Result:
    return Result(CHECKS[number], state, **more)


REPORT = Report(
    "https://app.example/signin",
    datetime(2026, 6, 1, tzinfo=UTC),
    (
        _result(0, "found", found=(Observation("/signin", BAD),)),
        _result(1, "passed"),
        _result(2, "accepted", accepted=(Observation("/old", "known"),)),
        _result(3, "failed", note="timeout"),
        _result(4, "not applicable", note="no form"),
    ),
    12,
    3.4,
)


@pytest.mark.parametrize(
    ("states", "code"),
    [
        (["passed"], 0),
        (["passed", "accepted", "not applicable"], 0),
        (["found", "passed"], 1),
        (["found", "failed"], 1),
        (["passed", "failed"], 2),
        (["not applicable", "not applicable"], 2),
        ([], 2),
    ],
)
def test_exit_code(states: list[Any], code: int) -> None:
    report = replace(REPORT, results=tuple(_result(0, state) for state in states))
    assert report.exit_code(Severity.LOW) == code


def test_what_weighs_less_than_asked_for_does_not_fail() -> None:
    info = next(check for check in CHECKS if check.severity == Severity.INFO)
    report = replace(REPORT, results=(Result(info, "found", (Observation("/", "x"),)),))
    assert [report.exit_code(severity) for severity in (Severity.INFO, Severity.LOW)] == [1, 0]


def test_json_tells_every_check() -> None:
    told = json.loads(as_json(REPORT))
    assert [check["state"] for check in told["checks"]] == [result.state for result in REPORT.results]
    assert told["checks"][0]["found"] == [{"where": "/signin", "evidence": BAD}]
    assert told["checks"][0]["owasp_top10_2025"] == list(CHECKS[0].ids.top10)


def test_sarif_tells_what_is_open() -> None:
    (result,) = json.loads(as_sarif(REPORT))["runs"][0]["results"]
    assert result["ruleId"] == CHECKS[0].id
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "https://app.example/signin"


def test_page_loads_nothing_and_escapes_what_was_seen() -> None:
    page = as_html(REPORT)
    assert "<script" not in page
    assert not re.search(r"\b(?:src|href|style|on\w+)=", page)
    style = re.search(r"<style>(.*)</style>", page, re.DOTALL)
    assert style is not None
    assert f"'sha256-{base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()}'" in page


async def test_page_shows_its_style_in_a_browser_on_a_phone(chromium: Browser, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(as_html(REPORT), "utf-8")
    page = await chromium.new_page(viewport={"width": 390, "height": 800})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    await page.goto((tmp_path / "report.html").as_uri())
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    assert await page.evaluate("getComputedStyle(document.querySelector('.arc')).strokeWidth") == "24px"
    assert await page.get_by_role("img", name="1 critical, 1 not checked, 1 accepted, 1 passed").count() == 1
    assert complaints == []
    await page.close()


def test_every_check_says_everything_and_has_an_id_of_its_own() -> None:
    checks = [*CHECKS, *SELF_CHECKS]
    assert len({check.id for check in checks}) == len(checks)
    for check in checks:
        assert all(len(text) > 12 for text in (check.title, check.why, check.mend)), check.id
        assert check.ids.top10, check.id
        assert all(re.fullmatch(r"API(?:10|[1-9])", each) for each in check.ids.api), check.id
        assert all(re.fullmatch(r"A(?:10|0[1-9])", each) for each in check.ids.top10), check.id
        assert all(re.fullmatch(r"v5\.0\.0-\d+\.\d+\.\d+", each) for each in check.ids.asvs), check.id
        assert "|" not in check.title + check.why + check.mend, check.id


def test_the_written_checklist_names_every_check_and_no_other() -> None:
    page = (ROOT / "docs" / "checklist.md").read_text("utf-8")
    rows = [line.rsplit("|", 2)[1] for line in page.splitlines() if line.startswith("| ") and "shown by" not in line]
    named = {word for row in rows for word in re.findall(r"`([a-z0-9-]+)`", row)}
    assert named == {check.id for check in (*CHECKS, *SELF_CHECKS)}
    assert [row for row in rows if not row.strip()] == []
