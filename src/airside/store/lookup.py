"""From a slug, or what an API key begins with, to its tenant. The only reads outside a tenant that a request causes."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from airside.store.engine import Engine

BY_SLUG: Final = "select slug, tenant_id from airside.tenant_address where slug = %s and state = 'here'"
BY_TENANT: Final = "select slug, tenant_id from airside.tenant_address where tenant_id = %s and state = 'here'"
BY_KEY: Final = """
select a.slug, a.tenant_id
from airside.api_key_lookup k join airside.tenant_address a on a.tenant_id = k.tenant_id
where k.lookup_id = %s and a.state = 'here'
"""
ALL: Final = "select slug, tenant_id from airside.tenant_address where state = 'here' order by slug"
LEAVING: Final = "select slug, tenant_id from airside.tenant_address where state = 'leaving' order by slug"
FORMER: Final = "select slug, tenant_id from airside.tenant_address where slug = %s and state <> 'here'"

MAX_SLUG: Final = 63
CACHE_SIZE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Address:
    """A tenant and the slug it answers to."""

    slug: str
    tenant_id: UUID


class Lookup:
    """Finds tenants by their addresses. An address, once given, is never given to another tenant, so what was found
    once stays true, until the tenant is shredded, and is kept in memory."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._by_slug: dict[str, Address] = {}
        self._by_tenant: dict[int, Address] = {}
        self._by_key: dict[str, Address] = {}

    async def by_slug(self, slug: str) -> Address | None:
        """The tenant that answers to `slug`, or None."""
        found = self._by_slug.get(slug)
        if found is not None or len(slug) > MAX_SLUG:
            return found
        async with self._engine.begin_platform("lookup: slug") as platform:
            found = await platform.tx.one(Address, BY_SLUG, (slug,))
        if found is not None:
            self._keep(found)
        return found

    def known_slug(self, slug: str) -> Address | None:
        """As `by_slug`, if it is in memory."""
        return self._by_slug.get(slug)

    async def all(self) -> list[Address]:
        """Every tenant's address, by slug."""
        async with self._engine.begin_platform("lookup: every tenant") as platform:
            return await platform.tx.all(Address, ALL)

    async def leaving(self) -> list[Address]:
        """Tenants whose keys are gone and whose rows are going."""
        async with self._engine.begin_platform("lookup: leaving") as platform:
            return await platform.tx.all(Address, LEAVING)

    async def former(self, slug: str) -> Address | None:
        """The tenant that answered to `slug` until it was shredded, or None."""
        async with self._engine.begin_platform("lookup: former") as platform:
            return await platform.tx.one(Address, FORMER, (slug,))

    def forget(self) -> None:
        """Keep nothing in memory: somebody has left."""
        self._by_slug.clear()
        self._by_tenant.clear()
        self._by_key.clear()

    async def by_key(self, lookup: str) -> Address | None:
        """The tenant of the API key that begins with `lookup`, or None. Strangers may ask for any: one row is read."""
        found = self.known_key(lookup)
        if found is not None:
            return found
        async with self._engine.begin_platform("lookup: API key") as platform:
            found = await platform.tx.one(Address, BY_KEY, (lookup,))
        if found is not None:
            if len(self._by_key) >= CACHE_SIZE:
                self._by_key.clear()
            self._by_key[lookup] = found
        return found

    def known_key(self, lookup: str) -> Address | None:
        """As `by_key`, if it is in memory."""
        return self._by_key.get(lookup)

    async def by_tenant(self, tenant_id: UUID) -> Address | None:
        """The address of a tenant, or None. Strangers may ask for any id: one row is read, never all."""
        found = self.known(tenant_id)
        if found is not None:
            return found
        async with self._engine.begin_platform("lookup: tenant") as platform:
            found = await platform.tx.one(Address, BY_TENANT, (tenant_id,))
        if found is not None:
            self._keep(found)
        return found

    def known(self, tenant_id: UUID) -> Address | None:
        """The address of a tenant, if it is in memory."""
        return self._by_tenant.get(tenant_id.int)

    def _keep(self, address: Address) -> None:
        if len(self._by_slug) >= CACHE_SIZE:
            self._by_slug.clear()
            self._by_tenant.clear()
        self._by_slug[address.slug] = address
        self._by_tenant[address.tenant_id.int] = address
