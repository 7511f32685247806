"""Membership as relations: `tenant:ten_…#administrator@user:usr_…` in the tenant's system store."""

from collections.abc import Iterable
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.ids import USER, format_id
from airside.permissions import Filter, TupleKey
from airside.store import RequestContext
from airside.tenancy.grants import Grants, object_name
from airside.tenancy.model import ROLES, Role
from airside.tenancy.roles import Roles


class Members:
    """Who belongs to the tenant, and as what."""

    def __init__(self, *, grants: Grants, roles: Roles, journal: Journal) -> None:
        self._grants = grants
        self._roles = roles
        self._journal = journal

    async def grant(self, ctx: RequestContext, subject: str, relation: str) -> None:
        """Make `subject` (such as `user:usr_…`) stand in `relation` to the tenant; doing it twice is once.

        Raises:
            InvalidInput: the tenant's system model has no such relation, or not for such a subject.
        """
        changed = await self._roles.write(ctx, TupleKey(subject, relation, object_name(ctx.tenant_id)))
        details = {"relation": relation, **changed}
        await self._journal.record(ctx, Event.MEMBER_GRANTED, subject=subject, details=details)

    async def revoke(self, ctx: RequestContext, subject: str, relation: str) -> None:
        """Take `relation` away; the subject's access tokens that carry it end with it."""
        key = TupleKey(subject, relation, object_name(ctx.tenant_id))
        details = {"relation": relation, **await self._roles.write(ctx, key, gone=True)}
        await self._grants.end_tokens(ctx, (subject,))
        await self._journal.record(ctx, Event.MEMBER_REVOKED, subject=subject, details=details)

    async def lock(self, ctx: RequestContext) -> None:
        """Who may what stands still until this transaction ends."""
        await self._grants.lock(ctx)

    async def forget(self, ctx: RequestContext, user_id: UUID) -> None:
        """Take everything from a user: what every tenant has and roles of its own; their access tokens end with it."""
        subject = ("user", format_id(USER, user_id), "")
        held = [
            key
            for object_type in ("tenant", "role")
            for key in await self._grants.read(ctx, Filter(object_type=object_type, subject=subject))
        ]
        await self._grants.write(ctx, deletes=held)
        await self._grants.end_tokens(ctx, (f"user:{subject[1]}",))

    async def roles(self, ctx: RequestContext, user_id: UUID) -> list[str]:
        """The roles a user's tokens name: those that every tenant has, strongest first, then the tenant's own."""
        subject = f"user:{format_id(USER, user_id)}"
        built_in = [role for role in ROLES if await self.holds(ctx, subject, role)]
        return built_in + await self._roles.names(ctx, user_id)

    async def holds(self, ctx: RequestContext, subject: str, relation: str) -> bool:
        """Whether our own engine says that `subject` has `relation` to the context's tenant."""
        return await self._grants.holds(ctx, subject, relation)

    def holds_at_once(self, ctx: RequestContext, subject: str, relation: str) -> bool:
        """As `holds`, without a wait; False also where it would take one."""
        return self._grants.holds_at_once(ctx, subject, relation)

    async def held(self, ctx: RequestContext, subject: str, relations: Iterable[str]) -> frozenset[str]:
        """Those of `relations` that `subject` has by everything committed, and keeps until this transaction ends."""
        return await self._grants.held(ctx, subject, relations)

    async def list(self, ctx: RequestContext, role: Role) -> list[str]:
        """The subjects to whom `role` was granted directly."""
        kind, _, word = object_name(ctx.tenant_id).partition(":")
        found = await self._grants.read(ctx, Filter(object_type=kind, object_id=word, relation=role))
        return [key.user for key in found]
