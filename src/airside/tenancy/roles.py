"""A tenant's own roles, in the graph of its system store.

`role:rol_…#assignee@user:usr_…` says who has one, `tenant:ten_…#can_read_users@role:rol_…#assignee` what it may. A
table beside the graph holds what it is called.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final, TypeAlias
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import ROLE, USER, format_id, parse_id, uuid7
from airside.core.strict_json import Json
from airside.permissions import Filter, TupleKey
from airside.store import RequestContext
from airside.tenancy import records_roles
from airside.tenancy.catalogue import name_of, relation_of
from airside.tenancy.grants import MAX_ENDED, Grants, object_name
from airside.tenancy.model import MAX_ROLES, MAX_ROLES_OF_USER, ROLES, CustomRole, RoleChange, RoleDraft

Details: TypeAlias = dict[str, Json]

ASSIGNEE: Final = "assignee"
MAX_PAGE: Final = 200
"""Most roles in one answer."""


class Roles:
    """Make, change, delete and assign the tenant's own roles. Who may is `admin`'s to ask."""

    def __init__(self, *, grants: Grants, journal: Journal, entropy: Entropy) -> None:
        self._grants = grants
        self._journal = journal
        self._entropy = entropy

    async def create(self, ctx: RequestContext, draft: RoleDraft) -> CustomRole:
        """A new role, which nobody has yet.

        Raises:
            Conflict: the tenant has a role of this name, or `MAX_ROLES` of its own.
        """
        await self._grants.lock(ctx)
        if await records_roles.count(ctx) >= MAX_ROLES:
            raise Conflict("too many roles", max_roles=MAX_ROLES)
        role_id = uuid7(ctx.now, self._entropy)
        role = CustomRole(role_id, draft.name, draft.description, draft.permissions, ctx.now, ctx.now)
        if not await records_roles.insert(ctx, role):
            raise Conflict("role name in use")
        await self._grants.write(ctx, writes=_keys(ctx, role, role.permissions))
        await self._record(ctx, Event.ROLE_CREATED, role)
        return role

    async def get(self, ctx: RequestContext, role_id: UUID) -> CustomRole:
        """Raises:
        NotFound: not there, or not this tenant's.
        """
        row = await records_roles.find(ctx, role_id)
        if row is None:
            raise NotFound("role")
        return await self._whole(ctx, row)

    async def take(self, ctx: RequestContext, role_id: UUID) -> CustomRole:
        """The role, for whoever is about to change or assign it: it stays as it is until this transaction ends.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        await self._grants.lock(ctx)
        return await self.get(ctx, role_id)

    async def change(self, ctx: RequestContext, role: CustomRole, change: RoleChange) -> CustomRole:
        """What `role`, taken before, becomes. Whoever has it may at once what it now may, and nothing else by it."""
        description = role.description if change.description is None else change.description
        permissions = role.permissions if change.permissions is None else change.permissions
        await records_roles.update(ctx, role.role_id, description)
        await self._grants.write(
            ctx,
            writes=_keys(ctx, role, permissions - role.permissions),
            deletes=_keys(ctx, role, role.permissions - permissions),
        )
        changed = replace(role, description=description, permissions=permissions, updated_at=ctx.now)
        await self._record(ctx, Event.ROLE_UPDATED, changed)
        return changed

    async def delete(self, ctx: RequestContext, role: CustomRole) -> None:
        """`role`, taken before, is gone: what it gave, who had it, and the access tokens that name it. A new role of
        the same name is another one. The log has each who lost it, unless there are too many (`MAX_ENDED`)."""
        assigned = await self._grants.read(ctx, Filter(object_type="role", object_id=role.word))
        await self._grants.write(ctx, deletes=[*_keys(ctx, role, role.permissions), *assigned])
        await records_roles.delete(ctx, role.role_id)
        await self._grants.end_tokens(ctx, [key.user for key in assigned])
        if len(assigned) <= MAX_ENDED:
            users = [key.user for key in assigned if key.user.startswith("user:")]
            left = await self._grants.given(ctx, users)
            names = dict(zip(left, await self._names_of(ctx, list(left.values())), strict=True))
            for key in assigned:
                details: Details = {"role": role.word}
                if key.user in names:
                    details["roles"] = [*names[key.user]]
                await self._journal.record(ctx, Event.ROLE_UNASSIGNED, subject=key.user, details=details)
        await self._record(ctx, Event.ROLE_DELETED, role, assignees=len(assigned))

    async def assign(self, ctx: RequestContext, role: CustomRole, user_id: UUID) -> None:
        """Give `role`, taken before, to a user; doing it twice is once.

        Raises:
            Conflict: the user has `MAX_ROLES_OF_USER` other roles of the tenant's own.
        """
        await self.assign_to(ctx, role, _subject(user_id))

    async def assign_to(self, ctx: RequestContext, role: CustomRole, subject: str) -> None:
        """As `assign`, to a user or a service account, such as `service_account:svc_…`."""
        others = set(await self._ids(ctx, subject)) - {role.role_id}
        if len(others) >= MAX_ROLES_OF_USER:
            raise Conflict("too many roles of one user", max_roles=MAX_ROLES_OF_USER)
        details = {"role": role.word, **await self.write(ctx, _assignment(role, subject))}
        await self._journal.record(ctx, Event.ROLE_ASSIGNED, subject=subject, details=details)

    async def unassign(self, ctx: RequestContext, role: CustomRole, user_id: UUID) -> None:
        """Take `role`, taken before, from a user; their access tokens that carry it end with it."""
        await self.unassign_from(ctx, role, _subject(user_id))

    async def unassign_from(self, ctx: RequestContext, role: CustomRole, subject: str) -> None:
        """As `unassign`, from a user or a service account."""
        details = {"role": role.word, **await self.write(ctx, _assignment(role, subject), gone=True)}
        await self._grants.end_tokens(ctx, (subject,))
        await self._journal.record(ctx, Event.ROLE_UNASSIGNED, subject=subject, details=details)

    async def of(self, ctx: RequestContext, user_id: UUID) -> list[CustomRole]:
        """The roles of the tenant's own that a user has, by name."""
        return await self.held_by(ctx, _subject(user_id))

    async def held_by(self, ctx: RequestContext, subject: str) -> list[CustomRole]:
        """As `of`, of a user or a service account."""
        return [await self._whole(ctx, row) for row in await self._rows(ctx, subject)]

    async def names(self, ctx: RequestContext, user_id: UUID) -> list[str]:
        """What they are called, as tokens carry them. Who has which is asked of the engine, as every other question
        about a caller is: whoever has none costs no statement."""
        held = await self._grants.objects(ctx, _subject(user_id), ASSIGNEE, "role")
        ids = [parse_id(ROLE, word.partition(":")[2]) for word in held]
        return [row.name for row in await records_roles.named(ctx, ids)] if ids else []

    async def write(self, ctx: RequestContext, key: TupleKey, *, gone: bool = False) -> Details:
        """Write what gives somebody a role, or (`gone`) delete it. For the log: the roles that the tokens of a user
        name from then on, if this changes them; nobody else's tokens name any.

        Raises:
            InvalidInput: the tenant's system model has no such relation, or not for such a subject.
        """
        await self._grants.lock(ctx)
        before = (await self._grants.given(ctx, (key.user,)))[key.user]
        if gone:
            after = before - {key}
            await self._grants.write(ctx, deletes=(key,))
        else:
            after = before | {key}
            await self._grants.write(ctx, writes=(key,))
        if not key.user.startswith("user:"):
            return {}
        named, names = await self._names_of(ctx, (before, after))
        return {} if names == named else {"roles": [*names]}

    async def assignees(self, ctx: RequestContext, role: CustomRole) -> list[str]:
        """The subjects who have `role`, such as `user:usr_…`."""
        found = await self._grants.read(ctx, Filter(object_type="role", object_id=role.word, relation=ASSIGNEE))
        return [key.user for key in found]

    async def _rows(self, ctx: RequestContext, subject: str) -> list[records_roles.RoleRow]:
        ids = await self._ids(ctx, subject)
        return await records_roles.named(ctx, ids) if ids else []

    async def _ids(self, ctx: RequestContext, subject: str) -> list[UUID]:
        kind, _, word = subject.partition(":")
        wanted = Filter(object_type="role", relation=ASSIGNEE, subject=(kind, word, ""))
        return [parse_id(ROLE, key.object.partition(":")[2]) for key in await self._grants.read(ctx, wanted)]

    async def _whole(self, ctx: RequestContext, row: records_roles.RoleRow) -> CustomRole:
        kind, _, word = object_name(ctx.tenant_id).partition(":")
        subject = ("role", format_id(ROLE, row.role_id), ASSIGNEE)
        found = await self._grants.read(ctx, Filter(object_type=kind, object_id=word, subject=subject))
        return row.with_permissions(frozenset(name_of(key.relation) for key in found))

    async def _names_of(self, ctx: RequestContext, given: Sequence[Collection[TupleKey]]) -> list[list[str]]:
        """The roles that the tokens of users will name who were given so much, as `Members.roles` says them once this
        is committed."""
        tenant = object_name(ctx.tenant_id)
        words = {key.object for keys in given for key in keys if key.relation == ASSIGNEE}
        ids = [parse_id(ROLE, word.partition(":")[2]) for word in sorted(words)]
        rows = await records_roles.named(ctx, ids) if ids else []
        found: list[list[str]] = []
        for keys in given:
            direct = {key.relation for key in keys if key.object == tenant}
            built_in = ROLES if ROLES[0] in direct else [role for role in ROLES if role in direct]
            own = {key.object for key in keys if key.relation == ASSIGNEE}
            found.append([*built_in, *(row.name for row in rows if f"role:{format_id(ROLE, row.role_id)}" in own)])
        return found

    async def _record(self, ctx: RequestContext, event: Event, role: CustomRole, **counts: int) -> None:
        details = {"name": role.name, "permissions": " ".join(sorted(role.permissions)), **counts}
        await self._journal.record(ctx, event, subject=role.word, details=details)

    async def list(self, ctx: RequestContext, after: UUID | None = None, limit: int = MAX_PAGE) -> list[CustomRole]:
        """Roles by age, those after the id `after`, at most `limit` (1 to `MAX_PAGE`).

        Raises:
            InvalidInput: a limit out of range.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInput("page size out of range", pointer="limit", max=MAX_PAGE)
        return [await self._whole(ctx, row) for row in await records_roles.page(ctx, after, limit)]


def _keys(ctx: RequestContext, role: CustomRole, permissions: frozenset[str]) -> list[TupleKey]:
    """What gives `permissions` to whoever has `role`."""
    holders, tenant = f"role:{role.word}#{ASSIGNEE}", object_name(ctx.tenant_id)
    return [TupleKey(holders, relation_of(name), tenant) for name in sorted(permissions)]


def _assignment(role: CustomRole, subject: str) -> TupleKey:
    return TupleKey(subject, ASSIGNEE, f"role:{role.word}")


def _subject(user_id: UUID) -> str:
    return f"user:{format_id(USER, user_id)}"
