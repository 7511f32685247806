"""Asks our own engine whether the caller may. Every management verb declares one `Right`, once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from airside.core.errors import AssuranceTooLow, Forbidden, Unauthenticated
from airside.core.principal import Assurance, Principal
from airside.store import RequestContext
from airside.tenancy import Members

LEVELS: Final[tuple[Assurance, ...]] = ("aal0", "aal1", "aal2", "aal3")


@dataclass(frozen=True, slots=True)
class Right:
    """What a verb demands: the scope of the credential, the caller's relation to the tenant, and how strongly
    a person has proven who they are (programs have no assurance; their credential is their proof)."""

    scope: str
    relation: str
    assurance: Assurance = "aal1"


class Authorise:
    """`await authorise(ctx, right)` returns, or refuses."""

    def __init__(self, *, members: Members) -> None:
        self._members = members

    async def __call__(self, ctx: RequestContext, right: Right) -> None:
        """Raises:
        Unauthenticated: nobody is asking.
        Forbidden: the credential's scope or the caller's relations don't reach.
        AssuranceTooLow: a person who has to prove themselves more strongly first.
        """
        _demand_credential(ctx.principal, right)
        if not await self._members.holds(ctx, ctx.principal.subject, right.relation):
            raise Forbidden("relation", relation=right.relation)

    def at_once(self, ctx: RequestContext, right: Right) -> bool:
        """Whether the caller may, without a wait; False also where it would take one.

        Raises:
            Unauthenticated, Forbidden, AssuranceTooLow: as a call.
        """
        _demand_credential(ctx.principal, right)
        return self._members.holds_at_once(ctx, ctx.principal.subject, right.relation)

    async def exactly(self, ctx: RequestContext, rights: Iterable[Right]) -> None:
        """As a call for each of `rights`, by everything committed, and until this transaction ends: what a caller is
        about to hand on can't be taken from them meanwhile (N21).

        Raises:
            as a call.
        """
        asked = tuple(rights)
        for right in asked:
            _demand_credential(ctx.principal, right)
        held = await self._members.held(ctx, ctx.principal.subject, [right.relation for right in asked])
        for right in asked:
            if right.relation not in held:
                raise Forbidden("relation", relation=right.relation)


def _demand_credential(principal: Principal, right: Right) -> None:
    if principal.kind == "anonymous" or not principal.subject:
        raise Unauthenticated("a credential is needed")
    if principal.kind != "operator" and right.scope not in principal.scopes:
        raise Forbidden("insufficient_scope", scope=right.scope)
    if principal.kind == "user" and LEVELS.index(principal.assurance) < LEVELS.index(right.assurance):
        raise AssuranceTooLow("stronger sign-in needed", assurance=right.assurance)
