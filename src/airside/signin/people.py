"""What the flow has to know of a tenant and of whom it signs in, gathered from the rooms that know it."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from airside.core.errors import ReadOnly
from airside.core.ids import SESSION, USER, format_id
from airside.core.strict_json import Json
from airside.federation import FederatedWays
from airside.identity import Devices, Factors, Passwords, Session, SignalReader, Signals, attributes
from airside.signin.model import Flow
from airside.signin.next_step import Person, Policy
from airside.store import Outbox
from airside.store.context import RequestContext
from airside.tenancy import Lockdowns, TenantPolicies, TenantPolicy


class Holders(Protocol):
    """Who holds what; `tenancy.Members` is one."""

    async def holds(self, ctx: RequestContext, subject: str, relation: str) -> bool:
        """Whether `subject` has `relation` to the context's tenant."""
        ...


class People:
    """Answers the flow's questions, and remembers who came where."""

    def __init__(
        self,
        *,
        policies: TenantPolicies,
        factors: Factors,
        passwords: Passwords,
        devices: Devices,
        signals: SignalReader,
        outbox: Outbox,
        federated: FederatedWays,
        lockdowns: Lockdowns,
        members: Holders,
    ) -> None:
        self._policies = policies
        self._factors = factors
        self._passwords = passwords
        self._devices = devices
        self._signals = signals
        self._outbox = outbox
        self._federated = federated
        self._lockdowns = lockdowns
        self._members = members

    async def policy(self, ctx: RequestContext) -> Policy:
        """What the tenant demands of a login."""
        policy = await self._policies.current(ctx)
        return Policy(policy.minimum_assurance, policy.factors, frozenset(await self._federated.kinds(ctx)))

    async def may_come_from(self, ctx: RequestContext) -> bool:
        """Whether the tenant lets people sign in from where the request comes from."""
        return (await self._policies.current(ctx)).admits_address(ctx.origin.address)

    async def demand_admitted(self, ctx: RequestContext, user_id: UUID) -> None:
        """Return if somebody who has just proven to be `user_id` may come in now: into a locked tenant its
        administrators alone.

        Raises:
            ReadOnly: they may not. Raised and not returned: what their coming has changed (an account made for them, a
                role given) is undone.
        """
        if (await self._lockdowns.current(ctx)).lock is None:
            return
        if not await self._members.holds(ctx, f"user:{format_id(USER, user_id)}", "administrator"):
            raise ReadOnly("tenant locked")

    async def of(self, ctx: RequestContext, flow: Flow) -> Person | None:
        """What is known of whom `flow` is of; None while nobody is known."""
        user_id = flow.user_id
        if user_id is None:
            return None
        policy = await self._policies.current(ctx)
        return Person(
            user_id,
            second=(await self._factors.of(ctx, user_id)).second,
            held="aal0" if flow.step_up is None else flow.step_up.held,
            password_due=await self._passwords.is_due(ctx, user_id),
            unusual=flow.step_up is None and _looks_twice(policy) and await self._is_unusual(ctx, flow, policy),
        )

    async def signals(self, ctx: RequestContext, flow: Flow) -> Signals | None:
        """What is remarkable about a sign-in that is about to finish; None where it only strengthens a session."""
        if flow.step_up is not None or flow.user_id is None:
            return None
        return await self._signals.of(ctx, flow.user_id, flow.device_id)

    async def arrived(self, ctx: RequestContext, flow: Flow, session: Session, signals: Signals | None) -> None:
        """Remember the device of a finished sign-in, and tell the person of one that is new to them. Their first of all
        is no news."""
        if signals is None or flow.device_id is None:
            return
        others = await self._devices.list(ctx, session.user_id)
        new = await self._devices.remember(ctx, session.user_id, flow.device_id)
        if new and others and (await self._policies.current(ctx)).devices.tell:
            about = {"session": format_id(SESSION, session.id)}
            await self._outbox.put(ctx, "new_device", subject=session.user_id, about=about)

    async def _is_unusual(self, ctx: RequestContext, flow: Flow, policy: TenantPolicy) -> bool:
        signals = await self.signals(ctx, flow)
        if signals is None:
            return False
        told = attributes(signals)
        return (policy.devices.step_up and signals.new_device) or any(told[name] for name in policy.step_up_on)


def _looks_twice(policy: TenantPolicy) -> bool:
    return policy.devices.step_up or bool(policy.step_up_on)


def journalled(signals: Signals | None) -> Mapping[str, Json]:
    """What the journal keeps of them."""
    return {} if signals is None else attributes(signals)
