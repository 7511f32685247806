"""The management API's alerts."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from airside.admin import AlertAdmin
from airside.api.cursors import Cursors
from airside.api.strict import MAX_PAGE, PAGE, Answer, Body, path_id
from airside.audit.alerts import Alert, RuleName, Severity, State
from airside.core.ids import ALERT, format_id
from airside.store import RequestContext


class Closing(Body):
    reason: Annotated[str, Field(max_length=200)] = ""


class EvidenceAnswer(Answer):
    """`measured` of the rule's measure within `window_seconds`, where `threshold` raises it; audit records that tell
    it (`evt_…`), and addresses or networks to find it by."""

    measured: int
    threshold: int
    window_seconds: int
    records: list[str]
    about: list[str]


class AlertAnswer(Answer):
    id: str
    rule: RuleName
    subject: str
    severity: Severity
    state: State
    first_seen: datetime
    last_seen: datetime
    count: int
    evidence: EvidenceAnswer
    changed_at: datetime
    changed_by: str


class AlertPage(Answer):
    alerts: list[AlertAnswer]
    next_cursor: str | None = None


def add(routes: APIRouter, caller: Any, verbs: AlertAdmin, cursors: Cursors) -> None:
    """The routes of alerts."""

    @routes.get("/alerts", tags=["alerts"])
    async def list_alerts(
        state: State | None = None,
        severity: Severity | None = None,
        rule: RuleName | None = None,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
        ctx: RequestContext = caller,
    ) -> AlertPage:
        listing = f"alerts {state} {severity} {rule}"
        before = None if cursor is None else await cursors.read(ctx, listing, cursor)
        found = await verbs.list(ctx, before, limit, state=state, severity=severity, rule=rule)
        last = await cursors.make(ctx, listing, found[-1].alert_id) if len(found) == limit else None
        return AlertPage(alerts=[_alert(each) for each in found], next_cursor=last)

    @routes.get("/alerts/{alert_id}", tags=["alerts"])
    async def get_alert(alert_id: str, ctx: RequestContext = caller) -> AlertAnswer:
        return _alert(await verbs.get(ctx, path_id(ALERT, alert_id)))

    @routes.post("/alerts/{alert_id}/acknowledge", tags=["alerts"])
    async def acknowledge_alert(alert_id: str, ctx: RequestContext = caller) -> AlertAnswer:
        return _alert(await verbs.acknowledge(ctx, path_id(ALERT, alert_id)))

    @routes.post("/alerts/{alert_id}/close", tags=["alerts"])
    async def close_alert(alert_id: str, body: Closing, ctx: RequestContext = caller) -> AlertAnswer:
        return _alert(await verbs.close(ctx, path_id(ALERT, alert_id), reason=body.reason))


def _alert(alert: Alert) -> AlertAnswer:
    return AlertAnswer(
        id=format_id(ALERT, alert.alert_id),
        rule=alert.rule,
        subject=alert.subject,
        severity=alert.severity,
        state=alert.state,
        first_seen=alert.first_seen,
        last_seen=alert.last_seen,
        count=alert.count,
        evidence=EvidenceAnswer(
            measured=alert.evidence.measured,
            threshold=alert.evidence.threshold,
            window_seconds=alert.evidence.window_seconds,
            records=list(alert.evidence.records),
            about=list(alert.evidence.about),
        ),
        changed_at=alert.changed_at,
        changed_by=alert.changed_by,
    )
