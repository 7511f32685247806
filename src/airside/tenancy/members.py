"""Membership as relations: `tenant:ten_…#administrator@user:usr_…` in the tenant's system store."""

from datetime import timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.ids import TENANT, USER, format_id
from airside.permissions import Filter, Permissions, Question, TupleKey
from airside.revocation import Revocations
from airside.store import RequestContext
from airside.tenancy.model import ROLES, Role
from airside.tenancy.tenants import Tenants
from airside.tokens import ACCESS_TOKEN_LIFETIME

PAGE: Final = 100
MAX_NAMES: Final = 10_000
OVERLAP: Final = timedelta(seconds=1)
"""How long an answer that began before a role was taken away may still be under way."""


class Members:
    """Who belongs to the tenant, and as what."""

    def __init__(
        self, *, tenants: Tenants, permissions: Permissions, revocations: Revocations, journal: Journal
    ) -> None:
        self._tenants = tenants
        self._permissions = permissions
        self._revocations = revocations
        self._journal = journal

    async def grant(self, ctx: RequestContext, subject: str, relation: str) -> None:
        """Make `subject` (such as `user:usr_…`) stand in `relation` to the tenant; doing it twice is once.

        Raises:
            InvalidInput: the tenant's system model has no such relation, or not for such a subject.
        """
        await self._write(ctx, writes=(TupleKey(subject, relation, object_name(ctx.tenant_id)),))
        await self._journal.record(ctx, Event.MEMBER_GRANTED, subject=subject, details={"relation": relation})

    async def revoke(self, ctx: RequestContext, subject: str, relation: str) -> None:
        """Take `relation` away; the subject's access tokens that carry it end with it."""
        await self._write(ctx, deletes=(TupleKey(subject, relation, object_name(ctx.tenant_id)),))
        _, _, word = subject.partition(":")
        # A token being issued right now may have read the role before this commits: what is issued in the next
        # moment ends too, and its client asks again.
        before = ctx.now + OVERLAP
        await self._revocations.revoke(ctx, "sub", word, before=before, expires_at=before + ACCESS_TOKEN_LIFETIME)
        await self._journal.record(ctx, Event.MEMBER_REVOKED, subject=subject, details={"relation": relation})

    async def roles(self, ctx: RequestContext, user_id: UUID) -> list[str]:
        """The roles a user's tokens name, strongest first."""
        subject = f"user:{format_id(USER, user_id)}"
        return [role for role in ROLES if await self.holds(ctx, subject, role)]

    async def holds(self, ctx: RequestContext, subject: str, relation: str) -> bool:
        """Whether our own engine says that `subject` has `relation` to the context's tenant."""
        tenant = await self._tenants.current(ctx)
        question = Question(tenant.system_store_id, subject, relation, object_name(ctx.tenant_id))
        return (await self._permissions.engine.check(ctx, question)).allowed

    async def _write(
        self, ctx: RequestContext, writes: tuple[TupleKey, ...] = (), deletes: tuple[TupleKey, ...] = ()
    ) -> None:
        tenant = await self._tenants.current(ctx)
        await self._permissions.tuples.write(
            ctx, tenant.system_store_id, writes=writes, deletes=deletes, on_duplicate="ignore", on_missing="ignore"
        )

    async def list(self, ctx: RequestContext, role: Role) -> list[str]:
        """The subjects to whom `role` was granted directly."""
        tenant = await self._tenants.current(ctx)
        kind, _, word = object_name(ctx.tenant_id).partition(":")
        wanted = Filter(object_type=kind, object_id=word, relation=role)
        subjects: list[str] = []
        last: TupleKey | None = None
        while True:
            page = await self._permissions.tuples.read(ctx, tenant.system_store_id, wanted, after=last, limit=PAGE)
            subjects += [found.key.user for found in page]
            if len(page) < PAGE:
                return subjects
            last = page[-1].key


@lru_cache(maxsize=MAX_NAMES)
def object_name(tenant_id: UUID) -> str:
    """The word by which the permission engine knows a tenant."""
    return f"tenant:{format_id(TENANT, tenant_id)}"
