"""The files in `deploy/`: Prometheus takes the rules, each alert is raised and kept quiet as its own tests say, and
every metric that they and the dashboard name is one that a server shows."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from airside.wiring.metrics import PREFIX
from airside.wiring.metrics_names import HELP
from tests.promtool import promtool

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yml"
RULES_TESTS = DEPLOY / "prometheus" / "alerts_test.yml"
DASHBOARD = DEPLOY / "grafana" / "airside.json"
PAGE = DEPLOY.parent / "docs" / "operations" / "observability.md"
OF_THE_PROCESS = {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"} | {
    "python_gc_collections_total"
}
SUFFIXES = ("_total", "_bucket", "_count", "_sum", "")


def _rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _panels() -> list[dict[str, Any]]:
    return json.loads(DASHBOARD.read_text())["panels"]


def _expressions() -> list[str]:
    return [rule["expr"] for rule in _rules()] + [each["expr"] for panel in _panels() for each in panel["targets"]]


def test_prometheus_takes_the_rules() -> None:
    promtool("check", "rules", RULES)


def test_each_alert_is_raised_and_kept_quiet_as_it_should() -> None:
    promtool("test", "rules", RULES_TESTS)


def test_each_alert_has_both_tests_a_severity_and_a_paragraph() -> None:
    names = [case["name"] for case in yaml.safe_load(RULES_TESTS.read_text())["tests"]]
    page = PAGE.read_text()
    for rule in _rules():
        alert = rule["alert"]
        assert {f"{alert} raised", f"{alert} quiet"} <= set(names)
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert f"| `{alert}` |" in page


def test_every_metric_that_is_asked_for_exists() -> None:
    shown = {PREFIX + name + suffix for name in HELP for suffix in SUFFIXES} | OF_THE_PROCESS | {"up"}
    asked = {name for text in _expressions() for name in re.findall(r"\b(?:airside|process|python)_\w+|\bup\b", text)}
    assert asked - shown == set()


def test_every_metric_of_ours_is_on_the_dashboard_or_in_a_rule() -> None:
    text = "\n".join(_expressions())
    unused = {name for name in HELP if PREFIX + name not in text}
    assert unused == {"tenants", "http_unreadable_requests", "database_loans_at_hand"}


@pytest.mark.parametrize("panel", _panels(), ids=lambda panel: panel["title"])
def test_a_panels_expressions_are_promql(panel: dict[str, Any], tmp_path: Path) -> None:
    """As a rule of their own, with the dashboard's variables filled in."""
    expressions = [
        each["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*") for each in panel["targets"]
    ]
    rules = [{"record": f"tried:{place}", "expr": text} for place, text in enumerate(expressions)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "tried", "rules": rules}]}))
    promtool("check", "rules", file)
