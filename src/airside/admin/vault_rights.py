"""Rights to the applications' vault: to everything of a kind, or to what was given by name."""

from collections.abc import Awaitable, Callable, Iterable
from functools import wraps
from typing import ClassVar, Concatenate, ParamSpec, TypeVar

from airside.access.authorise import Authorise, Right
from airside.access.rights import USE_VAULT
from airside.admin.verb import Verbs
from airside.audit import Journal
from airside.core.errors import Forbidden
from airside.identity.charging import spend
from airside.limits import Limit, Limiter
from airside.secrets import beginnings
from airside.store import RequestContext
from airside.tenancy import NamedGrants, NamedKind, NamedRelation

P = ParamSpec("P")
Result = TypeVar("Result")
Self = TypeVar("Self", bound="NamedVerbs")


class NamedVerbs(Verbs):
    """Base of verbs whose first argument names what they are about. Each counts against `limit`, as many as one caller
    says, allowed or not; `pace` counts in the memory of one process."""

    limit: ClassVar[Limit]

    def __init__(self, *, authorise: Authorise, grants: NamedGrants, pace: Limiter, journal: Journal) -> None:
        super().__init__(authorise)
        self.named_grants = grants
        self.pace = pace
        self.journal = journal


def requires_named(
    right: Right, relation: NamedRelation
) -> Callable[
    [Callable[Concatenate[Self, RequestContext, str, P], Awaitable[Result]]],
    Callable[Concatenate[Self, RequestContext, str, P], Awaitable[Result]],
]:
    """Ask our own engine for `right`, or for `relation` to what the verb names, before it runs: to a key, or to a path
    or one above it. Nobody who is refused learns whether there is anything of that name."""
    kind: NamedKind = "vault_key" if relation in ("encrypter", "decrypter") else "vault_path"

    def decorate(
        verb: Callable[Concatenate[Self, RequestContext, str, P], Awaitable[Result]],
    ) -> Callable[Concatenate[Self, RequestContext, str, P], Awaitable[Result]]:
        @wraps(verb)
        async def authorised(self: Self, ctx: RequestContext, name: str, *args: P.args, **kwargs: P.kwargs) -> Result:
            names = (name,) if kind == "vault_key" else beginnings(name)
            await spend(ctx, self.pace, self.journal, [(self.limit, ctx.principal.subject)])
            await _demand(self, ctx, right, relation, kind, names)
            return await verb(self, ctx, name, *args, **kwargs)

        authorised.right = right  # type: ignore[attr-defined]  # as `requires`
        return authorised

    return decorate


async def _demand(
    verbs: NamedVerbs,
    ctx: RequestContext,
    right: Right,
    relation: NamedRelation,
    kind: NamedKind,
    names: Iterable[str],
) -> None:
    principal = ctx.principal
    if right.scope in principal.scopes or USE_VAULT.scope not in principal.scopes:
        await verbs.authorise(ctx, right)
        return
    await verbs.authorise(ctx, USE_VAULT)
    if not await verbs.named_grants.holds(ctx, principal.subject, relation, kind, names):
        raise Forbidden("relation", relation=relation)
