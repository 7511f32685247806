"""The table of rules: each row whole, within its own bounds, and with a page on what to do."""

from pathlib import Path
from typing import Any, get_args

import pytest

from airside.audit.alerts import RULES, Rule, RuleName
from airside.core.errors import InvalidInput
from airside.tenancy import parse_policy

PAGES = Path(__file__).parents[3] / "docs" / "operations" / "runbooks"


def test_every_rule_has_its_row_and_its_page_and_no_page_is_left_over() -> None:
    names = [rule.name for rule in RULES]
    assert sorted(names) == sorted(get_args(RuleName))
    assert sorted(path.stem for path in PAGES.glob("*.md")) == sorted(names)
    for rule in RULES:
        assert f"`{rule.name}`" in (PAGES / f"{rule.name}.md").read_text("utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_threshold_is_taken_within_its_bounds_alone(rule: Rule) -> None:
    assert rule.least <= rule.threshold <= rule.most
    for good in (rule.least, rule.most):
        assert parse_policy({"alerts": {"thresholds": {rule.name: good}}}).alerts.terms.threshold(rule) == good
    for bad in (rule.least - 1, rule.most + 1):
        with pytest.raises(InvalidInput):
            parse_policy({"alerts": {"thresholds": {rule.name: bad}}})


@pytest.mark.parametrize(
    "alerts",
    [{"off": ["none"]}, {"thresholds": {"none": 1}}, {"thresholds": {"mass_export": "1000"}}, {"more": True}],
    ids=["off", "threshold", "text", "field"],
)
def test_unknown_rule_or_field_is_refused(alerts: Any) -> None:
    with pytest.raises(InvalidInput):
        parse_policy({"alerts": alerts})
