"""Before somebody changes how they sign in, they prove once more that it is they: as strongly as they can (N12)."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from starlette.responses import Response

from airside.console.pages.signin import device_of, session_cookies, started
from airside.console.signed_in import Member
from airside.core.principal import Assurance
from airside.identity import Devices, Factors, Policies, Proof, Sessions, assurance_of
from airside.identity.proofs import below
from airside.shield.cookies import HostCookie
from airside.signin import Flows

MAX_AGE: Final = timedelta(minutes=10)
"""How long ago at most."""


class Fresh:
    """Demands a fresh proof, and takes the one that lies in a factor just made."""

    def __init__(
        self, *, flows: Flows, sessions: Sessions, factors: Factors, policies: Policies, devices: Devices
    ) -> None:
        self._flows = flows
        self._devices = devices
        self._sessions = sessions
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

    async def strengthen(self, member: Member, proof: Proof) -> tuple[Member, tuple[HostCookie, ...]]:
        """The visit of the same session with `proof` of a factor just made, and its new cookies; as it was where the
        session is as strong already."""
        if not below(member.session.assurance, assurance_of([proof], member.session.assurance)):
            return member, ()
        started = await self._sessions.rotate(member.ctx, member.session, [proof])
        return replace(member, secret=started.account, session=started.session), session_cookies(member.visit, started)

    async def _minimum(self, member: Member) -> Assurance:
        enrolled = await self._factors.of(member.ctx, member.session.user_id)
        policy = await self._policies.identity(member.ctx)
        return "aal2" if enrolled.second & policy.factors else "aal1"
