"""Alerts: an attack raises a hand by itself.

Owns the rules (`rules.py`: one row tells everything of one), the facts that they are about, the pure judgement that
finds something in them, the watch that judges without being asked, and the alerts themselves. Does not own what
happened (the journal's), who is told (`notify`), nor what is done about it.
"""

from airside.audit.alerts.alerts import MAX_PAGE, Alerts
from airside.audit.alerts.facts import fact_of
from airside.audit.alerts.judge import Past, Terms, concerned, judge
from airside.audit.alerts.model import TENANT, Alert, Evidence, Fact, FactKind, Finding, Rule, RuleName, Severity, State
from airside.audit.alerts.raising import extended, extends, raised
from airside.audit.alerts.rules import BY_NAME, RULES
from airside.audit.alerts.tallies import Tallies
from airside.audit.alerts.watch import WATCH, AlertPolicies, Watch

__all__ = [
    "BY_NAME",
    "MAX_PAGE",
    "RULES",
    "TENANT",
    "WATCH",
    "Alert",
    "AlertPolicies",
    "Alerts",
    "Evidence",
    "Fact",
    "FactKind",
    "Finding",
    "Past",
    "Rule",
    "RuleName",
    "Severity",
    "State",
    "Tallies",
    "Terms",
    "Watch",
    "concerned",
    "extended",
    "extends",
    "fact_of",
    "judge",
    "raised",
]
