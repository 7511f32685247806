"""Asks our own engine whether the caller may. Every management verb declares one `Right`, once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from airside.audit.alerts import Tallies
from airside.core.errors import AssuranceTooLow, Forbidden, Unauthenticated
from airside.core.principal import Assurance, Principal
from airside.store import RequestContext
from airside.tenancy import Members, TenantPolicies

LEVELS: Final[tuple[Assurance, ...]] = ("aal0", "aal1", "aal2", "aal3")
MANAGEMENT: Final[Assurance] = "aal2"
"""What managing takes of a person at least. The tenant says whether it takes more, and how long ago it may have been
proven; what asks for less (the programs' interfaces) is bound by neither."""


@dataclass(frozen=True, slots=True)
class Right:
    """What a verb demands: the scope of the credential, the caller's relation to the tenant, and how strongly
    a person has proven who they are (programs and operators have no assurance; their credential is their proof)."""

    scope: str
    relation: str
    assurance: Assurance = MANAGEMENT


class Authorise:
    """`await authorise(ctx, right)` returns, or refuses."""

    def __init__(self, *, members: Members, policies: TenantPolicies, tallies: Tallies) -> None:
        self._members = members
        self._policies = policies
        self._tallies = tallies

    async def __call__(self, ctx: RequestContext, right: Right) -> None:
        """Raises:
        Unauthenticated: nobody is asking.
        Forbidden: the credential's scope or the caller's relations don't reach.
        AssuranceTooLow: a person who may, and has to prove themselves more strongly or anew first (RFC 9470).
        """
        try:
            _demand_credential(ctx.principal, right)
            if not await self._members.holds(ctx, ctx.principal.subject, right.relation):
                raise Forbidden("relation", relation=right.relation)
        except Forbidden:
            self._tallies.note(ctx, "refused", ctx.principal.subject)
            raise
        await self._demand_proven(ctx, right)

    def at_once(self, ctx: RequestContext, right: Right) -> bool:
        """Whether the caller may, without a wait; False also where it would take one, as every right to manage does.

        Raises:
            Unauthenticated, Forbidden: as a call.
        """
        _demand_credential(ctx.principal, right)
        proven = ctx.principal.kind != "user" or _reaches(ctx.principal.assurance, right.assurance)
        if not proven or _manages(right):
            return False
        return self._members.holds_at_once(ctx, ctx.principal.subject, right.relation)

    async def exactly(self, ctx: RequestContext, rights: Iterable[Right]) -> None:
        """As a call for each of `rights`, by everything committed, and until this transaction ends: what a caller is
        about to hand on can't be taken from them meanwhile (N21).

        Raises:
            as a call.
        """
        asked = tuple(rights)
        try:
            for right in asked:
                _demand_credential(ctx.principal, right)
            held = await self._members.held(ctx, ctx.principal.subject, [right.relation for right in asked])
            for right in asked:
                if right.relation not in held:
                    raise Forbidden("relation", relation=right.relation)
        except Forbidden:
            self._tallies.note(ctx, "refused", ctx.principal.subject)
            raise
        for right in asked:
            await self._demand_proven(ctx, right)

    async def _demand_proven(self, ctx: RequestContext, right: Right) -> None:
        person = ctx.principal
        if person.kind != "user":
            return
        if not _manages(right):
            if not _reaches(person.assurance, right.assurance):
                raise AssuranceTooLow("stronger sign-in needed", assurance=right.assurance)
            return
        demanded = (await self._policies.current(ctx)).administration
        needed = demanded.assurance if _reaches(demanded.assurance, right.assurance) else right.assurance
        age = timedelta(minutes=demanded.max_age_minutes)
        # A token that doesn't say when is as old as any.
        lately = person.authenticated_at is not None and ctx.now - person.authenticated_at <= age
        if not lately or not _reaches(person.assurance, needed):
            raise AssuranceTooLow("stronger sign-in needed", assurance=needed, max_age=int(age.total_seconds()))


def _demand_credential(principal: Principal, right: Right) -> None:
    if principal.kind == "anonymous" or not principal.subject:
        raise Unauthenticated("a credential is needed")
    if principal.kind != "operator" and right.scope not in principal.scopes:
        raise Forbidden("insufficient_scope", scope=right.scope)


def _manages(right: Right) -> bool:
    return _reaches(right.assurance, MANAGEMENT)


def _reaches(assurance: Assurance, needed: Assurance) -> bool:
    return LEVELS.index(assurance) >= LEVELS.index(needed)
