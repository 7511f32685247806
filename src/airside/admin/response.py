"""Responding to an attack: one step each, audited, and undone where it can be."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.access.rights import ADMINISTRATOR
from airside.admin.verb import Verbs, requires
from airside.apikeys import ApiKeys, ServiceAccounts
from airside.audit import Event, Incidents, Journal
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import CONNECTION, INCIDENT, SERVICE_ACCOUNT, TENANT, USER, format_id, parse_id
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
class _KeyOwner:
    """Whose keys: a user's or a service account's API keys, or a connection's SCIM tokens."""

    kind: Literal["user", "service_account", "connection"]
    id: UUID

    @property
    def word(self) -> str:
        """`usr_…`, `svc_…` or `con_…`."""
        return format_id(_PREFIX[self.kind], self.id)


def _key_owner(word: str) -> _KeyOwner:
    """The owner that `word` names.

    Raises:
        NotFound: it is the id of none.
    """
    for kind, prefix in _PREFIX.items():
        try:
            return _KeyOwner(kind, parse_id(prefix, word))
        except InvalidInput:
            continue
    raise NotFound("owner")


class ResponseAdmin(Verbs):
    """What an administrator does while something is going on. A role may keep incidents; only administrators, who may
    everything that they stop others from, act (N21). What is done for an incident, `incident_id`, stands in its
    timeline, and every record of it in the log names it."""

    def __init__(
        self,
        *,
        authorise: Authorise,
        incidents: Incidents,
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
        self._incidents = incidents
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
    async def lock(self, ctx: RequestContext, *, incident_id: UUID | None = None) -> Lock:
        """Nothing in the tenant is changed any more, and only administrators sign in, until it is unlocked.

        Raises:
            Forbidden: the caller is no administrator.
            NotFound: no such incident in this tenant.
            Conflict: it is locked already; or the incident is closed, or full.
        """
        acting = await self._act(ctx, incident_id)
        lock = await self._lockdowns.lock(acting)
        await self._note(acting, incident_id, Event.TENANT_LOCKED, "the tenant is locked")
        return lock

    @requires(WRITE)
    async def unlock(self, ctx: RequestContext, *, incident_id: UUID | None = None) -> None:
        """It is as it was. Raises: as `lock`; Conflict also where it isn't locked."""
        acting = await self._act(ctx, incident_id)
        await self._lockdowns.unlock(acting)
        await self._note(acting, incident_id, Event.TENANT_UNLOCKED, "the tenant is unlocked")

    @requires(WRITE)
    async def ban(
        self,
        ctx: RequestContext,
        network: str,
        lifetime: timedelta,
        *,
        force: bool = False,
        incident_id: UUID | None = None,
    ) -> Ban:
        """Take nothing from a network for a time.

        Raises:
            Forbidden, NotFound: as `lock`.
            InvalidInput: not a network, or a lifetime out of range.
            Conflict: without `force`: it would shut out almost everybody, or the caller; or there are too many; or as
                `lock`.
        """
        acting = await self._act(ctx, incident_id)
        ban = await self._lockdowns.ban(acting, network, lifetime, force=force)
        told = f"{ban.network} is banned until {ban.expires_at:%Y-%m-%d %H:%M} UTC ({ban.word})"
        await self._note(acting, incident_id, Event.NETWORK_BANNED, told)
        return ban

    @requires(WRITE)
    async def lift(self, ctx: RequestContext, ban_id: UUID, *, incident_id: UUID | None = None) -> None:
        """Take requests from there again. Raises: as `lock`; NotFound also where there is no such ban."""
        acting = await self._act(ctx, incident_id)
        ban = await self._lockdowns.lift(acting, ban_id)
        await self._note(acting, incident_id, Event.NETWORK_LIFTED, f"the ban of {ban.network} is lifted ({ban.word})")

    @requires(WRITE)
    async def end_sessions(self, ctx: RequestContext, user_id: UUID | None, *, incident_id: UUID | None = None) -> int:
        """End every session of a user, or with None of everybody, with refresh families and access tokens; how many.

        Raises:
            Forbidden, Conflict: as `lock`.
            NotFound: no such user, or no such incident, in this tenant.
        """
        acting = await self._begin_with(ctx, user_id, incident_id)
        if user_id is None:
            ended = await self._sessions.end_everybodys(acting, REASON)
        else:
            ended = await self._sessions.end_all(acting, user_id, REASON)
        told = f"sessions of {_whose(user_id)} ended: {ended}"
        await self._note(acting, incident_id, Event.SESSIONS_ENDED, told)
        return ended

    @requires(WRITE)
    async def reauthenticate(
        self, ctx: RequestContext, user_id: UUID | None, *, incident_id: UUID | None = None
    ) -> int:
        """What the sessions of a user, or with None of everybody, have proven counts for nothing any more: they prove
        themselves anew. How many. Raises: as `end_sessions`."""
        acting = await self._begin_with(ctx, user_id, incident_id)
        outdated = await self._sessions.outdate(acting, user_id, REASON)
        told = f"sessions of {_whose(user_id)} that have to be proven anew: {outdated}"
        await self._note(acting, incident_id, Event.SESSIONS_OUTDATED, told)
        return outdated

    @requires(WRITE)
    async def revoke_keys(self, ctx: RequestContext, word: str, *, incident_id: UUID | None = None) -> int:
        """No API key of a user (`usr_…`) or service account (`svc_…`), or no SCIM token of a connection (`con_…`),
        opens anything any more; how many did.

        Raises:
            Forbidden, Conflict: as `lock`.
            NotFound: no such owner, or no such incident, in this tenant.
        """
        acting = await self._act(ctx, incident_id)
        owner = _key_owner(word)
        if owner.kind == "connection":
            await self._connections.get(acting, owner.id)
            revoked = await self._scim_tokens.revoke_all(acting, owner.id)
        else:
            await (self._users.get(acting, owner.id) if owner.kind == "user" else self._accounts.get(acting, owner.id))
            revoked = await self._api_keys.revoke_all(acting, owner.id, reason=REASON)
        await self._journal.record(acting, Event.KEYS_REVOKED, subject=owner.word, details={"revoked": revoked})
        await self._note(acting, incident_id, Event.KEYS_REVOKED, f"keys of {owner.word} revoked: {revoked}")
        return revoked

    @requires(WRITE)
    async def rotate_keys(
        self, ctx: RequestContext, *, withdraw: bool, incident_id: UUID | None = None
    ) -> tuple[str, ...]:
        """A new signing key of every algorithm; the names. With `withdraw` they sign from this moment, and the others
        are revoked with all that they signed; else the others sign until the new ones have settled.

        Raises:
            Forbidden, NotFound: as `lock`.
            Conflict: too many keys are still published, or another rotation is under way; or as `lock`.
        """
        acting = await self._act(ctx, incident_id)
        names = await self._signing_keys.rotate_all(acting, withdraw=withdraw)
        subject = format_id(TENANT, ctx.tenant_id)
        details = {"keys": " ".join(names), "withdrawn": withdraw}
        await self._journal.record(acting, Event.KEYS_ROTATED, subject=subject, details=details)
        told = f"new signing keys: {', '.join(names)}; the old ones are " + ("withdrawn" if withdraw else "retiring")
        await self._note(acting, incident_id, Event.KEYS_ROTATED, told)
        return names

    async def _begin_with(self, ctx: RequestContext, user_id: UUID | None, incident_id: UUID | None) -> RequestContext:
        acting = await self._act(ctx, incident_id)
        if user_id is not None:
            await self._users.get(acting, user_id)
        await self._outstanding.void(acting, user_id)
        return acting

    async def _act(self, ctx: RequestContext, incident_id: UUID | None) -> RequestContext:
        """The request as part of responding to the incident, of somebody who may."""
        await self.authorise.exactly(ctx, (Right(WRITE.scope, ADMINISTRATOR),))
        if incident_id is None:
            return ctx
        await self._incidents.demand_open(ctx, incident_id)
        return ctx.under(format_id(INCIDENT, incident_id))

    async def _note(self, acting: RequestContext, incident_id: UUID | None, event: Event, told: str) -> None:
        if incident_id is not None:
            await self._incidents.acted(acting, incident_id, event, told)


def _whose(user_id: UUID | None) -> str:
    return "everybody" if user_id is None else format_id(USER, user_id)
