"""Managing alerts: seeing them, and saying what becomes of them."""

from typing import Final
from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.admin.verb import Verbs, requires
from airside.audit.alerts import MAX_PAGE, Alert, Alerts, RuleName, Severity, State
from airside.store import RequestContext

READ: Final = Right("audit:read", "can_read_audit")
WRITE: Final = Right("policies:write", "can_write_policies")
"""Whoever may turn a rule off may close what it raised; nobody else."""


class AlertAdmin(Verbs):
    """List, read, acknowledge and close alerts. Nobody raises one by hand."""

    def __init__(self, *, authorise: Authorise, alerts: Alerts) -> None:
        super().__init__(authorise)
        self._alerts = alerts

    @requires(READ)
    async def list(
        self,
        ctx: RequestContext,
        before: UUID | None = None,
        limit: int = MAX_PAGE,
        *,
        state: State | None = None,
        severity: Severity | None = None,
        rule: RuleName | None = None,
    ) -> list[Alert]:
        """Up to `limit`, newest first, older than the one named; of one state, severity or rule, if one is named."""
        return await self._alerts.list(ctx, before, limit, state=state, severity=severity, rule=rule)

    @requires(READ)
    async def get(self, ctx: RequestContext, alert_id: UUID) -> Alert:
        """Raises: NotFound."""
        return await self._alerts.get(ctx, alert_id)

    @requires(WRITE)
    async def acknowledge(self, ctx: RequestContext, alert_id: UUID) -> Alert:
        """Somebody is at it. Raises: NotFound; Conflict: it is acknowledged or closed already."""
        return await self._alerts.acknowledge(ctx, alert_id)

    @requires(WRITE)
    async def close(self, ctx: RequestContext, alert_id: UUID, *, reason: str = "") -> Alert:
        """It is over. Raises: NotFound; Conflict: it is closed already."""
        return await self._alerts.close(ctx, alert_id, reason=reason)
