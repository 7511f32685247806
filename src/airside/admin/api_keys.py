"""Managing the keys with which programs come."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.access.rights import RELATION_OF_SCOPE
from airside.admin.verb import Verbs, requires
from airside.apikeys import MAX_PAGE, ApiKey, ApiKeys, KeyDraft, Owner, ServiceAccounts, UserStates
from airside.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from airside.core.secret import Secret
from airside.permissions import Permissions
from airside.permissions.refusals import StoreNotFound
from airside.store import RequestContext
from airside.tenancy import Tenants

READ: Final = Right("api-keys:read", "can_read_api_keys")
WRITE: Final = Right("api-keys:write", "can_write_api_keys")


class ApiKeyAdmin(Verbs):
    """Mint, list, rotate and revoke keys. Nobody mints or rotates one that may more than they may, nor one that speaks
    for another person; and no key begets a key, or whoever stole one would have it for ever (N21)."""

    def __init__(
        self,
        *,
        authorise: Authorise,
        keys: ApiKeys,
        accounts: ServiceAccounts,
        users: UserStates,
        permissions: Permissions,
        tenants: Tenants,
    ) -> None:
        super().__init__(authorise)
        self._keys = keys
        self._accounts = accounts
        self._users = users
        self._permissions = permissions
        self._tenants = tenants

    @requires(WRITE)
    async def create(self, ctx: RequestContext, draft: KeyDraft) -> tuple[ApiKey, Secret[str]]:
        """A new key, shown only here.

        Raises:
            NotFound: no such owner in this tenant.
            Conflict: the owner is disabled, or the tenant has as many keys as it may.
            InvalidInput: a scope that no right stands behind, a store that isn't there, or for a test key the tenant's
                default store.
            Forbidden: the caller doesn't hold what it is scoped to, is a key, or isn't the person that owns it.
        """
        await self._demand_not_above(ctx, draft.owner, draft.scopes)
        await self._demand_standing(ctx, draft.owner)
        await self._judge_stores(ctx, draft)
        return await self._keys.create(ctx, draft)

    @requires(READ)
    async def get(self, ctx: RequestContext, key_id: UUID) -> ApiKey:
        """Raises: NotFound."""
        return await self._keys.get(ctx, key_id)

    @requires(READ)
    async def list(
        self, ctx: RequestContext, after: UUID | None = None, limit: int = MAX_PAGE, *, owner_id: UUID | None = None
    ) -> list[ApiKey]:
        """Up to `limit` keys in the order of their making, after the one named; of one owner, if one is named."""
        return await self._keys.list(ctx, after, limit, owner_id=owner_id)

    @requires(WRITE)
    async def rotate(self, ctx: RequestContext, key_id: UUID, *, overlap: timedelta) -> tuple[ApiKey, Secret[str]]:
        """Another in its place, shown only here; the first works for `overlap` more.

        Raises:
            NotFound: no such key in this tenant.
            InvalidInput: an overlap out of range.
            Conflict: it is rotated already, or over; or its owner is disabled.
            Forbidden: as `create`.
        """
        key = await self._keys.get(ctx, key_id)
        await self._demand_not_above(ctx, key.owner, key.scopes)
        await self._demand_standing(ctx, key.owner)
        return await self._keys.rotate(ctx, key_id, overlap=overlap)

    @requires(WRITE)
    async def revoke(self, ctx: RequestContext, key_id: UUID, *, reason: str = "") -> None:
        """It opens nothing within a second. Raises: NotFound."""
        await self._keys.revoke(ctx, key_id, reason=reason)

    async def _demand_not_above(self, ctx: RequestContext, owner: Owner, scopes: Iterable[str]) -> None:
        caller = ctx.principal
        if caller.kind == "key":
            raise Forbidden("a key begets no key")
        if owner.kind == "user" and caller.kind != "operator" and caller.subject != owner.subject:
            raise Forbidden("another person's key")
        unknown = [scope for scope in scopes if scope not in RELATION_OF_SCOPE]
        if unknown:
            raise InvalidInput("a scope that no permission stands behind", pointer="scopes")
        asked = [Right(scope, RELATION_OF_SCOPE[scope]) for scope in sorted(scopes)]
        await self.authorise.exactly(ctx, [WRITE, *asked])

    async def _demand_standing(self, ctx: RequestContext, owner: Owner) -> None:
        if owner.kind == "user":
            state = await self._users.state(ctx, owner.id)
        else:
            state = (await self._accounts.get(ctx, owner.id)).state
        if state is None:
            raise NotFound("user")
        if state != "active":
            raise Conflict("its owner is disabled")

    async def _judge_stores(self, ctx: RequestContext, draft: KeyDraft) -> None:
        if draft.stores is None:
            return
        if draft.mode == "test" and (await self._tenants.current(ctx)).default_store_id in draft.stores:
            raise InvalidInput("a test key doesn't reach the tenant's default store", pointer="stores")
        for store_id in sorted(draft.stores):
            try:
                await self._permissions.stores.get(ctx, store_id)
            except StoreNotFound:
                raise InvalidInput("no such store", pointer="stores") from None
