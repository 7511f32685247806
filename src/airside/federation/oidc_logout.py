"""Back-channel logout from a foreign issuer (OpenID Connect Back-Channel Logout 1.0): what is over there is over
here."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from airside.audit import Journal
from airside.core.clock import epoch
from airside.core.errors import InvalidInput, Refusal, Unavailable
from airside.federation.answers import Answers
from airside.federation.connections import Connections
from airside.federation.identities import Identities
from airside.federation.linking import Linking
from airside.federation.oidc import reason_of
from airside.federation.providers import Providers
from airside.federation.sessions import FederatedSessions
from airside.federation.settings import OidcSettings
from airside.identity.charging import spend
from airside.limits import FEDERATION_ORIGIN, Limiter, origin_key
from airside.protocols.jose import Reason, TokenRefused, peek_claims
from airside.protocols.oauth import VerifiedLogoutToken, verify_logout_token
from airside.store.context import RequestContext

REMEMBERED: Final = timedelta(minutes=15)
"""How long the id of a logout token is remembered at least: longer than any is taken."""


class ProviderLogouts:
    """Ends the sessions that an issuer says are over."""

    def __init__(
        self,
        *,
        limiter: Limiter,
        journal: Journal,
        connections: Connections,
        answers: Answers,
        providers: Providers,
        identities: Identities,
        sessions: FederatedSessions,
        linking: Linking,
    ) -> None:
        self._limiter = limiter
        self._journal = journal
        self._connections = connections
        self._answers = answers
        self._providers = providers
        self._identities = identities
        self._sessions = sessions
        self._linking = linking

    async def accept(self, ctx: RequestContext, connection_id: UUID, token: str) -> int:
        """End what `token` says is over, within the second and with its tokens; how many sessions. Nobody here by that
        name is none (§2.7).

        Raises:
            NotFound: no such active connection.
            Unavailable: the issuer's keys can't be had: it may say so again.
            LimitExceeded: too many failures from this address. Nothing was looked at.
            InvalidInput: the token isn't the issuer's word to us, now, or was taken already. Why is in the journal.
        """
        connection = await self._connections.active(ctx, connection_id, "oidc")
        await spend(ctx, self._limiter, self._journal, [(FEDERATION_ORIGIN, origin_key(ctx.origin.address))])
        await ctx.tx.checkpoint()
        settings = connection.settings
        if not isinstance(settings, OidcSettings):
            raise InvalidInput("a connection of another kind")
        try:
            _demand_plausible(settings, token)
            told = await self._verified(ctx, settings, token)
            connection = await self._connections.active(ctx, connection_id, "oidc")
            await self._answers.spend_assertion(ctx, connection, f"logout {told.token_id}", ctx.now + REMEMBERED)
        except Unavailable:
            raise
        except Refusal as refusal:
            await self._linking.refuse(ctx, connection, f"logout_{reason_of(refusal)}")
            await ctx.tx.checkpoint()
            raise InvalidInput("logout token refused") from None
        await self._answers.forgive(ctx)
        if told.subject is None:
            return await self._sessions.end_of_foreign(ctx, connection.id, told.session or "")
        identity = await self._identities.find(ctx, connection.id, told.subject)
        if identity is None:
            return 0
        return await self._sessions.end_of_identity(ctx, identity.id, told.session or "")

    async def _verified(self, ctx: RequestContext, settings: OidcSettings, token: str) -> VerifiedLogoutToken:
        metadata = await self._providers.metadata(ctx, settings)
        return await self._providers.verified(
            ctx,
            settings,
            metadata,
            lambda keys: verify_logout_token(
                token, keys, issuer=settings.issuer, client_id=settings.client_id, now=epoch(ctx.now)
            ),
        )


def _demand_plausible(settings: OidcSettings, token: str) -> None:
    """Nothing is fetched for a token that doesn't even say that it is the issuer's.

    Raises:
        TokenRefused: it isn't a token, or another's.
    """
    if peek_claims(token).get("iss") != settings.issuer:
        raise TokenRefused(Reason.ISSUER)
