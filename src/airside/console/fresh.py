"""Before somebody changes how they sign in, they prove once more that it is they: as strongly as they can (N12)."""

from datetime import timedelta
from typing import Final

from starlette.responses import Response

from airside.console.pages.signin import device_of, started
from airside.console.signed_in import Member
from airside.core.principal import Assurance
from airside.identity import Devices, Factors, Policies
from airside.signin import Flows

MAX_AGE: Final = timedelta(minutes=10)
"""How long ago at most."""


class Fresh:
    """Demands a fresh proof."""

    def __init__(self, *, flows: Flows, factors: Factors, policies: Policies, devices: Devices) -> None:
        self._flows = flows
        self._devices = devices
        self._factors = factors
        self._policies = policies

    async def demand(self, member: Member, back: str) -> Response | None:
        """None where the session was proven lately, with a second factor if they have one that the tenant takes;
        else the way to prove it, which leads on to `back`, a path of ours."""
        minimum = await self._minimum(member)
        if await self._flows.suffices(member.ctx, member.session, minimum=minimum, max_age=MAX_AGE):
            return None
        device = await device_of(member.visit, self._devices)
        flow = await self._flows.step_up(
            member.ctx, member.session, back, minimum=minimum, max_age=MAX_AGE, device_id=device.id
        )
        return started(member.visit, flow, device)

    async def _minimum(self, member: Member) -> Assurance:
        enrolled = await self._factors.of(member.ctx, member.session.user_id)
        policy = await self._policies.identity(member.ctx)
        return "aal2" if enrolled.second & policy.factors else "aal1"
