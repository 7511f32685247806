"""What an API key that is bound to permission stores reaches: those, and nothing that isn't said of one."""

from typing import Final

from starlette.requests import HTTPConnection

from airside.core.errors import Forbidden
from airside.permissions.refusals import StoreNotFound
from airside.store import RequestContext
from airside.tenancy import Tenants

STORE_HEADER: Final = "airside-store-id"
"""Which store AuthZEN's addresses ask, where it isn't the tenant's default one."""
_AUTHZEN: Final = "/access/"


async def demand_store(ctx: RequestContext, request: HTTPConnection, tenants: Tenants) -> None:
    """Return if the request is about a store that the caller's credential reaches.

    Raises:
        StoreNotFound: it is about another, as if that weren't there.
        Forbidden: it is about no store: a credential that is bound to some doesn't see which there are.
    """
    bound = ctx.principal.stores
    if bound is None:
        return
    store_id: str | None = request.path_params.get("store_id")
    if store_id is None and request.scope["path"].startswith(_AUTHZEN):
        store_id = request.headers.get(STORE_HEADER) or (await tenants.current(ctx)).default_store_id
    if store_id is None:
        raise Forbidden("bound to stores")
    if store_id not in bound:
        raise StoreNotFound("no such store")
