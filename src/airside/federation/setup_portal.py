"""What whoever was invited does: choose a provider, say what it is like, finish. Every verb takes their proof."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, NotFound, Refusal
from airside.core.ids import CONNECTION, format_id, uuid7
from airside.core.secret import Secret
from airside.federation import records_setup as records
from airside.federation.connections import Connections
from airside.federation.model import Connection, ConnectionChange, ConnectionDraft
from airside.federation.settings import ConnectionKind, OidcSettings, SamlSettings, Settings, render_settings
from airside.federation.setup import SetupAccess, Setups
from airside.federation.setup_model import SetupProvider
from airside.fetch import Fetcher
from airside.identity.charging import spend
from airside.limits import SETUP_PROBE, Limiter
from airside.protocols.saml import (
    HTTP_POST,
    HTTP_REDIRECT,
    MAX_METADATA,
    IdpMetadata,
    PinnedCertificate,
    read_certificate,
    read_idp_metadata,
)
from airside.store.context import RequestContext

TIMEOUT: Final = 5.0
"""Seconds for somebody's metadata; whoever asked waits for it."""
_BEGIN: Final = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class OidcGiven:
    """An OpenID Connect issuer as somebody types it. An empty secret keeps the one that is there."""

    issuer: str
    client_id: str
    client_secret: Secret[str] | None


class SetupPortal:
    """Sets one connection up, step by step."""

    def __init__(
        self,
        *,
        setups: Setups,
        connections: Connections,
        fetcher: Fetcher,
        limiter: Limiter,
        journal: Journal,
        entropy: Entropy,
    ) -> None:
        self._setups = setups
        self._connections = connections
        self._fetcher = fetcher
        self._limiter = limiter
        self._journal = journal
        self._entropy = entropy

    async def choose(
        self, ctx: RequestContext, access: SetupAccess, provider: SetupProvider, kind: ConnectionKind
    ) -> None:
        """What is to be set up. A connection of another kind that was set up before is taken away.

        Raises:
            NotFound: the invitation is over.
        """
        setup, before = access.setup, await self.connection(ctx, access)
        if before is not None and before.kind != kind:
            await self._connections.delete(ctx, before.id)
        kept = setup.connection_id if setup.kind == kind else None
        connection_id = kept or uuid7(ctx.now, self._entropy)
        if not await records.choose(ctx, setup.id, provider, kind, connection_id):
            raise NotFound("setup")
        await self._record(ctx, Event.SETUP_CHOSEN, access, provider=provider, kind=kind)

    async def connection(self, ctx: RequestContext, access: SetupAccess) -> Connection | None:
        """What has been set up so far; None for nothing."""
        if access.setup.connection_id is None:
            return None
        try:
            return await self._connections.get(ctx, access.setup.connection_id)
        except NotFound:
            return None

    async def metadata_at(self, ctx: RequestContext, access: SetupAccess, url: str) -> IdpMetadata:
        """What a SAML provider publishes at `url`. What was done before is committed, and the proof with it: ask for it
        again.

        Raises:
            InvalidInput: nothing can be read there, or what stands there describes no provider.
            LimitExceeded: too many of these.
        """
        await self.probed(ctx, access)
        await ctx.tx.checkpoint()  # nobody waits for a stranger's server with a row in hand
        try:
            fetched = await self._fetcher.get(url, max_bytes=MAX_METADATA, timeout=TIMEOUT)
        except Refusal as cause:
            raise InvalidInput("nothing can be read there", pointer="metadata_url") from cause
        if fetched.status != 200:
            raise InvalidInput("nothing can be read there", pointer="metadata_url")
        return _metadata(fetched.body, "metadata_url")

    async def probed(self, ctx: RequestContext, access: SetupAccess) -> None:
        """Count something that makes this server ask another. Raises: LimitExceeded."""
        await spend(ctx, self._limiter, self._journal, [(SETUP_PROBE, access.setup.word)])

    async def set_saml(self, ctx: RequestContext, access: SetupAccess, settings: SamlSettings) -> Connection:
        """The connection, as its provider is like.

        Raises:
            InvalidInput: not lawful; `pointer` names the field.
            Conflict: something else is to be set up, or the tenant has too many connections.
        """
        return await self._set(ctx, access, "saml", settings, None)

    async def set_oidc(self, ctx: RequestContext, access: SetupAccess, given: OidcGiven) -> Connection:
        """As `set_saml`; also InvalidInput: there is no secret yet."""
        provider = access.setup.provider
        before = await self.connection(ctx, access)
        if given.client_secret is None and (before is None or not before.has_secret):
            raise InvalidInput("no client secret", pointer="client_secret")
        settings = OidcSettings(
            issuer=given.issuer,
            client_id=given.client_id,
            preset="custom" if provider is None or provider == "other" else provider,
        )
        return await self._set(ctx, access, "oidc", settings, given.client_secret)

    async def finish(self, ctx: RequestContext, access: SetupAccess) -> Connection:
        """The sign-in page offers the connection, and the invitation is over.

        Raises:
            Conflict: there is no connection yet, or somebody else finished it.
        """
        connection = await self.connection(ctx, access)
        if connection is None:
            raise Conflict("nothing is set up yet")
        await self._setups.finish(ctx, access)
        return await self._connections.update(ctx, connection.id, ConnectionChange(shown=True))

    async def _set(
        self,
        ctx: RequestContext,
        access: SetupAccess,
        kind: ConnectionKind,
        settings: Settings,
        secret: Secret[str] | None,
    ) -> Connection:
        setup, before = access.setup, await self.connection(ctx, access)
        if setup.kind != kind or setup.connection_id is None:
            raise Conflict("something else is to be set up")
        if before is None:
            draft = ConnectionDraft(
                setup.name, settings, creates_users=setup.creates_users, shown=False, client_secret=secret
            )
            after = await self._connections.create(ctx, draft, connection_id=setup.connection_id)
        else:
            change = ConnectionChange(settings=render_settings(settings))
            after = await self._connections.update(ctx, before.id, change)
            if secret is not None:
                await self._connections.set_client_secret(ctx, before.id, secret)
        if before is None or before.settings != after.settings:
            await records.forget_test(ctx, setup.id)
        await self._record(ctx, Event.SETUP_CONFIGURED, access, connection=after.word)
        return after

    async def _record(self, ctx: RequestContext, event: Event, access: SetupAccess, **details: str) -> None:
        await self._journal.record(ctx, event, subject=access.setup.word, details=details)


