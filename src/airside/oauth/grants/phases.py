"""The token endpoint (RFC 6749 §3.2): the same phases around every grant.

1. The client is authenticated.
2. The grant exists and the client is registered for it.
3. The sender proves what the tokens will be bound to, if to anything.
4. The grant proves itself and says what it stands for; what it spent is committed even where it refuses.
5. Its scope and audience fit what the client has today, narrowed to the resources that it names (RFC 8707 §2.2).
6. The access token is signed, and an ID token where an `openid` sign-in asked for one.
7. The journal is written, the failure that was charged in advance given back, and the answer made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

from airside.audit import Event, Journal
from airside.core.measures import Tally
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.oauth.client_authentication import AuthenticatedClient, ClientAuthentication, Credentials
from airside.oauth.errors import (
    AuthorizationPending,
    InvalidGrant,
    InvalidRequest,
    OAuthRefusal,
    UnauthorizedClient,
    UnsupportedGrantType,
    UseDpopNonce,
)
from airside.oauth.id_tokens import IdTokens
from airside.oauth.model import Client, GrantName
from airside.oauth.narrowing import requested_audience
from airside.oauth.sender_constraints import SenderConstraints
from airside.protocols.oauth import TokenResponse
from airside.store import RequestContext
from airside.tokens import AccessGrant, Confirmation, TokenIssuer

OPENID = "openid"


@dataclass(frozen=True, slots=True)
class Granted:
    """What a grant stands for. `signs_in` where an ID token is due, with the `nonce` and `state` that its client sent,
    the `code` that it brings, and what it is `told` of the person besides; `journalled` where an event of its own says
    already who got a token, and for what; `issued_token_type` where the answer has to say what it is (RFC 8693
    §2.2.1)."""

    access: AccessGrant
    refresh_token: Secret[str] | None = None
    signs_in: bool = False
    nonce: str | None = None
    code: str | None = field(default=None, repr=False)
    state: str | None = None
    told: Mapping[str, Json] = field(default_factory=dict[str, Json])
    journalled: bool = False
    issued_token_type: str | None = None


class Grant(Protocol):
    """One way to earn a token."""

    @property
    def name(self) -> GrantName:
        """Its `grant_type`."""
        ...

    async def prove(
        self, ctx: RequestContext, client: Client, form: Mapping[str, str], sender: Confirmation | None
    ) -> Granted:
        """What `form` proves for the authenticated `client`; `sender` is the key that it holds. The phases bind the
        access token to it; the grant only compares it with what was bound before.

        Raises:
            OAuthRefusal: it proves nothing. Whatever the grant has written by then is committed.
        """
        ...


Registry: TypeAlias = Mapping[str, Grant]


def registry(*grants: Grant) -> Registry:
    """The grants by their `grant_type`."""
    return {grant.name: grant for grant in grants}


class TokenEndpoint:
    """Exchanges whatever a client has earned for tokens.

    Attributes:
        answers: how often each grant earned something ("issued") or didn't (the code of RFC 6749 §5.2).
    """

    def __init__(
        self,
        *,
        authentication: ClientAuthentication,
        senders: SenderConstraints,
        grants: Registry,
        issuer: TokenIssuer,
        id_tokens: IdTokens,
        journal: Journal,
    ) -> None:
        self._authentication = authentication
        self._senders = senders
        self._grants = grants
        self._issuer = issuer
        self._id_tokens = id_tokens
        self._journal = journal
        self.answers = Tally()

    async def exchange(
        self, ctx: RequestContext, issuer: str, credentials: Credentials, form: Mapping[str, str]
    ) -> TokenResponse:
        """The tokens that `form` earns its client. `issuer` is the tenant's.

        Raises:
            OAuthRefusal: RFC 6749 §5.2 has a word for it.
            LimitExceeded: too many failures of this client from this origin.
        """
        authenticated = await self._authentication.authenticate(ctx, credentials)
        try:
            name, granted = await self._prove(ctx, authenticated.client, credentials, form)
        except (UseDpopNonce, AuthorizationPending) as refusal:
            self._count(form, refusal.code)
            # Not yet is no failure: a household's devices mustn't keep each other out. When it was asked, stays.
            await self._authentication.forgive(ctx, authenticated)
            await ctx.tx.checkpoint()
            raise
        except OAuthRefusal as refusal:
            self._count(form, refusal.code)
            await self._journal.refused(ctx, Event.TOKEN_REFUSED, reason=refusal.code)
            await self._authentication.charge(ctx, authenticated)
            raise
        response = await self._issue(ctx, issuer, authenticated.client, granted)
        await self._record(ctx, authenticated, name, granted)
        ctx.tx.after_commit(lambda: self._count(form, "issued"))
        return response

    def _count(self, form: Mapping[str, str], answer: str) -> None:
        grant = form.get("grant_type", "")
        self.answers.add(grant if grant in self._grants else "unknown", answer)

    async def nonce(self, ctx: RequestContext) -> str:
        """A nonce for the next DPoP proof of whoever just brought one (RFC 9449 §8.2)."""
        return await self._senders.nonce(ctx)

    async def _prove(
        self, ctx: RequestContext, client: Client, credentials: Credentials, form: Mapping[str, str]
    ) -> tuple[GrantName, Granted]:
        name = form.get("grant_type")
        if name is None:
            raise InvalidRequest("grant_type is missing")
        grant = self._grants.get(name)
        if grant is None:
            raise UnsupportedGrantType
        if grant.name not in client.grants:
            raise UnauthorizedClient
        sender = await self._senders.prove(ctx, client, credentials)
        granted = await grant.prove(ctx, client, form, sender)
        access = granted.access
        if not access.scope <= client.scopes or not access.audience:
            raise InvalidGrant("the client has lost a scope since")
        # An exchange has read it already, beside `audience` (RFC 8693 §2.1).
        asked = None if granted.issued_token_type is not None else form.get("resource")
        narrowed = requested_audience(asked, access.audience)
        if (sender, narrowed) != (access.confirmation, access.audience):
            granted = replace(granted, access=replace(access, confirmation=sender, audience=narrowed))
        return grant.name, granted

    async def _issue(self, ctx: RequestContext, issuer: str, client: Client, granted: Granted) -> TokenResponse:
        opaque = client.settings.opaque_access_tokens
        access = await self._issuer.access_token(ctx, granted.access, issuer=issuer, opaque=opaque)
        bound, identity = granted.access.confirmation, None
        if granted.signs_in and OPENID in granted.access.scope:
            identity = await self._id_tokens.issue(
                ctx,
                client,
                granted.access,
                issuer=issuer,
                nonce=granted.nonce,
                access_token=access.token.reveal(),
                code=granted.code,
                state=granted.state,
                told=granted.told,
            )
        return TokenResponse(
            access_token=access.token,
            expires_in=int((access.expires_at - ctx.now).total_seconds()),
            scope=granted.access.scope,
            refresh_token=granted.refresh_token,
            id_token=identity,
            token_type="Bearer" if bound is None else bound.token_type,
            issued_token_type=granted.issued_token_type,
        )

    async def _record(
        self, ctx: RequestContext, authenticated: AuthenticatedClient, name: GrantName, granted: Granted
    ) -> None:
        access = granted.access
        if not granted.journalled:
            await self._journal.record(
                ctx,
                Event.TOKEN_ISSUED,
                subject=access.client_id,
                person=access.subject if access.session_id is not None else "",
                details={"grant": name, "subject": access.subject, "family": access.family_id},
            )
        await self._authentication.forgive(ctx, authenticated)
