"""Domains whose people sign in only through their connection, and the few who may pass by that.

Whoever may pass is named: a break-glass administrator, for the day when the provider is away. Each use of that is
told to the journal and to every administrator by mail.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.errors import Conflict, NotFound
from airside.core.ids import USER, format_id
from airside.federation import records_domains as records
from airside.federation.domain_names import domain_of_any
from airside.federation.domains import Notices
from airside.federation.linking import LinkedProof
from airside.federation.model_domains import MAX_BREAK_GLASS
from airside.federation.sessions import FederatedSessions
from airside.identity import Proof, Session, Users
from airside.store.context import RequestContext
from airside.store.queues import queue_for

LETTER: Final = "break_glass_used"


class Enforcement:
    """What a tenant's domains enforce. A lost domain goes on enforcing: its mail may be a stranger's by now."""

    def __init__(self, *, journal: Journal, users: Users, sessions: FederatedSessions, notices: Notices) -> None:
        self._journal = journal
        self._users = users
        self._sessions = sessions
        self._notices = notices

    async def closes(self, ctx: RequestContext, email: str, user_id: UUID | None = None) -> bool:
        """Whether nobody gets in by an address like `email` but through a connection; `user_id`, whose it would be,
        passes if they are named. It takes the same questions whoever that is (N15): how many depends on the domain
        alone. Implements identity's `Gate`."""
        if await records.enforced(ctx, domain_of_any(email)) is None:
            return False
        return user_id is None or not await records.passes(ctx, user_id)

    async def admits(self, ctx: RequestContext, proofs: Sequence[Proof], session: Session | None) -> bool:
        """Whether a login with these proofs, which may strengthen `session`, is one that its person's domain allows."""
        connection_id = await self._only(ctx, proofs, session)
        if connection_id is None or _through(proofs, connection_id):
            return True
        if session is not None:
            began = await self._sessions.of_session(ctx, session.id)
            if any(each.connection_id == connection_id for each in began):
                return True
        return await records.passes(ctx, _person(proofs, session))

    async def arrived(self, ctx: RequestContext, proofs: Sequence[Proof], session: Session) -> None:
        """A login has become `session`; where somebody passed by what their domain enforces, it is told."""
        connection_id = await self._only(ctx, proofs, session)
        if connection_id is None or _through(proofs, connection_id):
            return
        if any(each.connection_id == connection_id for each in await self._sessions.of_session(ctx, session.id)):
            return
        await self._journal.record(ctx, Event.BREAK_GLASS_USED, subject=format_id(USER, session.user_id))
        await self._notices.tell(ctx, LETTER)

    async def passing(self, ctx: RequestContext) -> list[UUID]:
        """Who may pass."""
        return await records.passing(ctx)

    async def let_pass(self, ctx: RequestContext, user_id: UUID) -> None:
        """Name a break-glass administrator; twice is once.

        Raises:
            NotFound: no such user in this tenant.
            Conflict: there are `MAX_BREAK_GLASS`.
        """
        await self._users.get(ctx, user_id)
        await queue_for(ctx, "break glass")
        others = set(await records.passing(ctx)) - {user_id}
        if len(others) >= MAX_BREAK_GLASS:
            raise Conflict("too many break-glass administrators", max=MAX_BREAK_GLASS)
        if await records.let_pass(ctx, user_id):
            await self._record(ctx, user_id, may=True)

    async def stop(self, ctx: RequestContext, user_id: UUID) -> None:
        """They pass no more. Raises: NotFound: they didn't."""
        if not await records.stop(ctx, user_id):
            raise NotFound("break-glass administrator")
        await self._record(ctx, user_id, may=False)

    async def _only(self, ctx: RequestContext, proofs: Sequence[Proof], session: Session | None) -> UUID | None:
        if not (proofs or session) or not await records.enforces(ctx):
            return None
        user = await self._users.get(ctx, _person(proofs, session))
        return await records.enforced(ctx, domain_of_any(user.email))

    async def _record(self, ctx: RequestContext, user_id: UUID, *, may: bool) -> None:
        subject = format_id(USER, user_id)
        await self._journal.record(ctx, Event.BREAK_GLASS_SET, subject=subject, details={"may": may})


def _person(proofs: Sequence[Proof], session: Session | None) -> UUID:
    return session.user_id if session is not None else proofs[-1].user_id


def _through(proofs: Sequence[Proof], connection_id: UUID) -> bool:
    return any(isinstance(proof, LinkedProof) and proof.connection_id == connection_id for proof in proofs)
