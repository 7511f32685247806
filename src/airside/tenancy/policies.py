"""Keeping what a tenant demands."""

from typing import Final

import msgspec

from airside.audit import Event, Journal
from airside.audit.alerts import Terms
from airside.core.clock import Clock
from airside.core.errors import Conflict
from airside.core.ids import TENANT, format_id
from airside.identity import IdentityPolicy
from airside.store import RequestContext
from airside.tenancy import records_policy
from airside.tenancy.policy import TenantPolicy, accepted
from airside.tenancy.records_policy import StoredPolicy

REMEMBERED: Final = 5.0
"""Seconds for which a policy is taken from memory: a change holds at once in the process that made it, and within them
in every other."""

MAX_REMEMBERED: Final = 10_000
MAX_CHARACTERS: Final = 32 * 1024 * 1024
"""Of all that is remembered; logos are most of it."""


class TenantPolicies:
    """Implements identity's `Policies` and the alerts' `AlertPolicies`. A tenant that never said anything has the
    defaults."""

    def __init__(self, *, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._remembered: dict[int, tuple[float, StoredPolicy]] = {}
        self._characters = 0

    async def current(self, ctx: RequestContext) -> TenantPolicy:
        """What the context's tenant demands, remembered for `REMEMBERED` seconds."""
        known = self._remembered.get(ctx.tenant_id.int)
        moment = self._clock.monotonic()
        if known is not None and moment - known[0] < REMEMBERED:
            return known[1].policy
        return (await self._find(ctx)).policy

    async def identity(self, ctx: RequestContext) -> IdentityPolicy:
        """The part of it that identity obeys."""
        return (await self.current(ctx)).identity

    async def alerts(self, ctx: RequestContext) -> Terms:
        """The part of it that alerts obey."""
        return (await self.current(ctx)).alerts.terms

    async def stored(self, ctx: RequestContext) -> StoredPolicy:
        """What it demands now, and which version that is; never from memory."""
        return await self._find(ctx)

    async def change(self, ctx: RequestContext, expected_version: int, policy: TenantPolicy) -> StoredPolicy:
        """`policy` instead of version `expected_version` (0: the defaults that were never changed).

        Raises:
            InvalidInput: demands that contradict each other, or that can't be met.
            Conflict: it has changed since that version was read, or a younger build wrote it and says more than
                this build could keep.
        """
        wanted = accepted(policy)
        before = await records_policy.find(ctx)
        if before.version != expected_version or not before.whole:
            raise Conflict("the policy has changed since it was read", version=before.version)
        if not await records_policy.store(ctx, expected_version, wanted, ctx.principal.subject):
            raise Conflict("the policy has changed since it was read")
        changed = changed_fields(before.policy, wanted)
        await self._journal.record(
            ctx,
            Event.POLICY_CHANGED,
            subject=format_id(TENANT, ctx.tenant_id),
            details={"version": expected_version + 1, "fields": " ".join(changed)},
        )
        return await self._find(ctx)

    async def _find(self, ctx: RequestContext) -> StoredPolicy:
        moment = self._clock.monotonic()
        found = await records_policy.find(ctx)
        # Only what has been committed may outlive this transaction.
        ctx.tx.after_commit(lambda: self._remember(ctx.tenant_id.int, moment, found))
        return found

    def _remember(self, tenant: int, moment: float, found: StoredPolicy) -> None:
        known = self._remembered.get(tenant)
        if known is not None and known[1].version > found.version:
            return  # read before the change that this process already knows of
        self._characters += found.size - (0 if known is None else known[1].size)
        if len(self._remembered) >= MAX_REMEMBERED or self._characters > MAX_CHARACTERS:
            self._remembered.clear()
            self._characters = found.size
        self._remembered[tenant] = (moment, found)


def changed_fields(before: TenantPolicy, after: TenantPolicy) -> list[str]:
    """The fields that differ, such as `sessions.idle_minutes`, in order."""
    found: list[str] = []
    for field in msgspec.structs.fields(TenantPolicy):
        one, other = getattr(before, field.name), getattr(after, field.name)
        if isinstance(one, msgspec.Struct):
            inner = msgspec.structs.fields(type(one))
            found += [
                f"{field.name}.{each.name}" for each in inner if getattr(one, each.name) != getattr(other, each.name)
            ]
        elif one != other:
            found.append(field.name)
    return found
