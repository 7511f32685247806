"""Alerts: an attack raises a hand by itself.

Owns the rules (`rules.py`: one row tells everything of one), the facts that they are about, the pure judgement that
finds something in them, and the alerts themselves. Does not own what happened (the journal's), who is told (`notify`),
nor what is done about it.
"""

from airside.audit.alerts.facts import fact_of
from airside.audit.alerts.judge import Past, Terms, concerned, judge
from airside.audit.alerts.model import TENANT, Alert, Evidence, Fact, FactKind, Finding, Rule, RuleName, Severity, State
from airside.audit.alerts.raising import extended, extends, raised
from airside.audit.alerts.rules import BY_NAME, RULES

__all__ = [
    "BY_NAME",
    "RULES",
    "TENANT",
    "Alert",
    "Evidence",
    "Fact",
    "FactKind",
    "Finding",
    "Past",
    "Rule",
    "RuleName",
    "Severity",
    "State",
    "Terms",
    "concerned",
    "extended",
    "extends",
    "fact_of",
    "judge",
    "raised",
]
