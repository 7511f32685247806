"""The login flow: one dispatcher. Every step returns to it, none leads to another."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.audit.alerts import FactKind, Tallies
from airside.core import entropy as random
from airside.core.entropy import Entropy
from airside.core.errors import Forbidden, LimitExceeded, NotFound, Unauthenticated
from airside.core.ids import FLOW, USER, format_id, uuid7
from airside.core.principal import Assurance
from airside.core.secret import Secret
from airside.federation import Departure, FederatedWays
from airside.identity import Answer, Authenticator, Barred, PasswordAnswer, Session, Sessions, StartedSession
from airside.identity.addresses import account_word
from airside.identity.proofs import below
from airside.limits import origin_key
from airside.shield.redirects import safe_local_path
from airside.signin import records
from airside.signin.model import LIFETIME, Flow, StartedFlow, StepUp
from airside.signin.next_step import Ask, Complete, Done, Limited, Next, Policy, Refused, Stage, Step, next_step
from airside.signin.people import People, journalled
from airside.store.context import RequestContext
from airside.vault import Vault

WRONG: Final[Mapping[Stage, str]] = {
    "first": "wrong_credentials",
    "second": "wrong_second_factor",
    "confirm": "wrong_mailed_code",
    "enrol": "enrolment_failed",
    "new_password": "old_password",
}
"""What the journal calls an answer that proves nothing, by the stage that it was given at."""


class Flows:
    """Starts logins and takes them forward. `authenticators` are the doors; each kind of answer has one."""

    def __init__(
        self,
        *,
        vault: Vault,
        entropy: Entropy,
        journal: Journal,
        sessions: Sessions,
        authenticators: Sequence[Authenticator],
        people: People,
        federated: FederatedWays,
        tallies: Tallies,
    ) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._sessions = sessions
        self._doors = {door.kind: door for door in authenticators}
        self._people = people
        self._federated = federated
        self._tallies = tallies

    async def start(
        self,
        ctx: RequestContext,
        continue_to: str,
        *,
        minimum: Assurance = "aal1",
        device_id: UUID | None = None,
        login_hint: str = "",
    ) -> StartedFlow:
        """A new login that will go on to `continue_to`, once it is as strong as `minimum` and the tenant demand. Its
        first page has `login_hint` filled in; nobody is looked up by it.

        Raises:
            InvalidInput: `continue_to` isn't a path on this origin.
        """
        flow = self._new(ctx, continue_to, minimum, device_id)
        return await self._start(ctx, replace(flow, login_hint=login_hint))

    async def step_up(
        self,
        ctx: RequestContext,
        session: Session,
        continue_to: str,
        *,
        minimum: Assurance = "aal2",
        max_age: timedelta | None = None,
        device_id: UUID | None = None,
    ) -> StartedFlow:
        """A login that strengthens `session`: only what it lacks is asked for. What it proved longer than `max_age` ago
        has to be proven anew. One that its person's domain takes for nothing any more is strengthened by nothing: its
        person signs in anew, through their connection.

        Raises:
            InvalidInput: as `start`.
        """
        if not await self._federated.admits(ctx, (), session):
            return await self.start(ctx, continue_to, minimum=minimum, device_id=device_id)
        wanted = session.assurance if below(minimum, session.assurance) else minimum
        flow = self._new(ctx, continue_to, wanted, device_id)
        since = session.auth_time if max_age is None else ctx.now - max_age
        if session.outdated_at is not None:
            since = max(since, session.outdated_at)
        return await self._start(ctx, replace(flow, step_up=StepUp(session, since)))

    async def suffices(
        self, ctx: RequestContext, session: Session, *, minimum: Assurance = "aal1", max_age: timedelta | None = None
    ) -> bool:
        """Whether `session` is as strong as `minimum` and the tenant demand, and was proven no longer than `max_age`
        ago. One that began when less was demanded isn't enough (N12); nor is one of before its person's domain was
        enforced, unless it was proven through that domain's connection or is of who may pass."""
        policy = await self._people.policy(ctx)
        if not session.counts or (max_age is not None and ctx.now - session.auth_time > max_age):
            return False
        if below(session.assurance, minimum) or below(session.assurance, policy.minimum):
            return False
        return await self._federated.admits(ctx, (), session)

    async def load(self, ctx: RequestContext, flow_id: UUID, browser: Secret[str]) -> Flow:
        """The open login of this browser.

        Raises:
            NotFound: there is none, it is over, it has expired, or it is another browser's: never told apart.
        """
        keyset = await self._vault.keyset(ctx)
        flow = await records.open_flow(ctx, keyset, flow_id, _hash(browser), self._doors, self._sessions.live)
        if flow is None:
            raise NotFound
        return flow

    async def challenge(self, ctx: RequestContext, flow_id: UUID, browser: Secret[str], kind: str) -> Mapping[str, str]:
        """What a page has to show for an answer of `kind`, if that is one of those now asked for. What it costs (a
        mailed code) is done for nobody else.

        Raises:
            NotFound: no such open login of this browser.
            Forbidden: another step is due.
            LimitExceeded: too often.
        """
        flow = await self.load(ctx, flow_id, browser)
        due, _ = await self._due(ctx, flow)
        if not isinstance(due, Ask) or kind not in due.kinds:
            raise Forbidden("another step is due")
        return await self._doors[kind].challenge(ctx, flow)

    async def lead(self, ctx: RequestContext, flow_id: UUID, browser: Secret[str], connection_id: UUID) -> Departure:
        """Where this browser goes to prove through that connection who it is; the answer it comes back with is
        submitted like any other.

        Raises:
            NotFound: no such open login of this browser, or no such active connection.
            Forbidden: another step is due, or the login waits for too much already.
            Unavailable: the provider is away.
        """
        flow = await self.load(ctx, flow_id, browser)
        due, _ = await self._due(ctx, flow)
        connection = await self._federated.find(ctx, connection_id)
        if not isinstance(due, Ask) or connection.kind not in due.kinds:
            raise Forbidden("another step is due")
        return await self._federated.lead(ctx, flow, connection)

    async def submit(self, ctx: RequestContext, flow_id: UUID, browser: Secret[str], answer: Answer | None) -> Step:
        """Take the login one step forward, or say again which step it stands at.

        An answer to another step than the one that is due is not looked at. A refused answer is a returned step,
        so that what it cost (limits, the journal's row) is committed with the caller's transaction.

        Raises:
            NotFound: no such open login of this browser; also for all but one of those who finish it at once.
            InvalidInput: what was to be set (a new password) can't be.
            ReadOnly: the tenant is locked, and who has proven themself is none of its administrators.
            Unavailable: a needed part is away.
        """
        flow = await self.load(ctx, flow_id, browser)
        due, policy = await self._due(ctx, flow)
        if isinstance(due, Ask):
            if answer is None or answer.kind not in due.kinds:
                return due
            return await self._prove(ctx, flow, browser, due, answer, policy)
        if isinstance(due, Complete):
            return await self._finish(ctx, flow, browser, due)
        return due

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget the tenant's expired logins, for a timer; how many."""
        return await records.sweep(ctx)

    def _new(self, ctx: RequestContext, continue_to: str, minimum: Assurance, device_id: UUID | None) -> Flow:
        flow_id = uuid7(ctx.now, self._entropy)
        return Flow(flow_id, safe_local_path(continue_to), (), ctx.now + LIFETIME, device_id, minimum)

    async def _start(self, ctx: RequestContext, flow: Flow) -> StartedFlow:
        started = StartedFlow(flow.flow_id, Secret(random.token(self._entropy)))
        await records.insert(ctx, await self._vault.keyset(ctx), flow, _hash(started.browser))
        return started

    async def _due(self, ctx: RequestContext, flow: Flow) -> tuple[Next, Policy]:
        policy = await self._people.policy(ctx)
        if below(policy.minimum, flow.minimum):
            policy = replace(policy, minimum=flow.minimum)
        if not await self._people.may_come_from(ctx):
            return Refused("network"), policy
        person = await self._people.of(ctx, flow)
        return next_step(flow.proofs, policy, ctx.now, person), policy

    async def _prove(
        self, ctx: RequestContext, flow: Flow, browser: Secret[str], due: Ask, answer: Answer, policy: Policy
    ) -> Step:
        try:
            proof = await self._doors[answer.kind].prove(ctx, flow, answer)
        except Unauthenticated as refusal:
            reason = "domain_enforced" if isinstance(refusal, Barred) else WRONG[due.stage]
            await self._count(ctx, "signin_failed", answer)
            await self._journal.refused(ctx, Event.SIGNIN_REFUSED, reason=reason)
            return replace(due, failed=True)
        except LimitExceeded as refusal:
            await self._count(ctx, "signin_failed", answer)
            await self._journal.refused(ctx, Event.SIGNIN_LIMITED, reason=refusal.limit)
            return Limited(refusal.retry_after, due)
        await self._people.demand_admitted(ctx, proof.user_id)
        await self._count(ctx, "signin_passed", answer)
        after = replace(flow, proofs=(*flow.proofs, proof))
        if not await self._admits(ctx, after):
            await self._journal.refused(ctx, Event.SIGNIN_REFUSED, reason="domain_enforced")
            return replace(due, failed=True)
        step = next_step(after.proofs, policy, ctx.now, await self._people.of(ctx, after))
        if isinstance(step, Complete):
            return await self._finish(ctx, flow, browser, step)
        if isinstance(step, Refused):
            await self._journal.refused(ctx, Event.SIGNIN_REFUSED, reason=step.reason)
            return step
        if not await records.add_proof(ctx, flow.flow_id, _hash(browser), proof):
            raise NotFound
        return step

    async def _count(self, ctx: RequestContext, kind: FactKind, answer: Answer) -> None:
        """At which account somebody tried a password, and from where."""
        if isinstance(answer, PasswordAnswer):
            account = account_word(await self._vault.keyset(ctx), answer.email)
            self._tallies.note(ctx, kind, origin_key(ctx.origin.address), account)

    async def _finish(self, ctx: RequestContext, flow: Flow, browser: Secret[str], due: Complete) -> Step:
        proven = replace(flow, proofs=due.proofs)
        if proven.user_id is not None:
            await self._people.demand_admitted(ctx, proven.user_id)
        if not await records.spend(ctx, flow.flow_id, _hash(browser)):
            raise NotFound
        if not await self._federated.stand(ctx, due.proofs) or not await self._admits(ctx, proven):
            raise NotFound
        signals = await self._people.signals(ctx, proven)
        started = await self._session(ctx, proven)
        await self._people.arrived(ctx, proven, started.session, signals)
        await self._federated.arrived(ctx, flow.flow_id, due.proofs, started.session)
        await self._journal.record(
            ctx,
            Event.SIGNIN_SUCCEEDED,
            subject=format_id(USER, started.session.user_id),
            details={
                "flow": format_id(FLOW, flow.flow_id),
                "acr": started.session.assurance,
                **journalled(signals),
            },
        )
        return Done(started, flow.continue_to)

    async def _admits(self, ctx: RequestContext, flow: Flow) -> bool:
        return await self._federated.admits(ctx, flow.proofs, flow.step_up.session if flow.step_up else None)

    async def _session(self, ctx: RequestContext, flow: Flow) -> StartedSession:
        if flow.step_up is None:
            return await self._sessions.start(ctx, flow.proofs, device_id=flow.device_id)
        return await self._sessions.rotate(ctx, flow.step_up.session, flow.proofs, since=flow.step_up.since)


def _hash(browser: Secret[str]) -> bytes:
    return sha256(browser.reveal().encode("utf-8", "replace")).digest()