def saml_of(metadata: IdpMetadata, metadata_url: str | None = None) -> SamlSettings:
    """The settings that `metadata` describes."""
    binding = "redirect" if HTTP_REDIRECT in metadata.sso else "post"
    leaving = next((each for each in (HTTP_REDIRECT, HTTP_POST) if each in metadata.slo), None)
    return SamlSettings(
        entity_id=metadata.entity_id,
        sso_url=metadata.sso[HTTP_REDIRECT if binding == "redirect" else HTTP_POST],
        sso_binding=binding,
        slo_url=None if leaving is None else metadata.slo[leaving],
        slo_binding="post" if leaving == HTTP_POST else "redirect",
        certificates=tuple(each.pem for each in metadata.certificates),
        metadata_url=metadata_url,
    )


def saml_typed(entity_id: str, sso_url: str, certificates: str) -> SamlSettings:
    """The settings that somebody typed.

    Raises:
        InvalidInput: a field is empty, or a certificate can't be pinned; `pointer` names it.
    """
    for field, value in (("entity_id", entity_id), ("sso_url", sso_url)):
        if not 0 < len(value) <= 1024:
            raise InvalidInput("empty, or too long", pointer=field)
    return SamlSettings(
        entity_id=entity_id,
        sso_url=sso_url,
        certificates=tuple(each.pem for each in pasted_certificates(certificates)),
    )


def pasted_metadata(text: str) -> IdpMetadata:
    """Metadata that somebody pasted. Raises: InvalidInput: it describes no provider."""
    return _metadata(text.encode("utf-8", "replace"), "metadata")


def pasted_certificates(text: str) -> Sequence[PinnedCertificate]:
    """Certificates that somebody pasted: PEM of several, or the base64 of one.

    Raises:
        InvalidInput: none, or one that can't be pinned.
    """
    parts = [_BEGIN + part for part in text.split(_BEGIN)[1:]] or [text]
    try:
        return [read_certificate(part) for part in parts]
    except InvalidInput:
        raise InvalidInput("no certificate that can be pinned", pointer="certificates") from None


def _metadata(document: bytes, pointer: str) -> IdpMetadata:
    try:
        return read_idp_metadata(document)
    except InvalidInput as refusal:
        raise InvalidInput(refusal.reason, pointer=pointer) from None


def promised(access: SetupAccess) -> str:
    """What the connection is or will be called, `con_…`. Raises: Conflict: nothing is chosen yet."""
    if access.setup.connection_id is None:
        raise Conflict("nothing is chosen yet")
    return format_id(CONNECTION, access.setup.connection_id)
