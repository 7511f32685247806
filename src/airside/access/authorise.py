"""Asks our own engine whether the caller may. Every management verb declares one `Right`, once."""

from dataclasses import dataclass
from typing import Final

from airside.core.errors import AssuranceTooLow, Forbidden, Unauthenticated
from airside.core.principal import Assurance
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
        principal = ctx.principal
        if principal.kind == "anonymous" or not principal.subject:
            raise Unauthenticated("a credential is needed")
        if principal.kind != "operator" and right.scope not in principal.scopes:
            raise Forbidden("insufficient_scope", scope=right.scope)
        if principal.kind == "user" and LEVELS.index(principal.assurance) < LEVELS.index(right.assurance):
            raise AssuranceTooLow("stronger sign-in needed", assurance=right.assurance)
        if not await self._members.holds(ctx, principal.subject, right.relation):
            raise Forbidden("relation", relation=right.relation)
