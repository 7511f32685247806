"""Keeping a tenant's policy: one version after another, in every process within seconds."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pytest
from msgspec.structs import replace

from airside.audit import Journal
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, Inconsistent, InvalidInput
from airside.identity import IdentityPolicy, SessionPolicy
from airside.tenancy import StoredPolicy, TenantPolicies, TenantPolicy
from airside.tenancy.policies import REMEMBERED
from airside.vault import Vault
from tests.makers import MakeTenant, OpenContext

OPEN = TenantPolicy(signup="open", sessions=SessionPolicy(idle_minutes=30))
INSERT = (
    "insert into airside.tenant_policy (tenant_id, version, policy, changed_at, changed_by) values (%s, 7, %s, %s, 'x')"
)
DETAILS = "select event, details from airside.audit_record where tenant_id = %s"


@dataclass(frozen=True)
class _Told:
    event: str
    details: str


class Moving:
    """A clock whose hours are the real ones and whose seconds are moved by hand."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.passed = 0.0

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self.passed


@pytest.fixture
def policies(vault: Vault, clock: Clock, entropy: Entropy) -> TenantPolicies:
    return TenantPolicies(journal=Journal(vault=vault, entropy=entropy), clock=clock)


@pytest.fixture
def another(vault: Vault, clock: Clock, entropy: Entropy) -> tuple[TenantPolicies, Moving]:
    """Another process."""
    moving = Moving(clock)
    return TenantPolicies(journal=Journal(vault=vault, entropy=entropy), clock=moving), moving


async def test_tenant_that_never_said_anything_has_the_defaults(
    policies: TenantPolicies, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    async with open_ctx(tenant_id) as ctx:
        assert await policies.current(ctx) == TenantPolicy()
        assert await policies.identity(ctx) == IdentityPolicy()
        assert await policies.stored(ctx) == StoredPolicy(0, TenantPolicy(), None, "")


async def test_change_holds_at_once_here_and_within_seconds_elsewhere(
    policies: TenantPolicies, another: tuple[TenantPolicies, Moving], open_ctx: OpenContext, tenant_id: UUID
) -> None:
    there, clock = another
    for each in (policies, there):
        async with open_ctx(tenant_id) as ctx:
            assert (await each.current(ctx)).signup == "closed"
    async with open_ctx(tenant_id) as ctx:
        stored = await policies.change(ctx, 0, OPEN)
        assert (stored.version, stored.policy, stored.changed_at) == (1, OPEN, ctx.now)
    async with open_ctx(tenant_id) as ctx:
        assert await policies.current(ctx) == OPEN
        assert (await policies.identity(ctx)).sessions.idle_minutes == 30
    clock.passed = REMEMBERED
    async with open_ctx(tenant_id) as ctx:
        assert await there.current(ctx) == OPEN


async def test_change_that_is_not_committed_is_not_remembered(
    policies: TenantPolicies, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with open_ctx(tenant_id) as ctx:
            await policies.change(ctx, 0, OPEN)
            raise ZeroDivisionError
    async with open_ctx(tenant_id) as ctx:
        assert await policies.current(ctx) == TenantPolicy()


async def test_what_was_read_before_a_change_never_takes_its_place(
    policies: TenantPolicies, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    async with open_ctx(tenant_id) as slow:
        await policies.stored(slow)
        async with open_ctx(tenant_id) as ctx:
            await policies.change(ctx, 0, OPEN)
    async with open_ctx(tenant_id) as ctx:
        assert await policies.current(ctx) == OPEN


async def test_fifty_changes_of_one_version_at_once_are_one(
    policies: TenantPolicies, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    async def change(version: int, number: int) -> bool:
        try:
            async with open_ctx(tenant_id) as ctx:
                await policies.change(ctx, version, TenantPolicy(sessions=SessionPolicy(idle_minutes=5 + number)))
        except Conflict:
            return False
        return True

    for version in (0, 1):
        assert sum(await asyncio.gather(*(change(version, number) for number in range(50)))) == 1
    async with open_ctx(tenant_id) as ctx:
        assert (await policies.stored(ctx)).version == 2


async def test_stale_change_is_refused_and_changes_nothing(
    policies: TenantPolicies, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    async with open_ctx(tenant_id) as ctx:
        await policies.change(ctx, 0, OPEN)
    for version in (0, 2, 2**62):
        with pytest.raises(Conflict):
            async with open_ctx(tenant_id) as ctx:
                await policies.change(ctx, version, TenantPolicy())
    async with open_ctx(tenant_id) as ctx:
        assert (await policies.stored(ctx)).policy == OPEN


async def test_contradiction_is_never_stored(policies: TenantPolicies, open_ctx: OpenContext, tenant_id: UUID) -> None:
    with pytest.raises(InvalidInput):
        async with open_ctx(tenant_id) as ctx:
            await policies.change(ctx, 0, TenantPolicy(factors=frozenset()))
    async with open_ctx(tenant_id) as ctx:
        assert (await policies.stored(ctx)).version == 0


async def test_other_tenants_demand_what_they_did(
    policies: TenantPolicies, open_ctx: OpenContext, make_tenant: MakeTenant, tenant_id: UUID
) -> None:
    """N20."""
    other = await make_tenant()
    async with open_ctx(tenant_id) as ctx:
        await policies.change(ctx, 0, OPEN)
    async with open_ctx(other) as ctx:
        assert await policies.current(ctx) == TenantPolicy()


async def test_change_is_journalled_by_the_names_of_what_changed(
    policies: TenantPolicies, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    async with open_ctx(tenant_id) as ctx:
        await policies.change(ctx, 0, OPEN)
    async with open_ctx(tenant_id) as ctx:
        told = [row for row in await ctx.tx.all(_Told, DETAILS, (tenant_id,)) if row.event == "policy:tenant:changed"]
    assert [row.details for row in told] == ['{"fields":"signup sessions.idle_minutes","version":1}']


async def test_policy_of_a_younger_build_is_obeyed_as_far_as_it_is_understood_and_never_overwritten(
    policies: TenantPolicies, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    younger = '{"signup":"open","factors":["passkey","telepathy"],"sessions":{"idle_minutes":30,"mood":1},"moon":{}}'
    async with open_ctx(tenant_id) as ctx:
        await ctx.tx.run(INSERT, (tenant_id, younger, ctx.now))
    async with open_ctx(tenant_id) as ctx:
        found = await policies.current(ctx)
        assert found == replace(OPEN, factors=frozenset({"passkey"}))
    with pytest.raises(Conflict):
        async with open_ctx(tenant_id) as ctx:
            await policies.change(ctx, 7, OPEN)


@pytest.mark.parametrize("text", ['{"signup":"perhaps"}', '{"minimum_assurance":"aal9"}', '{"sessions":[]}'])
async def test_demand_that_cant_be_read_is_no_demand_that_is_waived(
    policies: TenantPolicies, open_ctx: OpenContext, tenant_id: UUID, text: str
) -> None:
    """N04."""
    async with open_ctx(tenant_id) as ctx:
        await ctx.tx.run(INSERT, (tenant_id, text, ctx.now))
    with pytest.raises(Inconsistent):
        async with open_ctx(tenant_id) as ctx:
            await policies.current(ctx)
