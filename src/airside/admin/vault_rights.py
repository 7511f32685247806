"""Rights to the applications' vault: to everything of a kind, or to what was given by name."""

from collections.abc import Awaitable, Callable, Iterable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from airside.access.authorise import Authorise, Right
from airside.access.rights import USE_VAULT
from airside.admin.verb import Verbs
from airside.core.errors import Forbidden
from airside.store import RequestContext
from airside.tenancy import NamedGrants, NamedKind, NamedRelation

P = ParamSpec("P")
Result = TypeVar("Result")
Self = TypeVar("Self", bound="NamedVerbs")


class NamedVerbs(Verbs):
    """Base of verbs whose first argument names what they are about."""

    def __init__(self, *, authorise: Authorise, grants: NamedGrants) -> None:
        super().__init__(authorise)
        self._grants = grants

    async def _allow(
        self, ctx: RequestContext, right: Right, relation: NamedRelation, kind: NamedKind, names: Iterable[str]
    ) -> None:
        """Return if the caller has `right`, or may use the vault and has `relation` to one of `names`. Nobody learns
        whether there is anything of those names.

        Raises:
            Unauthenticated, Forbidden, AssuranceTooLow: as `Authorise`.
        """
        principal = ctx.principal
        if right.scope in principal.scopes or USE_VAULT.scope not in principal.scopes:
            await self.authorise(ctx, right)
            return
        await self.authorise(ctx, USE_VAULT)
        if not await self._grants.holds(ctx, principal.subject, relation, kind, names):
            raise Forbidden("relation", relation=relation)


def requires_key(
    right: Right, relation: NamedRelation
) -> Callable[
    [Callable[Concatenate[Self, RequestContext, str, P], Awaitable[Result]]],
    Callable[Concatenate[Self, RequestContext, str, P], Awaitable[Result]],
]:
    """Ask our own engine for `right`, or for `relation` to the key that the verb names, before it runs."""

    def decorate(
        verb: Callable[Concatenate[Self, RequestContext, str, P], Awaitable[Result]],
    ) -> Callable[Concatenate[Self, RequestContext, str, P], Awaitable[Result]]:
        @wraps(verb)
        async def authorised(self: Self, ctx: RequestContext, name: str, *args: P.args, **kwargs: P.kwargs) -> Result:
            await self._allow(ctx, right, relation, "vault_key", (name,))
            return await verb(self, ctx, name, *args, **kwargs)

        authorised.right = right  # type: ignore[attr-defined]  # as `requires`
        return authorised

    return decorate
