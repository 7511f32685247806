"""Responding to an attack: one step each, audited, and undone where it can be."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.access.rights import ADMINISTRATOR
from airside.admin.verb import Verbs, requires
from airside.apikeys import ApiKeys, ServiceAccounts
from airside.audit import Event, Journal
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import CONNECTION, SERVICE_ACCOUNT, TENANT, USER, format_id, parse_id
from airside.federation import Connections
from airside.federation.scim import ScimTokens
from airside.identity import Sessions, Users
from airside.oauth import Outstanding
from airside.store import RequestContext
from airside.tenancy import Ban, Lock, Lockdown, Lockdowns
from airside.tokens import KeyRotation

READ: Final = Right("incidents:read", "can_read_incidents")
WRITE: Final = Right("incidents:write", "can_write_incidents")
REASON: Final = "incident_response"
_PREFIX: Final[dict[Literal["user", "service_account", "connection"], str]] = {
    "user": USER,
    "service_account": SERVICE_ACCOUNT,
    "connection": CONNECTION,
}


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """Whose keys: a user's or a service account's API keys, or a connection's SCIM tokens."""

    kind: Literal["user", "service_account", "connection"]
    id: UUID

    @property
    def word(self) -> str:
        """`usr_…`, `svc_…` or `con_…`."""
        return format_id(_PREFIX[self.kind], self.id)


def key_owner(word: str) -> KeyOwner:
    """The owner that `word` names.

    Raises:
        NotFound: it is the id of none.
    """
    for kind, prefix in _PREFIX.items():
        try:
            return KeyOwner(kind, parse_id(prefix, word))
        except InvalidInput:
            continue
    raise NotFound("owner")


class ResponseAdmin(Verbs):
    """What an administrator does while something is going on. A role may keep incidents; only administrators, who may
    everything that they stop others from, act (N21)."""

    def __init__(
        self,
        *,
        authorise: Authorise,
        lockdowns: Lockdowns,
        users: Users,
        sessions: Sessions,
        outstanding: Outstanding,
        accounts: ServiceAccounts,
        api_keys: ApiKeys,
        connections: Connections,
        scim_tokens: ScimTokens,
        signing_keys: KeyRotation,
        journal: Journal,
    ) -> None:
        super().__init__(authorise)
        self._lockdowns = lockdowns
        self._users = users
        self._sessions = sessions
        self._outstanding = outstanding
        self._accounts = accounts
        self._api_keys = api_keys
        self._connections = connections
        self._scim_tokens = scim_tokens
        self._signing_keys = signing_keys
        self._journal = journal

    @requires(READ)
    async def lockdown(self, ctx: RequestContext) -> Lockdown:
        """Whether the tenant is locked, and which networks are banned now."""
        return await self._lockdowns.stored(ctx)

    @requires(WRITE)
    async def lock(self, ctx: RequestContext) -> Lock:
        """Nothing in the tenant is changed any more, and only administrators sign in, until it is unlocked.

        Raises:
            Forbidden: the caller is no administrator.
            Conflict: it is locked already.
        """
        await self._demand_administrator(ctx)
        return await self._lockdowns.lock(ctx)

    @requires(WRITE)
    async def unlock(self, ctx: RequestContext) -> None:
        """It is as it was. Raises: Forbidden: as `lock`; Conflict: it isn't locked."""
        await self._demand_administrator(ctx)
        await self._lockdowns.unlock(ctx)

    @requires(WRITE)
    async def ban(self, ctx: RequestContext, network: str, lifetime: timedelta, *, force: bool = False) -> Ban:
        """Take nothing from a network for a time.

        Raises:
            Forbidden: the caller is no administrator.
            InvalidInput: not a network, or a lifetime out of range.
            Conflict: without `force`: it would shut out almost everybody, or the caller; or there are too many.
        """
        await self._demand_administrator(ctx)
        return await self._lockdowns.ban(ctx, network, lifetime, force=force)

    @requires(WRITE)
    async def lift(self, ctx: RequestContext, ban_id: UUID) -> None:
        """Take requests from there again. Raises: Forbidden: as `ban`; NotFound."""
        await self._demand_administrator(ctx)
        await self._lockdowns.lift(ctx, ban_id)

    @requires(WRITE)
    async def end_sessions(self, ctx: RequestContext, user_id: UUID | None) -> int:
        """End every session of a user, or with None of everybody, with refresh families and access tokens; how many.

        Raises:
            Forbidden: the caller is no administrator.
            NotFound: no such user in this tenant.
        """
        await self._begin_with(ctx, user_id)
        if user_id is None:
            return await self._sessions.end_everybodys(ctx, REASON)
        return await self._sessions.end_all(ctx, user_id, REASON)

    @requires(WRITE)
    async def reauthenticate(self, ctx: RequestContext, user_id: UUID | None) -> int:
        """What the sessions of a user, or with None of everybody, have proven counts for nothing any more: they prove
        themselves anew. How many. Raises: as `end_sessions`."""
        await self._begin_with(ctx, user_id)
        return await self._sessions.outdate(ctx, user_id, REASON)

    @requires(WRITE)
    async def revoke_keys(self, ctx: RequestContext, owner: KeyOwner) -> int:
        """No API key of a user or service account, or no SCIM token of a connection, opens anything any more; how many
        did.

        Raises:
            Forbidden: the caller is no administrator.
            NotFound: no such owner in this tenant.
        """
        await self._demand_administrator(ctx)
        if owner.kind == "connection":
            await self._connections.get(ctx, owner.id)
            revoked = await self._scim_tokens.revoke_all(ctx, owner.id)
        else:
            await (self._users.get(ctx, owner.id) if owner.kind == "user" else self._accounts.get(ctx, owner.id))
            revoked = await self._api_keys.revoke_all(ctx, owner.id, reason=REASON)
        await self._journal.record(ctx, Event.KEYS_REVOKED, subject=owner.word, details={"revoked": revoked})
        return revoked

    @requires(WRITE)
    async def rotate_keys(self, ctx: RequestContext, *, withdraw: bool) -> tuple[str, ...]:
        """A new signing key of every algorithm; the names. With `withdraw` they sign from this moment, and the others
        are revoked with all that they signed; else the others sign until the new ones have settled.

        Raises:
            Forbidden: the caller is no administrator.
            Conflict: too many keys are still published, or another rotation is under way.
        """
        await self._demand_administrator(ctx)
        names = await self._signing_keys.rotate_all(ctx, withdraw=withdraw)
        details = {"keys": " ".join(names), "withdrawn": withdraw}
        await self._journal.record(ctx, Event.KEYS_ROTATED, subject=format_id(TENANT, ctx.tenant_id), details=details)
        return names

    async def _begin_with(self, ctx: RequestContext, user_id: UUID | None) -> None:
        await self._demand_administrator(ctx)
        if user_id is not None:
            await self._users.get(ctx, user_id)
        await self._outstanding.void(ctx, user_id)

    async def _demand_administrator(self, ctx: RequestContext) -> None:
        await self.authorise.exactly(ctx, (Right(WRITE.scope, ADMINISTRATOR),))
