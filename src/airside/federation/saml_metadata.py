"""Settings out of a SAML provider's metadata: by value, or from an address that is asked again from time to time."""

from typing import Final

import structlog

from airside.core.errors import InvalidInput, NotFound
from airside.federation.connections import Connections
from airside.federation.documents import Documents, ProviderAway, Reader
from airside.federation.model import Connection, ConnectionChange
from airside.federation.settings import SamlSettings, demand_lawful, render_settings
from airside.fetch.model import Refused
from airside.fetch.target import parse
from airside.protocols.saml import (
    HTTP_POST,
    HTTP_REDIRECT,
    MAX_METADATA,
    IdpMetadata,
    MetadataRefused,
    read_idp_metadata,
)
from airside.store.context import RequestContext

FOLLOWED: Final = ("sso_url", "sso_binding", "slo_url", "slo_response_url", "slo_binding", "certificates")
"""What a refresh may change. Never who the provider is: another name is another provider."""
_log = structlog.get_logger("airside.federation")


def settings_from(metadata: IdpMetadata, metadata_url: str | None = None) -> SamlSettings:
    """The settings of a connection to the provider that `metadata` describes; redirect where it takes both bindings."""
    sso = "redirect" if HTTP_REDIRECT in metadata.sso else "post"
    slo = "redirect" if HTTP_REDIRECT in metadata.slo else "post"
    return SamlSettings(
        entity_id=metadata.entity_id,
        sso_url=metadata.sso[HTTP_REDIRECT if sso == "redirect" else HTTP_POST],
        sso_binding=sso,
        slo_url=metadata.slo.get(HTTP_REDIRECT if slo == "redirect" else HTTP_POST),
        slo_response_url=metadata.slo_answers.get(HTTP_REDIRECT if slo == "redirect" else HTTP_POST),
        slo_binding=slo,
        certificates=tuple(certificate.pem for certificate in metadata.certificates),
        metadata_url=metadata_url,
    )


class SamlMetadata:
    """Reads what providers publish. Addresses are asked through `documents`, and so through `fetch` alone (N28)."""

    def __init__(
        self, *, documents: Documents, connections: Connections, exceptions: frozenset[str] = frozenset()
    ) -> None:
        self._documents = documents
        self._connections = connections
        self._exceptions = exceptions

    def read(self, document: bytes, entity_id: str | None = None) -> SamlSettings:
        """What a file says; of several providers in it, the one that is named.

        Raises:
            InvalidInput: it describes no provider that we could speak to.
        """
        try:
            settings = settings_from(read_idp_metadata(document, entity_id))
        except MetadataRefused:
            raise InvalidInput("no metadata of one identity provider", pointer="metadata") from None
        demand_lawful(settings, self._exceptions)
        return settings

    async def fetch(self, ctx: RequestContext, url: str, entity_id: str | None = None) -> SamlSettings:
        """What an address says. What was done in `ctx` before is committed.

        Raises:
            ProviderAway: it can't be had, leads where this server doesn't go (N28), or describes no provider that we
                could speak to.
            InvalidInput: it is no https address, or names one that isn't.
        """
        try:
            parse(url, self._exceptions)
        except Refused as refusal:
            raise InvalidInput(refusal.reason, pointer="metadata_url") from None
        settings = settings_from(await self._documents.newest(ctx, url, _reader(entity_id)), url)
        demand_lawful(settings, self._exceptions)
        return settings

    async def refresh(self, ctx: RequestContext, connection: Connection, *, at_once: bool = False) -> Connection:
        """Follow the connection's address: its endpoints and the keys that it signs with are what it says. `at_once`:
        what is at hand doesn't do, unless it was fetched a moment ago.

        Raises:
            ProviderAway: as `fetch`. What was pinned stays.
            InvalidInput: as `fetch`; or the metadata is past its `validUntil`.
            NotFound: the connection is gone, or follows no address.
        """
        settings = connection.settings
        if not isinstance(settings, SamlSettings) or settings.metadata_url is None:
            raise NotFound("connection")
        url = settings.metadata_url
        look = self._documents.newest if at_once else self._documents.current
        metadata = await look(ctx, url, _reader(settings.entity_id))
        if metadata.valid_until is not None and metadata.valid_until <= ctx.now:
            raise MetadataRefused("past its end")
        said = render_settings(settings_from(metadata, url))
        change = {name: said[name] for name in FOLLOWED}
        return await self._connections.update(ctx, connection.id, ConnectionChange(settings=change))

    async def sweep(self, ctx: RequestContext) -> int:
        """Follow every address of the tenant's active connections, for a timer; how many could be. One that can't
        leaves its connection as it is."""
        followed = 0
        for connection in await self._connections.open(ctx):
            if not isinstance(connection.settings, SamlSettings) or connection.settings.metadata_url is None:
                continue
            try:
                await self.refresh(ctx, connection)
                await ctx.tx.checkpoint()
                followed += 1
            except (ProviderAway, InvalidInput, NotFound) as refusal:
                _log.warning("saml_metadata_not_followed", connection=connection.word, reason=refusal.reason)
        return followed


def _reader(entity_id: str | None) -> Reader[IdpMetadata]:
    return Reader(f"saml {entity_id}", lambda body: read_idp_metadata(body, entity_id), MAX_METADATA)
