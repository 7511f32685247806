"""SARIF as the specification demands it (SARIF 2.1.0 §3)."""

import json
from typing import Any

import pytest

from airside.assurance import SarifRow, sarif

ROWS = [
    SarifRow("hsts", "HSTS is sent", "warning", "https://app.example/a b", None, "no header"),
    SarifRow("sql", "SQL is constant", "error", "src/a.py", 7, "built by an f-string"),
    SarifRow("sql", "SQL is constant", "error", "src/b.py", 9, "built by %"),
]


@pytest.fixture(scope="module")
def run() -> dict[str, Any]:
    log = json.loads(sarif(ROWS))
    assert log["version"] == "2.1.0"
    assert set(log) == {"$schema", "version", "runs"}
    (only,) = log["runs"]
    return only


def test_each_result_points_at_its_rule(run: dict[str, Any]) -> None:
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["hsts", "sql"]
    assert all(rule["shortDescription"]["text"] for rule in rules)
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [row.rule for row in ROWS]
    assert [result["ruleId"] for result in run["results"]] == [row.rule for row in ROWS]


def test_each_result_says_what_and_where(run: dict[str, Any]) -> None:
    assert [result["level"] for result in run["results"]] == ["warning", "error", "error"]
    assert [result["message"] for result in run["results"]] == [{"text": row.message} for row in ROWS]
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert places[0] == {"artifactLocation": {"uri": "https://app.example/a%20b"}}
    assert places[1] == {"artifactLocation": {"uri": "src/a.py"}, "region": {"startLine": 7}}


def test_a_finding_is_known_again_on_another_line() -> None:
    def prints(*rows: SarifRow) -> list[str]:
        return [each["partialFingerprints"]["airside/v1"] for each in json.loads(sarif(rows))["runs"][0]["results"]]

    moved = SarifRow("sql", "SQL is constant", "error", "src/a.py", 70, "built by an f-string")
    assert prints(ROWS[1]) == prints(moved)
    assert len(set(prints(*ROWS))) == 3


def test_nothing_found_is_a_run_without_results() -> None:
    (run,) = json.loads(sarif([]))["runs"]
    assert run["results"] == []
    assert run["tool"]["driver"]["name"] == "airside"
