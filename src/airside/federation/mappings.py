"""What connections' claims mean in a tenant, and the roles that follow: given at a sign-in, taken with the group.

A mapping gives no more than its author may grant at that very moment (N21), and it takes only what it gave: a role that
somebody has by hand, or by another connection too, stays.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from airside.core.ids import ROLE, USER, format_id, parse_id
from airside.federation import records_mappings as records
from airside.federation.connections import Connections
from airside.federation.mapping import MappingRules, follow
from airside.federation.model import Connection, ExternalClaims, Mapped
from airside.federation.records_mappings import Sample, SavedMapping
from airside.identity import Users
from airside.store.context import RequestContext
from airside.tenancy import ROLES, Invitations, Members, Role, Roles
from airside.vault import Vault

SAMPLE_LIFETIME: Final = timedelta(hours=1)
SAMPLE_EVERY: Final = timedelta(seconds=10)
"""How often what came last is kept anew: many sign in at once, and would wait for one row."""
_BUILT_IN: Final[dict[str, Role]] = {role: role for role in ROLES}
GRANTING: Final = "can_write_members"
"""What whoever gives roles must hold besides what these give."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What rules would make of what came last, bounded as at a sign-in."""

    sample: Sample
    mapped: Mapped


class TenantMappings:
    """Implements `Mappings`. Who may save one, with which roles, is `admin`'s to ask as well."""

    def __init__(
        self,
        *,
        vault: Vault,
        journal: Journal,
        connections: Connections,
        users: Users,
        members: Members,
        roles: Roles,
        invitations: Invitations,
    ) -> None:
        self._vault = vault
        self._journal = journal
        self._connections = connections
        self._users = users
        self._members = members
        self._roles = roles
        self._invitations = invitations

    async def get(self, ctx: RequestContext, connection_id: UUID) -> SavedMapping | None:
        """The connection's mapping; None while it has none. Raises: NotFound: no such connection."""
        await self._connections.get(ctx, connection_id)
        return await records.find(ctx, connection_id)

    async def save(self, ctx: RequestContext, connection_id: UUID, rules: MappingRules) -> SavedMapping:
        """In the place of the one before; the caller is its author.

        Raises:
            NotFound: no such connection, or no such role.
            InvalidInput: an attribute for the address, where the provider says itself which one it has verified.
            Forbidden: a program would be the author of roles: what it may is no person's to answer for.
        """
        connection = await self._connections.get(ctx, connection_id)
        if rules.email is not None and connection.kind == "oidc":
            raise InvalidInput("the address is the verified one", pointer="rules.email")
        await self.relations(ctx, rules)
        if rules.roles and ctx.principal.kind not in ("user", "operator"):
            raise Forbidden("a person has to answer for roles")
        await records.save(ctx, connection_id, rules, ctx.principal.subject)
        details = {"roles": " ".join(sorted({rule.role for rule in rules.roles}))}
        await self._journal.record(ctx, Event.MAPPING_SAVED, subject=connection.word, details=details)
        return SavedMapping(rules, ctx.principal.subject, ctx.now)

    async def relations(self, ctx: RequestContext, rules: MappingRules) -> frozenset[str]:
        """What `rules` could give, which stays so until this transaction ends. Raises: NotFound: no such role."""
        found: frozenset[str] = frozenset()
        for role in {rule.role for rule in rules.roles}:
            found |= await self._invitations.relations(ctx, (role,))
        return found

    async def preview(self, ctx: RequestContext, connection_id: UUID, rules: MappingRules) -> Preview:
        """What `rules` of the caller's would make of what came last.

        Raises:
            NotFound: no such connection, or nobody has signed in through it lately.
        """
        await self._connections.get(ctx, connection_id)
        sample = await records.sample(ctx, await self._vault.keyset(ctx), connection_id)
        if sample is None:
            raise NotFound("sample")
        mapped = follow(rules, sample.claims)
        roles = await self._bounded(ctx, ctx.principal.subject, mapped.roles)
        return Preview(sample, replace(mapped, roles=roles))

    async def of(self, ctx: RequestContext, connection: Connection, claims: ExternalClaims) -> Mapped:
        """Implements `Mappings`."""
        await self._keep(ctx, connection, claims)
        saved = await records.find(ctx, connection.id)
        mapped = follow(MappingRules() if saved is None else saved.rules, claims)
        if saved is None or not mapped.roles:
            return mapped
        return replace(mapped, roles=await self._bounded(ctx, saved.author, mapped.roles))

    async def apply(self, ctx: RequestContext, connection: Connection, user_id: UUID, mapped: Mapped) -> None:
        """Implements `Mappings`. Nobody waits for the lock of who may what where nothing changes."""
        given = await records.given(ctx, connection.id, user_id)
        if given == mapped.roles:
            return
        await self._members.lock(ctx)
        saved = await records.find(ctx, connection.id)
        wanted: frozenset[str] = frozenset()
        if saved is not None:
            wanted = await self._bounded(ctx, saved.author, mapped.roles, exactly=True)
        given = await records.given(ctx, connection.id, user_id)
        await self._take(ctx, connection.id, user_id, given - wanted)
        new = await self._give(ctx, connection.id, user_id, wanted - given)
        if not new and given <= wanted:
            return
        await self._journal.record(
            ctx,
            Event.MAPPING_APPLIED,
            subject=format_id(USER, user_id),
            details={
                "connection": connection.word,
                "given": " ".join(sorted(new)),
                "taken": " ".join(sorted(given - wanted)),
            },
        )

    async def of_groups(self, ctx: RequestContext, connection_id: UUID, groups: Collection[str]) -> frozenset[str]:
        """The roles that being in `groups` means, whoever says so, as far as the author may grant them."""
        saved = await records.find(ctx, connection_id)
        roles = {rule.role for rule in saved.rules.roles if rule.group in groups} if saved is not None else set[str]()
        return frozenset() if saved is None or not roles else await self._bounded(ctx, saved.author, roles)

    async def forget(self, ctx: RequestContext, connection_id: UUID) -> None:
        """Take every role that the connection gave: it goes."""
        for user_id in await records.holders(ctx, connection_id):
            await self._take(ctx, connection_id, user_id, await records.given(ctx, connection_id, user_id))

    async def by_hand(self, ctx: RequestContext, user_id: UUID, role: str) -> None:
        """Somebody has given the role, so that no mapping takes it."""
        await records.by_hand(ctx, user_id, role)

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget what came long ago, for a timer; how many."""
        return await records.sweep(ctx)

    async def _keep(self, ctx: RequestContext, connection: Connection, claims: ExternalClaims) -> None:
        keyset = await self._vault.keyset(ctx)
        last = await records.sample(ctx, keyset, connection.id)
        if last is None or ctx.now - last.received_at >= SAMPLE_EVERY:
            await records.keep(ctx, keyset, connection.id, claims, SAMPLE_LIFETIME)

    async def _bounded(
        self, ctx: RequestContext, author: str, roles: Collection[str], *, exactly: bool = False
    ) -> frozenset[str]:
        """Those of `roles` that `author` may grant; `exactly`: by everything committed, until this transaction ends."""
        if not await self._is_active(ctx, author):
            return frozenset()
        found: set[str] = set()
        for role in sorted(roles):
            relations = await self._gives(ctx, role)
            if relations is None:
                continue
            if exactly:
                may = await self._members.held(ctx, author, relations) == relations
            else:
                may = all([await self._members.holds(ctx, author, relation) for relation in sorted(relations)])
            if may:
                found.add(role)
        return frozenset(found)

    async def _gives(self, ctx: RequestContext, role: str) -> frozenset[str] | None:
        """The relations that whoever grants `role` must hold; None where there is no such role any more."""
        if role in ROLES:
            return frozenset({GRANTING, role} - {"member"})
        try:
            return frozenset({GRANTING}) | await self._invitations.relations(ctx, (role,))
        except NotFound:
            return None

    async def _is_active(self, ctx: RequestContext, author: str) -> bool:
        kind, _, word = author.partition(":")
        return kind == "operator" or (kind == "user" and await self._users.stays_active(ctx, parse_id(USER, word)))

    async def _give(
        self, ctx: RequestContext, connection_id: UUID, user_id: UUID, roles: Collection[str]
    ) -> frozenset[str]:
        """Give those that the user hasn't by hand; which these are."""
        subject, given = f"user:{format_id(USER, user_id)}", set[str]()
        others = await records.by_others(ctx, connection_id, user_id)
        held = {role.word for role in await self._roles.of(ctx, user_id)}
        for role in sorted(roles):
            built_in = _BUILT_IN.get(role)
            there = role in held if built_in is None else subject in await self._members.list(ctx, built_in)
            if there and role not in others:
                continue
            try:
                if built_in is not None:
                    await self._members.grant(ctx, subject, built_in)
                else:
                    await self._roles.assign(ctx, await self._roles.take(ctx, parse_id(ROLE, role)), user_id)
            except Conflict:  # they have as many as anybody may
                continue
            await records.give(ctx, connection_id, user_id, (role,))
            given.add(role)
        return frozenset(given)

    async def _take(self, ctx: RequestContext, connection_id: UUID, user_id: UUID, roles: Collection[str]) -> None:
        """Take those that no other connection gives; the user's tokens that carry them end."""
        if not roles:
            return
        await records.take(ctx, connection_id, user_id, roles)
        for role in sorted(set(roles) - await records.by_others(ctx, connection_id, user_id)):
            if role in ROLES:
                await self._members.revoke(ctx, f"user:{format_id(USER, user_id)}", role)
                continue
            try:
                await self._roles.unassign(ctx, await self._roles.take(ctx, parse_id(ROLE, role)), user_id)
            except NotFound:  # the role is gone, and took itself
                continue
