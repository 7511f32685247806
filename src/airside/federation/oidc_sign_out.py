"""Signing out at the provider that a session was proven by (OpenID Connect RP-Initiated Logout 1.0; SAML's single
logout): one way out for both protocols."""

from uuid import UUID

from airside.audit import Event, Journal
from airside.core.errors import InvalidInput, NotFound, Refusal
from airside.core.ids import SESSION, format_id
from airside.core.secret import Secret
from airside.federation.connections import Connections
from airside.federation.documents import ProviderAway
from airside.federation.model import Departure, FederatedSession
from airside.federation.oidc import OwnIssuer
from airside.federation.providers import Providers
from airside.federation.saml_logout import SamlLogouts
from airside.federation.sessions import FederatedSessions
from airside.federation.settings import OidcSettings
from airside.fetch.model import Refused
from airside.fetch.target import parse
from airside.protocols.oauth import ProviderMetadata, authorization_address
from airside.store.context import RequestContext


class ProviderSignOuts:
    """Leads a browser to its issuer's end-session endpoint. `exceptions` are the `host:port` that a browser may be led
    to over plain http."""

    def __init__(
        self,
        *,
        connections: Connections,
        providers: Providers,
        sessions: FederatedSessions,
        issuer: OwnIssuer,
        exceptions: frozenset[str] = frozenset(),
    ) -> None:
        self._connections = connections
        self._providers = providers
        self._sessions = sessions
        self._issuer = issuer
        self._exceptions = exceptions

    async def begin(self, ctx: RequestContext, proven: FederatedSession) -> Departure | None:
        """Where a browser goes whose session here has just ended; None where its issuer isn't to be told, announces no
        endpoint for it, or is away: nobody stays signed in here for that. What was done in `ctx` before is committed.

        By a GET (§2), for a form of ours would bring none of the issuer's cookies.
        """
        try:
            connection = await self._connections.active(ctx, proven.connection_id, "oidc")
        except NotFound:
            return None
        settings = connection.settings
        if not isinstance(settings, OidcSettings) or not settings.single_logout or settings.preset == "github":
            return None
        hint = await self._sessions.hint(ctx, proven)
        try:
            metadata = await self._providers.metadata(ctx, settings)
            endpoint = _endpoint(metadata, self._exceptions)
            if endpoint is None:
                return None
            return Departure(authorization_address(endpoint, await self._parameters(ctx, settings, hint)))
        except (ProviderAway, Refused, InvalidInput):
            return None

    async def _parameters(
        self, ctx: RequestContext, settings: OidcSettings, hint: Secret[str] | None
    ) -> dict[str, str]:
        said = {"client_id": settings.client_id}
        if hint is not None:
            said["id_token_hint"] = hint.reveal()
        if settings.returns_after_logout:
            said["post_logout_redirect_uri"] = f"{await self._issuer(ctx)}/signin"
        return said


class SignOuts:
    """What the pages of signing out ask, whichever protocol the session was proven by."""

    def __init__(
        self, *, journal: Journal, sessions: FederatedSessions, saml: SamlLogouts, oidc: ProviderSignOuts
    ) -> None:
        self._journal = journal
        self._sessions = sessions
        self._saml = saml
        self._oidc = oidc

    async def begin(self, ctx: RequestContext, session_id: UUID) -> Departure | None:
        """How a browser whose session here has just ended tells its provider so; None where there is none to tell, or
        where what is kept of it can't be read any more. Why is in the journal then: that the session here is over
        stands, whatever becomes of the provider's."""
        try:
            return await self._departure(ctx, session_id)
        except Refusal as refusal:
            reason = f"sign_out_{refusal.code}"
            await self._journal.record(
                ctx,
                Event.FEDERATION_REFUSED,
                subject=format_id(SESSION, session_id),
                outcome="refused",
                reason=reason,
                ending=True,
            )
            return None

    async def _departure(self, ctx: RequestContext, session_id: UUID) -> Departure | None:
        for proven in await self._sessions.of_session(ctx, session_id):
            departure = await self._saml.begin(ctx, proven) or await self._oidc.begin(ctx, proven)
            if departure is not None:
                return departure
        return None


def _endpoint(metadata: ProviderMetadata, exceptions: frozenset[str]) -> str | None:
    """Raises: Refused: no address that a browser is led to."""
    if metadata.end_session_endpoint is not None:
        parse(metadata.end_session_endpoint, exceptions)
    return metadata.end_session_endpoint
