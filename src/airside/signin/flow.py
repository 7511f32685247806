"""The login flow: one dispatcher. Every step returns to it, none leads to another."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core import entropy as random
from airside.core.entropy import Entropy
from airside.core.errors import LimitExceeded, NotFound, Unauthenticated
from airside.core.ids import FLOW, USER, format_id, uuid7
from airside.core.secret import Secret
from airside.identity import Answer, Authenticator, Sessions
from airside.shield.redirects import safe_local_path
from airside.signin import records
from airside.signin.model import Flow, StartedFlow
from airside.signin.next_step import AskPassword, Complete, Done, Limited, Policy, Refused, Step, next_step
from airside.store.context import RequestContext
from airside.vault import Vault

WRONG: Final = "wrong_credentials"


class Flows:
    """Starts logins and takes them forward. `authenticators` are the doors; each kind of step has one."""

    def __init__(
        self,
        *,
        vault: Vault,
        entropy: Entropy,
        journal: Journal,
        sessions: Sessions,
        authenticators: Sequence[Authenticator],
        policy: Policy,
    ) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._sessions = sessions
        self._doors = {door.kind: door for door in authenticators}
        self._policy = policy

    async def start(self, ctx: RequestContext, continue_to: str) -> StartedFlow:
        """A new login that will go on to `continue_to`.

        Raises:
            InvalidInput: `continue_to` isn't a path on this origin.
        """
        target = safe_local_path(continue_to)
        started = StartedFlow(uuid7(ctx.now, self._entropy), Secret(random.token(self._entropy)))
        keyset = await self._vault.keyset(ctx)
        await records.insert(ctx, keyset, started.flow_id, _hash(started.browser), target)
        return started

    async def load(self, ctx: RequestContext, flow_id: UUID, browser: Secret[str]) -> Flow:
        """The open login of this browser.

        Raises:
            NotFound: there is none, it is over, it has expired, or it is another browser's: never told apart.
        """
        keyset = await self._vault.keyset(ctx)
        flow = await records.open_flow(ctx, keyset, flow_id, _hash(browser), self._doors)
        if flow is None:
            raise NotFound
        return flow

    async def submit(self, ctx: RequestContext, flow_id: UUID, browser: Secret[str], answer: Answer | None) -> Step:
        """Take the login one step forward, or say again which step it stands at.

        An answer to another step than the one that is due is not looked at. A refused answer is a returned step,
        so that what it cost (limits, the journal's row) is committed with the caller's transaction.

        Raises:
            NotFound: no such open login of this browser; also for all but one of those who finish it at once.
            Unavailable: a needed part is away.
        """
        flow = await self.load(ctx, flow_id, browser)
        due = next_step(flow.proofs, self._policy, ctx.now)
        if isinstance(due, AskPassword):
            if answer is None or answer.kind != due.kind:
                return due
            return await self._prove(ctx, flow, browser, answer)
        if isinstance(due, Complete):
            return await self._finish(ctx, flow, browser, due)
        return due

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget the tenant's expired logins, for a timer; how many."""
        return await records.sweep(ctx)

    async def _prove(self, ctx: RequestContext, flow: Flow, browser: Secret[str], answer: Answer) -> Step:
        try:
            proof = await self._doors[answer.kind].prove(ctx, flow, answer)
        except Unauthenticated:
            await self._journal.refused(ctx, Event.SIGNIN_REFUSED, reason=WRONG)
            return AskPassword(failed=True)
        except LimitExceeded as refusal:
            await self._journal.refused(ctx, Event.SIGNIN_LIMITED, reason=refusal.limit)
            return Limited(refusal.retry_after)
        due = next_step((*flow.proofs, proof), self._policy, ctx.now)
        if isinstance(due, Complete):
            return await self._finish(ctx, flow, browser, due)
        if isinstance(due, Refused):
            await self._journal.refused(ctx, Event.SIGNIN_REFUSED, reason=due.reason)
            return due
        if not await records.add_proof(ctx, flow.flow_id, _hash(browser), proof):
            raise NotFound
        return due

    async def _finish(self, ctx: RequestContext, flow: Flow, browser: Secret[str], due: Complete) -> Step:
        if not await records.spend(ctx, flow.flow_id, _hash(browser)):
            raise NotFound
        started = await self._sessions.start(ctx, due.proofs)
        await self._journal.record(
            ctx,
            Event.SIGNIN_SUCCEEDED,
            subject=format_id(USER, started.session.user_id),
            details={"flow": format_id(FLOW, flow.flow_id), "acr": started.session.assurance},
        )
        return Done(started, flow.continue_to)


def _hash(browser: Secret[str]) -> bytes:
    return sha256(browser.reveal().encode("utf-8", "replace")).digest()
