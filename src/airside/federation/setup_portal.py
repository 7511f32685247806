"""What whoever was invited does: choose a provider, say what it is like, finish. Every verb takes their proof."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from airside.core.ids import CONNECTION, format_id, uuid7
from airside.core.secret import Secret
from airside.federation import records_setup as records
from airside.federation.connections import Connections
from airside.federation.model import Connection, ConnectionChange, ConnectionDraft
from airside.federation.removal import Removal
from airside.federation.saml_metadata import SamlMetadata
from airside.federation.settings import ConnectionKind, OidcSettings, SamlSettings, Settings, render_settings
from airside.federation.setup import SetupAccess, Setups
from airside.federation.setup_domains import SetupDomains
from airside.federation.setup_model import SetupProvider
from airside.identity.charging import spend
from airside.limits import SETUP_PROBE, Limiter
from airside.protocols.saml import PinnedCertificate, read_certificate
from airside.store.context import RequestContext

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
        removal: Removal,
        metadata: SamlMetadata,
        domains: SetupDomains,
        limiter: Limiter,
        journal: Journal,
        entropy: Entropy,
    ) -> None:
        self._setups = setups
        self._connections = connections
        self._removal = removal
        self._metadata = metadata
        self._domains = domains
        self._limiter = limiter
        self._journal = journal
        self._entropy = entropy

    async def choose(
        self, ctx: RequestContext, access: SetupAccess, provider: SetupProvider, kind: ConnectionKind
    ) -> None:
        """What is to be set up. A connection of another kind that was set up before is taken away.

        Raises:
            NotFound: the invitation is over.
            Conflict: an administrator has a domain sign in only through what would be taken away.
        """
        setup, before = access.setup, await self.connection(ctx, access)
        if before is not None and before.kind != kind:
            await self._removal.remove(ctx, before.id)
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

    async def metadata_at(self, ctx: RequestContext, access: SetupAccess, url: str) -> SamlSettings:
        """What a SAML provider publishes at `url`, where it is read again from now on. What was done before is
        committed, and the proof with it: ask for it again.

        Raises:
            InvalidInput: nothing can be read there, or what stands there describes no provider.
            LimitExceeded: too many of these.
        """
        await self.probed(ctx, access)
        await ctx.tx.checkpoint()  # nobody waits for a stranger's server with a row in hand
        try:
            return await self._metadata.fetch(ctx, url)
        except (InvalidInput, Unavailable) as cause:
            raise InvalidInput("nothing can be read there", pointer="metadata_url") from cause

    def metadata_in(self, text: str) -> SamlSettings:
        """What metadata says that somebody pasted. Raises: InvalidInput: it describes no provider."""
        try:
            return self._metadata.read(text.encode("utf-8", "replace"))
        except InvalidInput as refusal:
            raise InvalidInput(refusal.reason, pointer="metadata") from None

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
        """The sign-in page offers the connection, proven domains lead to it, and the invitation is over.

        Raises:
            Conflict: there is no connection yet, or somebody else finished it.
        """
        connection = await self.connection(ctx, access)
        if connection is None:
            raise Conflict("nothing is set up yet")
        await self._setups.finish(ctx, access)
        await self._domains.bind(ctx, access, connection.id)
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


def promised(access: SetupAccess) -> str:
    """What the connection is or will be called, `con_…`. Raises: Conflict: nothing is chosen yet."""
    if access.setup.connection_id is None:
        raise Conflict("nothing is chosen yet")
    return format_id(CONNECTION, access.setup.connection_id)
