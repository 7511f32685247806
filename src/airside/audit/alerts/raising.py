"""What becomes of a finding: a new alert, or more of one that is there. Pure."""

from dataclasses import replace
from uuid import UUID

from airside.audit.alerts.model import MAX_EVIDENCE, Alert, Evidence, Finding
from airside.core.ids import EVENT, format_id


def extends(last: Alert | None, finding: Finding) -> bool:
    """Whether what was found belongs to the `last` alert of its rule about its subject, and raises no other."""
    return last is not None and last.state != "closed" and finding.first_seen - last.last_seen <= finding.rule.quiet


def raised(alert_id: UUID, finding: Finding) -> Alert:
    """A new alert."""
    rule = finding.rule
    return Alert(
        alert_id=alert_id,
        rule=rule.name,
        subject=finding.subject,
        severity=rule.severity,
        state="open",
        first_seen=finding.began,
        last_seen=finding.last_seen,
        count=finding.total,
        evidence=Evidence(
            measured=finding.measured,
            threshold=finding.threshold,
            window_seconds=int(rule.window.total_seconds()),
            records=_words(finding),
            about=finding.about,
        ),
        changed_at=finding.last_seen,
    )


def extended(alert: Alert, finding: Finding) -> Alert:
    """The alert, with what was found since. Whoever acknowledged it has it still."""
    before = alert.evidence
    evidence = replace(
        before,
        measured=max(before.measured, finding.measured),
        records=_last(*before.records, *_words(finding)),
        about=_last(*before.about, *finding.about),
    )
    last_seen = max(alert.last_seen, finding.last_seen)
    return replace(alert, last_seen=last_seen, count=alert.count + finding.count, evidence=evidence)


def _words(finding: Finding) -> tuple[str, ...]:
    return tuple(format_id(EVENT, record_id) for record_id in finding.records)


def _last(*words: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))[-MAX_EVIDENCE:]
