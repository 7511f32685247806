"""Users as a directory keeps them: each is a user of the tenant, and an external identity of the connection."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import CONNECTION, USER, format_id, parse_id
from airside.federation.model import Domains
from airside.federation.scim import records_users as records
from airside.federation.scim.model import (
    Account,
    Closing,
    Content,
    GroupRoles,
    Position,
    Stale,
    Stored,
)
from airside.federation.scim.profile import Profile, profile_of
from airside.federation.scim.subjects import Subjects
from airside.identity import Sessions, Users, UserState
from airside.identity.email import NOWHERE
from airside.protocols.scim import USER as KIND
from airside.store.context import RequestContext
from airside.tenancy import Members
from airside.vault import Vault

ADMINISTRATOR: Final = "administrator"
REASON: Final = "deprovisioned"


class ScimUsers:
    """Makes, changes, deactivates and removes users as the directory of one connection says.

    Nobody who is there already is taken over by an address: only where its domain is proven to be the tenant's and
    bound to the connection, and never an administrator of the tenant.
    """

    def __init__(
        self,
        *,
        vault: Vault,
        entropy: Entropy,
        journal: Journal,
        users: Users,
        sessions: Sessions,
        members: Members,
        domains: Domains,
        subjects: Subjects,
        roles: GroupRoles,
        closing: Closing,
    ) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._users = users
        self._sessions = sessions
        self._members = members
        self._domains = domains
        self._subjects = subjects
        self._roles = roles
        self._closing = closing

    async def create(self, ctx: RequestContext, connection_id: UUID, document: Content) -> Stored:
        """A user of the connection: somebody new, or who is its already.

        Raises:
            InvalidInput: what can't be kept.
            Conflict: the connection has a user of this name, or the address is somebody else's.
        """
        profile = profile_of({"active": True, **document})
        user_id, made = await self._account(ctx, connection_id, profile)
        stored = Stored(KIND, user_id, 1, ctx.now, ctx.now, profile.said)
        account = Account(stored, "active", made, not profile.active, profile.said)
        keyset = await self._vault.indexing(ctx)
        seals = await self._vault.persons.seals(ctx, user_id)
        if not await records.insert(ctx, seals, connection_id, account, profile.found(keyset)):
            raise Conflict("userName in use")
        if profile.external_id is not None:
            await self._subjects.link(ctx, connection_id, profile.external_id, user_id)
        if not profile.active:
            await self._deactivate(ctx, user_id)
        return stored

    async def get(self, ctx: RequestContext, connection_id: UUID, ids: Sequence[UUID]) -> list[Account]:
        """Those of `ids` that are the connection's, by age."""
        return await records.get(ctx, self._vault, connection_id, ids)

    async def page(
        self, ctx: RequestContext, connection_id: UUID, position: Position, limit: int
    ) -> tuple[int, list[Account]]:
        """How many the connection has, and up to `limit` from `position`, by age."""
        return await records.page(ctx, self._vault, connection_id, position, limit)

    async def change(self, ctx: RequestContext, connection_id: UUID, document: Content, version: int) -> Stored:
        """What the directory says of the user now, whole.

        Raises:
            NotFound: not there, or not the connection's.
            Stale: not at `version` any more.
            InvalidInput: what can't be kept.
            Conflict: the name or the address is somebody else's, or whom it deactivated is to be erased.
        """
        user_id = id_of(str(document.get("id")))
        before = next(iter(await self.get(ctx, connection_id, [user_id])), None)
        if before is None:
            raise NotFound("user")
        profile, former = profile_of(document), profile_of(before.stored.content)
        await self._follow(ctx, connection_id, before, former, profile)
        state, deactivated = await self._obey(ctx, before, profile.active)
        content = records.shown(profile.said, state)
        stored = replace(before.stored, version=version + 1, modified_at=ctx.now, content=content)
        after = replace(before, stored=stored, state=state, deactivated=deactivated, said=profile.said)
        keyset = await self._vault.indexing(ctx)
        found = profile.found(keyset)
        if not await records.is_free(ctx, connection_id, found, user_id):
            raise Conflict("userName in use")
        seals = await self._vault.persons.seals(ctx, user_id)
        if not await records.update(ctx, seals, connection_id, after, found, version):
            raise Stale
        if profile.external_id != former.external_id:
            await self._subjects.move(ctx, connection_id, user_id, former.external_id, profile.external_id)
        await self._record(ctx, Event.SCIM_USER_CHANGED, connection_id, user_id)
        return stored

    async def remove(self, ctx: RequestContext, connection_id: UUID, user_id: UUID, version: int) -> None:
        """Whom the directory made is erased, with all that hangs on them; who was there before only loses what it gave
        them, and access: their account is disabled.

        Raises:
            NotFound: not there, or not the connection's.
            Stale: not at `version` any more.
            Conflict: they are the tenant's last administrator who can sign in.
        """
        account = next(iter(await self.get(ctx, connection_id, [user_id])), None)
        if account is None:
            raise NotFound("user")
        await self._roles.follow(ctx, connection_id, {user_id: frozenset()})
        if not await records.delete(ctx, connection_id, user_id, version):
            raise Stale
        await self._subjects.unlink(ctx, connection_id, user_id)
        if account.made:
            await self._closing.close(ctx, user_id)
            await self._users.release_address(ctx, user_id)
        elif account.state == "active":
            await self._deactivate(ctx, user_id)
        await self._record(ctx, Event.SCIM_USER_REMOVED, connection_id, user_id)

    async def _account(self, ctx: RequestContext, connection_id: UUID, profile: Profile) -> tuple[UUID, bool]:
        """Whose account it is, and whether it is new."""
        if profile.external_id is not None:
            known = await self._subjects.find(ctx, connection_id, profile.external_id)
            if known is not None:
                return await self._linked(ctx, connection_id, known), False
        covered = await self._covers(ctx, connection_id, profile.address)
        try:
            user = await self._users.create(ctx, self._address(profile), profile.name, verified=covered)
        except Conflict:
            known = await self._users.known(ctx, profile.address or "")
            if known is None or not covered:
                raise
            return await self._linked(ctx, connection_id, known), False
        return user.id, True

    async def _linked(self, ctx: RequestContext, connection_id: UUID, user_id: UUID) -> UUID:
        if await self._is_administrator(ctx, user_id):
            raise Conflict("an administrator of the tenant")
        await self._record(ctx, Event.SCIM_USER_LINKED, connection_id, user_id)
        return user_id

    async def _follow(
        self, ctx: RequestContext, connection_id: UUID, before: Account, former: Profile, now: Profile
    ) -> None:
        """The account's address and name as the directory has changed them."""
        if (former.address, former.name) == (now.address, now.name):
            return
        if before.made:
            user_id, moved = before.stored.id, former.address != now.address
            address = self._address(now) if moved else (await self._users.get(ctx, user_id)).email
            covered = await self._covers(ctx, connection_id, now.address)
            await self._users.change(ctx, user_id, address, now.name, verified=covered)

    async def _obey(self, ctx: RequestContext, before: Account, active: bool | None) -> tuple[UserState, bool]:
        """Deactivate, or bring back: the account's state from now on, and whether it is the directory that has it
        disabled. Whom an administrator disabled it doesn't bring back, nor whose erasure waits: it says what holds if
        that is cancelled."""
        if active is False and before.state == "active":
            await self._deactivate(ctx, before.stored.id)
            return "disabled", True
        if active and before.state == "disabled" and before.deactivated:
            await self._users.set_state(ctx, before.stored.id, "active")
            return "active", False
        return before.state, before.deactivated and before.state == "disabled"

    async def _deactivate(self, ctx: RequestContext, user_id: UUID) -> None:
        await self._users.set_state(ctx, user_id, "disabled")
        await self._sessions.end_all(ctx, user_id, REASON)

    async def _covers(self, ctx: RequestContext, connection_id: UUID, address: str | None) -> bool:
        return address is not None and await self._domains.covers(ctx, connection_id, address)

    async def _is_administrator(self, ctx: RequestContext, user_id: UUID) -> bool:
        return await self._members.holds(ctx, f"user:{format_id(USER, user_id)}", ADMINISTRATOR)

    def _address(self, profile: Profile) -> str:
        return profile.address or f"{self._entropy.bytes(16).hex()}@{NOWHERE}"

    async def _record(self, ctx: RequestContext, event: Event, connection_id: UUID, user_id: UUID) -> None:
        details = {"connection": format_id(CONNECTION, connection_id)}
        await self._journal.record(ctx, event, subject=format_id(USER, user_id), details=details)


def id_of(word: str) -> UUID:
    """The user that `word` names.

    Raises:
        NotFound: no id of a user.
    """
    return parsed(USER, word)


def parsed(prefix: str, word: str) -> UUID:
    """What isn't an id is not there, the same as one that never was."""
    try:
        return parse_id(prefix, word)
    except InvalidInput:
        raise NotFound(prefix) from None
