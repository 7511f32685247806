"""Who we are to a SAML identity provider: addresses, keys and metadata of a connection, and what is pinned of it."""

import asyncio
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from airside.core.entropy import Entropy
from airside.core.errors import InvalidInput, NotFound
from airside.federation.connections import Connections
from airside.federation.model import Connection
from airside.federation.saml_keys import SamlKeys, renewed_pairs, saml_keys
from airside.federation.settings import SamlSettings
from airside.protocols.saml import PinnedCertificate, ServiceProvider, read_certificate, write_metadata
from airside.store.context import RequestContext


class OwnAddress(Protocol):
    """Where the tenant's own addresses hang."""

    async def __call__(self, ctx: RequestContext) -> str:
        """The issuer of the context's tenant."""
        ...


@dataclass(frozen=True, slots=True)
class Addresses:
    """A connection's own: its name, which is where its metadata lies, and its two endpoints."""

    entity_id: str
    acs: str
    slo: str


class SamlParty:
    """A connection as its provider sees it."""

    def __init__(self, *, connections: Connections, entropy: Entropy, issuer: OwnAddress) -> None:
        self._connections = connections
        self._entropy = entropy
        self._issuer = issuer

    async def addresses(self, ctx: RequestContext, connection: Connection) -> Addresses:
        """Every connection has its own, so that what is meant for one is of no use at another (N20)."""
        root = f"{await self._issuer(ctx)}/saml/{connection.word}"
        return Addresses(f"{root}/metadata", f"{root}/acs", f"{root}/slo")

    async def keys(self, ctx: RequestContext, connection: Connection) -> SamlKeys:
        """The connection's own keys.

        Raises:
            InvalidInput: it has none, or they can't be used.
            NotFound: it is gone.
        """
        kept = (await self._connections.secrets(ctx, connection.id)).private_keys
        if kept is None:
            raise InvalidInput("a connection without keys", pointer="private_keys")
        return saml_keys(kept, kept=True)

    async def metadata(self, ctx: RequestContext, connection_id: UUID) -> bytes:
        """What the provider is given to know us by, for anybody.

        Raises:
            NotFound: no such active connection.
        """
        connection = await self._connections.active(ctx, connection_id, "saml")
        settings = settings_of(connection)
        ours = await self.addresses(ctx, connection)
        try:
            certificates = (await self.keys(ctx, connection)).certificates
        except InvalidInput:
            raise NotFound("connection") from None
        return write_metadata(
            ServiceProvider(
                entity_id=ours.entity_id,
                acs=ours.acs,
                slo=ours.slo,
                signing=certificates,
                encryption=certificates,
                name_id_format=settings.name_id_format,
                signs_requests=settings.sign_requests,
            )
        )

    async def renew(self, ctx: RequestContext, connection_id: UUID) -> None:
        """Sign with a new key from now on. Those before it go on decrypting and stand in our metadata, so that a
        provider that looks seldom goes on knowing us.

        Raises:
            NotFound: not there, not this tenant's, or of another kind.
        """
        connection = await self._connections.get(ctx, connection_id)
        if connection.kind != "saml":
            raise NotFound("connection")
        before = (await self._connections.secrets(ctx, connection_id)).private_keys
        made = await asyncio.to_thread(renewed_pairs, before, ctx.now, self._entropy)
        await self._connections.set_private_keys(ctx, connection_id, made)


def settings_of(connection: Connection) -> SamlSettings:
    """Its settings.

    Raises:
        InvalidInput: a connection of another kind.
    """
    if not isinstance(connection.settings, SamlSettings):
        raise InvalidInput("a connection of another kind")
    return connection.settings


def pinned(settings: SamlSettings) -> tuple[PinnedCertificate, ...]:
    """The provider's keys, as they are pinned.

    Raises:
        InvalidInput: one of them isn't one.
    """
    return tuple(read_certificate(written) for written in settings.certificates)
