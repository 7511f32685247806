"""Who may what in the tenant, as tuples of its system store: asked exactly, and changed by one at a time."""

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

from airside.core.ids import TENANT, format_id
from airside.permissions import AtLeast, Filter, Permissions, Question, TupleKey, Verdict, View
from airside.revocation import Kind, Revocations
from airside.store import RequestContext
from airside.tenancy.tenants import Tenants
from airside.tokens import ACCESS_TOKEN_LIFETIME

PAGE: Final = 100
MAX_NAMES: Final = 10_000
OVERLAP: Final = timedelta(seconds=1)
"""How long an answer that began before a role was taken away may still be under way."""

MAX_ENDED: Final = 500
"""Subjects whose tokens are ended one by one; where more lose something at once, every token of the tenant ends."""


class Grants:
    """The tuples of the tenant's system store. Whoever writes locks first, so that what was asked under the lock
    still holds when it commits: nobody hands on what is being taken from them (N21)."""

    def __init__(self, *, tenants: Tenants, permissions: Permissions, revocations: Revocations) -> None:
        self._tenants = tenants
        self._permissions = permissions
        self._revocations = revocations

    async def holds(self, ctx: RequestContext, subject: str, relation: str) -> bool:
        """Whether our own engine says that `subject` has `relation` to the context's tenant."""
        tenant = await self._tenants.current(ctx)
        return (await self._ask(ctx, tenant.system_store_id, subject, relation)).allowed

    async def holds_on(self, ctx: RequestContext, subject: str, relation: str, object_: str) -> bool:
        """As `holds`, of another object of the system store."""
        store_id = (await self._tenants.current(ctx)).system_store_id
        return (await self._permissions.engine.check(ctx, Question(store_id, subject, relation, object_))).allowed

    async def objects(self, ctx: RequestContext, subject: str, relation: str, object_type: str) -> list[str]:
        """The objects of a type to which `subject` has `relation`, as `holds` would say of each."""
        view = View((await self._tenants.current(ctx)).system_store_id)
        listed = await self._permissions.lists.objects(
            ctx, view, subject=subject, relation=relation, type_name=object_type
        )
        return listed.words

    def holds_at_once(self, ctx: RequestContext, subject: str, relation: str) -> bool:
        """As `holds`, without a wait; False also where it would take one."""
        tenant = self._tenants.entered(ctx)
        if tenant is None:
            return False
        question = Question(tenant.system_store_id, subject, relation, object_name(ctx.tenant_id))
        verdict = self._permissions.prompt.check(ctx, question)
        return verdict is not None and verdict.allowed

    async def lock(self, ctx: RequestContext) -> None:
        """Nobody else writes until this transaction ends."""
        await self._tenants.lock(ctx)

    async def held(self, ctx: RequestContext, subject: str, relations: Iterable[str]) -> frozenset[str]:
        """Those of `relations` that `subject` has to the tenant by everything that has been committed, and goes on
        having until this transaction ends."""
        store_id = (await self._tenants.lock(ctx)).system_store_id
        revision = (await self._permissions.stores.get(ctx, store_id)).revision
        found: set[str] = set()
        for relation in relations:
            verdict = await self._ask(ctx, store_id, subject, relation)
            if verdict.revision < revision:
                verdict = await self._ask(ctx, store_id, subject, relation, "head")
            if verdict.allowed:
                found.add(relation)
        return frozenset(found)

    async def write(
        self, ctx: RequestContext, writes: Sequence[TupleKey] = (), deletes: Sequence[TupleKey] = ()
    ) -> None:
        """Delete and write, in as many steps as it takes; what is so already stays so.

        Raises:
            InvalidInput: the system model has no such relation, or not for such a subject.
        """
        store_id = (await self._tenants.lock(ctx)).system_store_id
        step = self._permissions.limits.write
        for start in range(0, len(deletes), step):
            await self._permissions.tuples.write(
                ctx, store_id, deletes=deletes[start : start + step], on_missing="ignore"
            )
        for start in range(0, len(writes), step):
            await self._permissions.tuples.write(
                ctx, store_id, writes=writes[start : start + step], on_duplicate="ignore"
            )

    async def read(self, ctx: RequestContext, wanted: Filter) -> list[TupleKey]:
        """Every tuple that matches, in key order."""
        store_id = (await self._tenants.current(ctx)).system_store_id
        keys: list[TupleKey] = []
        last: TupleKey | None = None
        while True:
            page = await self._permissions.tuples.read(ctx, store_id, wanted, after=last, limit=PAGE)
            keys += [found.key for found in page]
            if len(page) < PAGE:
                return keys
            last = keys[-1]

    async def given(self, ctx: RequestContext, subjects: Collection[str]) -> dict[str, frozenset[TupleKey]]:
        """What each of `subjects`, all of one kind (such as `user:usr_…`), at most `MAX_ENDED`, was given directly."""
        found: dict[str, set[TupleKey]] = {subject: set() for subject in subjects}
        if found:
            store_id = (await self._tenants.current(ctx)).system_store_id
            kind = next(iter(found)).partition(":")[0]
            ids = [subject.partition(":")[2] for subject in found]
            for key in await self._permissions.tuples.of_subjects(ctx, store_id, kind, ids):
                found[key.user].add(key)
        return {subject: frozenset(keys) for subject, keys in found.items()}

    async def end_tokens(self, ctx: RequestContext, subjects: Sequence[str]) -> None:
        """End the access tokens of `subjects` (such as `user:usr_…`), which carry what they have just lost."""
        # A token being issued right now may have read the role before this commits: what is issued in the next
        # moment ends too, and its client asks again.
        before = ctx.now + OVERLAP
        ends: list[tuple[Kind, str]] = [("sub", subject.partition(":")[2]) for subject in subjects]
        if len(subjects) > MAX_ENDED:
            ends = [("tenant", format_id(TENANT, ctx.tenant_id))]
        for kind, word in ends:
            await self._revocations.revoke(ctx, kind, word, before=before, expires_at=before + ACCESS_TOKEN_LIFETIME)

    async def _ask(
        self, ctx: RequestContext, store_id: str, subject: str, relation: str, at_least: AtLeast = None
    ) -> Verdict:
        question = Question(store_id, subject, relation, object_name(ctx.tenant_id), at_least=at_least)
        return await self._permissions.engine.check(ctx, question)


@lru_cache(maxsize=MAX_NAMES)
def object_name(tenant_id: UUID) -> str:
    """The word by which the permission engine knows a tenant."""
    return f"tenant:{format_id(TENANT, tenant_id)}"
