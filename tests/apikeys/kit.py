"""A tenant's programs, their keys, and what they get with them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2

from airside.apikeys import ApiKey, KeyDraft, Owner, ServiceAccount
from airside.core.secret import Secret
from airside.tenancy import RoleDraft
from tests.running import Place

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Minted:
    """A key, how it is spelt, and whose it is."""

    key: ApiKey
    secret: str
    account: ServiceAccount


async def account_with(place: Place, *permissions: str) -> ServiceAccount:
    """A service account that may so much, by a role of its own."""
    services = place.server.services
    async with place.operator() as ctx:
        account = await services.service_account_admin.create(ctx, "nightly export")
        name = "r-" + services.entropy.bytes(8).hex()
        role = await services.role_admin.create(ctx, RoleDraft(name, permissions=frozenset(permissions)))
        await services.service_account_admin.assign(ctx, account.account_id, role.role_id)
    return account


async def mint(place: Place, *scopes: str, account: ServiceAccount | None = None, **more: Any) -> Minted:
    """A key of a service account that may what the key is scoped to."""
    of = account or await account_with(place, *scopes)
    fields: dict[str, Any] = {"name": "export", "owner": of.owner, "lifetime": DAY, "scopes": frozenset(scopes), **more}
    draft = KeyDraft(**fields)
    key, secret = await made(place, draft)
    return Minted(key, secret.reveal(), of)


async def made(place: Place, draft: KeyDraft) -> tuple[ApiKey, Secret[str]]:
    """What the operator mints."""
    async with place.operator() as ctx:
        return await place.server.services.api_key_admin.create(ctx, draft)


async def of_user(place: Place, *scopes: str, role: str = "administrator") -> tuple[Owner, str]:
    """A user and a key of theirs."""
    user = await place.user(role)
    owner = Owner("user", user.id)
    _, secret = await made(place, KeyDraft("mine", owner, DAY, scopes=frozenset(scopes)))
    return owner, secret.reveal()


async def ask(
    place: Place, secret: str, method: str = "GET", path: str = "/users", *, source: str | None = None, **more: Any
) -> httpx2.Response:
    """The management API's answer to whoever comes with `secret`; a whole path where it begins elsewhere."""
    async with place.server.client(source=source) as http:
        url = path if path.startswith(("/stores", "/keys", "/access")) else f"{place.issuer}/api/v1{path}"
        return await http.request(method, url, headers={"authorization": f"Bearer {secret}"}, **more)
