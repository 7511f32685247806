"""What holds for a connection that has no domain and no mapping of its own."""

from uuid import UUID

from airside.federation.model import Connection, ExternalClaims, Mapped
from airside.store.context import RequestContext


class NoDomains:
    """Implements `Domains`: nobody's mailboxes."""

    async def covers(self, ctx: RequestContext, connection_id: UUID, email: str) -> bool:  # noqa: ARG002 - as the Protocol
        return False


class NoDiscovery:
    """Implements `Discovery`: no address leads anywhere."""

    async def offers(self, ctx: RequestContext) -> bool:  # noqa: ARG002 - as the Protocol
        return False

    async def discover(self, ctx: RequestContext, email: str) -> UUID | None:  # noqa: ARG002 - as the Protocol
        return None


class PlainMappings:
    """Implements `Mappings`: the name and the address as they are said, and nothing that follows from them."""

    async def of(self, ctx: RequestContext, connection: Connection, claims: ExternalClaims) -> Mapped:  # noqa: ARG002 - as the Protocol
        return Mapped(email=claims.email, name=claims.name or None)

    async def apply(self, ctx: RequestContext, connection: Connection, user_id: UUID, mapped: Mapped) -> None:
        """Nothing follows."""
