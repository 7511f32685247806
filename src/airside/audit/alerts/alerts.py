"""What people do with alerts: look at them, say that they are at it, and close them."""

from typing import Final
from uuid import UUID

from airside.audit.alerts import records
from airside.audit.alerts.model import Alert, RuleName, Severity, State
from airside.audit.events import Event
from airside.audit.journal import Journal
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import ALERT, format_id
from airside.store.context import RequestContext
from airside.vault import Vault

MAX_PAGE: Final = 200
"""Most alerts in one answer."""


class Alerts:
    """Reads alerts and changes their state. Raising them is the watch's."""

    def __init__(self, *, vault: Vault, journal: Journal) -> None:
        self._vault = vault
        self._journal = journal

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
        """Newest first, those older than the one named, at most `limit` (1 to `MAX_PAGE`); of one state, severity or
        rule, if one is named.

        Raises:
            InvalidInput: a limit out of range.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInput("page size out of range", pointer="limit", max=MAX_PAGE)
        return await records.page(ctx, await self._vault.keyset(ctx), before, limit, state, severity, rule)

    async def get(self, ctx: RequestContext, alert_id: UUID) -> Alert:
        """Raises:
        NotFound: not there, or not this tenant's.
        """
        found = await records.find(ctx, await self._vault.keyset(ctx), alert_id)
        if found is None:
            raise NotFound("alert")
        return found

    async def acknowledge(self, ctx: RequestContext, alert_id: UUID) -> Alert:
        """Somebody is at it. It goes on growing.

        Raises:
            NotFound: not there, or not this tenant's.
            Conflict: it is acknowledged or closed already.
        """
        return await self._move(ctx, alert_id, "acknowledged", ("open",), Event.ALERT_ACKNOWLEDGED)

    async def close(self, ctx: RequestContext, alert_id: UUID, *, reason: str = "") -> Alert:
        """It is over: what has happened so far raises no other, and what happens from now on a new one.

        Raises:
            NotFound: not there, or not this tenant's.
            Conflict: it is closed already.
        """
        return await self._move(ctx, alert_id, "closed", ("open", "acknowledged"), Event.ALERT_CLOSED, reason)

    async def _move(
        self,
        ctx: RequestContext,
        alert_id: UUID,
        state: State,
        before: tuple[State, ...],
        event: Event,
        reason: str = "",
    ) -> Alert:
        if not await records.move(ctx, alert_id, state, before):
            found = await self.get(ctx, alert_id)
            raise Conflict(f"the alert is {found.state}")
        moved = await self.get(ctx, alert_id)
        details = {"rule": moved.rule, "about": moved.subject}
        await self._journal.record(ctx, event, subject=format_id(ALERT, alert_id), reason=reason, details=details)
        return moved
