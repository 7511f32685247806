"""The ways of a login through connections: where they lead, and what the login does when somebody has come back."""

from collections.abc import Sequence
from uuid import UUID

from airside.core.errors import NotFound
from airside.federation.connections import Connections
from airside.federation.enforcement import Enforcement
from airside.federation.linking import LinkedProof, Linking
from airside.federation.model import Connection, Departure, ExternalClaims, FederatedSession, Leading
from airside.federation.sessions import FederatedSessions
from airside.federation.settings import ConnectionKind
from airside.identity import Attempt, Proof, Session
from airside.store.context import RequestContext


class FederatedWays:
    """What the login flow asks of this room. `doors` are its authenticators, one for each kind of connection."""

    def __init__(
        self,
        *,
        connections: Connections,
        linking: Linking,
        sessions: FederatedSessions,
        enforcement: Enforcement,
        doors: Sequence[Leading],
    ) -> None:
        self._connections = connections
        self._linking = linking
        self._sessions = sessions
        self._enforcement = enforcement
        self._doors = {door.kind: door for door in doors}

    async def kinds(self, ctx: RequestContext) -> frozenset[ConnectionKind]:
        """Which kinds of proof a login may begin with."""
        return await self._connections.kinds(ctx) & self._doors.keys()

    async def shown(self, ctx: RequestContext) -> list[Connection]:
        """The connections that a sign-in page offers to everybody."""
        return [each for each in await self._connections.open(ctx) if each.shown and each.kind in self._doors]

    async def find(self, ctx: RequestContext, connection_id: UUID) -> Connection:
        """A connection that leads somewhere.

        Raises:
            NotFound: not there, not this tenant's or not active.
        """
        found = await self._connections.get(ctx, connection_id)
        if found.kind not in self._doors:
            raise NotFound("connection")
        return await self._connections.active(ctx, connection_id, found.kind)

    async def lead(self, ctx: RequestContext, attempt: Attempt, connection: Connection) -> Departure:
        """Where the login's browser goes to prove itself through `connection`, and what it waits for from now on.

        Raises:
            Forbidden: the login waits for too much already.
            Unavailable: what has to be fetched from the provider can't be.
        """
        return await self._doors[connection.kind].lead(ctx, attempt, connection)

    async def stand(self, ctx: RequestContext, proofs: Sequence[Proof]) -> bool:
        """Whether all that `proofs` came by elsewhere is as it was then, and stays so until this transaction ends: a
        login may be half done when a connection is disabled or an identity taken away (N18)."""
        for proof in proofs:
            if isinstance(proof, LinkedProof) and not await self._linking.stands(ctx, proof):
                return False
        return True

    async def admits(self, ctx: RequestContext, proofs: Sequence[Proof], session: Session | None) -> bool:
        """Whether their person's domain lets a login with these proofs, which may strengthen `session`, go on."""
        return await self._enforcement.admits(ctx, proofs, session)

    async def arrived(self, ctx: RequestContext, flow_id: UUID, proofs: Sequence[Proof], session: Session) -> None:
        """A login has become `session`: it ends with what proved it. Whoever waited in the login to be linked is its
        user from now on."""
        for proof in proofs:
            if isinstance(proof, LinkedProof):
                began = FederatedSession(session.id, proof.identity_id, proof.connection_id, proof.foreign, proof.hint)
                await self._sessions.began(ctx, began, session.user_id)
        await self._linking.adopt(ctx, flow_id, session.user_id)
        await self._enforcement.arrived(ctx, proofs, session)

    async def pending(self, ctx: RequestContext, flow_id: UUID) -> tuple[Connection, ExternalClaims] | None:
        """Who waits in the login to be linked."""
        return await self._linking.pending(ctx, flow_id)
