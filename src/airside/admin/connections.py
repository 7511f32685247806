"""Managing the tenant's ways to foreign identity providers, and what it makes of their words.

Whoever says whose answers a connection takes says who everybody is that signs in through it, administrators among
them. So what a connection trusts is an administrator's to change (N21); the rest is whoever's may write connections.
"""

from typing import Final
from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.access.rights import ADMINISTRATOR
from airside.admin import members, users
from airside.admin.verb import Verbs, requires
from airside.core.errors import NotFound
from airside.core.secret import Secret
from airside.federation import (
    Connection,
    ConnectionChange,
    ConnectionDraft,
    Connections,
    MappingRules,
    OwnKeys,
    Preview,
    Removal,
    SamlMetadata,
    SamlParty,
    SamlSettings,
    SavedMapping,
    TenantMappings,
)
from airside.store import RequestContext

READ: Final = Right("connections:read", "can_read_connections")
WRITE: Final = Right("connections:write", "can_write_connections")
TRUSTING: Final = (WRITE, Right(WRITE.scope, ADMINISTRATOR))
"""What it takes to say whom a connection believes."""


class ConnectionAdmin(Verbs):
    """Make, see, change, disable and delete connections, and write their mappings. Secrets go in and never out."""

    def __init__(
        self,
        *,
        authorise: Authorise,
        connections: Connections,
        mappings: TenantMappings,
        metadata: SamlMetadata,
        removal: Removal,
        party: SamlParty,
        own_keys: OwnKeys,
    ) -> None:
        super().__init__(authorise)
        self._connections = connections
        self._mappings = mappings
        self._metadata = metadata
        self._removal = removal
        self._party = party
        self._own_keys = own_keys

    @requires(WRITE)
    async def create(self, ctx: RequestContext, draft: ConnectionDraft) -> Connection:
        """A new connection, active at once, with keys of its own where it is to have some; nobody is anybody by it yet.

        Raises:
            InvalidInput: the draft isn't lawful; `pointer` names the field.
            Forbidden: it is to make users, which the caller may not.
            Conflict: the tenant has as many as it can have.
        """
        if draft.creates_users:
            await self.authorise.exactly(ctx, (WRITE, users.WRITE))
        return await self._connections.create(ctx, draft)

    @requires(WRITE)
    async def read_metadata(self, ctx: RequestContext, document: bytes) -> SamlSettings:
        """The settings that a provider's metadata spells. Raises: InvalidInput: it spells none."""
        del ctx
        return self._metadata.read(document)

    @requires(WRITE)
    async def fetch_metadata(self, ctx: RequestContext, url: str) -> SamlSettings:
        """As `read_metadata`, from an address. Raises: InvalidInput: as it, or an address that isn't public https;
        Unavailable: it doesn't answer."""
        return await self._metadata.fetch(ctx, url)

    @requires(READ)
    async def get(self, ctx: RequestContext, connection_id: UUID) -> Connection:
        """Raises: NotFound."""
        return await self._connections.get(ctx, connection_id)

    @requires(READ)
    async def list(self, ctx: RequestContext, after: UUID | None = None, limit: int = 50) -> list[Connection]:
        """Up to `limit` connections in order of creation, after the one named."""
        return await self._connections.list(ctx, after=after, limit=limit)

    @requires(WRITE)
    async def update(self, ctx: RequestContext, connection_id: UUID, change: ConnectionChange) -> Connection:
        """Raises: NotFound; InvalidInput: what it would become isn't lawful; Forbidden: its settings change, and the
        caller is no administrator, or it is to make users, which they may not."""
        if change.settings is not None:
            await self.authorise.exactly(ctx, TRUSTING)
        if change.creates_users:
            await self.authorise.exactly(ctx, (WRITE, users.WRITE))
        return await self._connections.update(ctx, connection_id, change)

    @requires(WRITE)
    async def refresh(self, ctx: RequestContext, connection_id: UUID) -> Connection:
        """Follow now the address that a SAML connection's metadata lies at, as the timer does from time to time.

        Raises:
            NotFound: no such connection in this tenant, or it follows no address.
            InvalidInput: what lies there is past its end, or names an address that isn't https.
            Unavailable: it doesn't answer, or with something else than that provider's metadata. What was pinned stays.
        """
        return await self._metadata.refresh(ctx, await self._connections.get(ctx, connection_id), at_once=True)

    @requires(WRITE)
    async def renew_keys(self, ctx: RequestContext, connection_id: UUID) -> None:
        """Sign with a new key from now on; those before it stay known to the provider.

        Raises:
            NotFound: no such connection in this tenant.
            InvalidInput: it has no keys of its own.
            Forbidden: the caller is no administrator.
        """
        await self.authorise.exactly(ctx, TRUSTING)
        await self._renew(ctx, await self._connections.get(ctx, connection_id))

    @requires(WRITE)
    async def set_client_secret(self, ctx: RequestContext, connection_id: UUID, secret: Secret[str] | None) -> None:
        """Raises: NotFound; InvalidInput: over its cap; Forbidden: the caller is no administrator."""
        await self.authorise.exactly(ctx, TRUSTING)
        await self._connections.set_client_secret(ctx, connection_id, secret)

    @requires(WRITE)
    async def set_private_keys(self, ctx: RequestContext, connection_id: UUID, keys: Secret[str]) -> None:
        """Prove ourselves by keys that the provider gave. Raises: NotFound; InvalidInput: not keys that the connection
        can use; Forbidden: the caller is no administrator."""
        await self.authorise.exactly(ctx, TRUSTING)
        await self._connections.set_private_keys(ctx, connection_id, keys)

    @requires(WRITE)
    async def disable(self, ctx: RequestContext, connection_id: UUID) -> None:
        """Sessions that began through it end. Raises: NotFound."""
        await self._connections.disable(ctx, connection_id)

    @requires(WRITE)
    async def enable(self, ctx: RequestContext, connection_id: UUID) -> None:
        """Raises: NotFound; Forbidden: the caller is no administrator."""
        await self.authorise.exactly(ctx, TRUSTING)
        await self._connections.enable(ctx, connection_id)

    @requires(WRITE)
    async def delete(self, ctx: RequestContext, connection_id: UUID) -> None:
        """With whom it named here, and the roles that its mapping gave; users stay.

        Raises:
            NotFound: no such connection in this tenant.
            Conflict: a domain signs in only through it.
            Forbidden: the caller is no administrator.
        """
        await self.authorise.exactly(ctx, TRUSTING)
        await self._removal.remove(ctx, connection_id)

    @requires(READ)
    async def mapping(self, ctx: RequestContext, connection_id: UUID) -> SavedMapping:
        """Raises: NotFound: no such connection, or none saved for it."""
        saved = await self._mappings.get(ctx, connection_id)
        if saved is None:
            raise NotFound("mapping")
        return saved

    @requires(WRITE)
    async def save_mapping(self, ctx: RequestContext, connection_id: UUID, rules: MappingRules) -> SavedMapping:
        """The caller is its author from here on.

        Raises:
            NotFound: no such connection, or no such role.
            InvalidInput: rules that can't be this connection's.
            Forbidden: it could give what the caller may not, or counts for more than `aal1` and they are no
                administrator.
        """
        await self._demand_not_above(ctx, rules)
        return await self._mappings.save(ctx, connection_id, rules)

    @requires(WRITE)
    async def preview_mapping(self, ctx: RequestContext, connection_id: UUID, rules: MappingRules) -> Preview:
        """What the rules would make of what the provider said last. It shows what was said of somebody.

        Raises:
            NotFound: no such connection, no such role, or nobody signed in through it lately.
            Forbidden: as `save_mapping`, or the caller may not see users.
        """
        await self.authorise.exactly(ctx, (WRITE, users.READ))
        await self._mappings.relations(ctx, rules)
        return await self._mappings.preview(ctx, connection_id, rules)

    async def _renew(self, ctx: RequestContext, connection: Connection) -> None:
        if connection.kind == "saml":
            await self._party.renew(ctx, connection.id)
        else:
            await self._own_keys.renew(ctx, connection.id)

    async def _demand_not_above(self, ctx: RequestContext, rules: MappingRules) -> None:
        rights = [WRITE]
        if any(rule.assurance != "aal1" for rule in rules.assurance):
            rights.extend(TRUSTING)
        if rules.roles:
            rights.append(members.WRITE)
            relations = await self._mappings.relations(ctx, rules)
            rights.extend(Right(members.WRITE.scope, relation) for relation in sorted(relations))
        await self.authorise.exactly(ctx, rights)
