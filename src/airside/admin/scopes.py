"""Managing what the tenant's scopes mean."""

from airside.access.authorise import Authorise
from airside.admin.clients import READ, WRITE
from airside.admin.verb import Verbs, requires
from airside.oauth import Scope, Scopes
from airside.store import RequestContext


class ScopeAdmin(Verbs):
    """List, describe and delete scopes of the tenant's own."""

    def __init__(self, *, authorise: Authorise, scopes: Scopes) -> None:
        super().__init__(authorise)
        self._scopes = scopes

    @requires(READ)
    async def list(self, ctx: RequestContext) -> list[Scope]:
        """The tenant's own scopes, by name."""
        return await self._scopes.list(ctx)

    @requires(WRITE)
    async def put(self, ctx: RequestContext, scope: Scope) -> Scope:
        """Write a scope, or over what it was.

        Raises:
            InvalidInput: a name that can't be registered, or no English description.
            Conflict: the tenant has as many scopes as it can have.
        """
        return await self._scopes.put(ctx, scope)

    @requires(WRITE)
    async def delete(self, ctx: RequestContext, name: str) -> None:
        """Forget a scope. Raises: NotFound."""
        await self._scopes.delete(ctx, name)
