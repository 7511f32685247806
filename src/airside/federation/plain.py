"""What holds for a connection that has no mapping of its own."""

from uuid import UUID

from airside.federation.model import Connection, ExternalClaims, Mapped
from airside.store.context import RequestContext


class PlainMappings:
    """Implements `Mappings`: the name and the address as they are said, and nothing that follows from them."""

    async def of(self, ctx: RequestContext, connection: Connection, claims: ExternalClaims) -> Mapped:  # noqa: ARG002 - as the Protocol
        return Mapped(email=claims.email, name=claims.name or None)

    async def apply(self, ctx: RequestContext, connection: Connection, user_id: UUID, mapped: Mapped) -> None:
        """Nothing follows."""
