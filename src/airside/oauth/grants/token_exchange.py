"""Token exchange (RFC 8693): a service that was called with somebody's access token calls the next one with a token of
its own that still says who it is for, and says who acts. Access tokens of this tenant only, for access tokens only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.errors import InvalidInput, Unauthenticated
from airside.core.ids import USER, parse_id
from airside.oauth.consent import Consents
from airside.oauth.errors import InvalidGrant, InvalidRequest, UnauthorizedClient
from airside.oauth.exchange import acting, concerns, exchanged, held_by, proves
from airside.oauth.grants.phases import Granted
from airside.oauth.model import TOKEN_EXCHANGE, Client, GrantName
from airside.oauth.ports import IssuerOf, RolesOf
from airside.oauth.standing import Standing
from airside.store import RequestContext
from airside.tokens import AccessGrant, Confirmation, TokenVerifier, VerifiedToken

ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"
JWT: Final = "urn:ietf:params:oauth:token-type:jwt"
TOKEN_TYPES: Final = frozenset({ACCESS_TOKEN, JWT})
"""What is taken and given (RFC 8693 §3): our access tokens, which are JWTs unless their client has opaque ones."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, read."""

    subject_token: str
    actor_token: str | None
    scope: str | None
    targets: tuple[str, ...]


class TokenExchangeGrant:
    """Verifies what is brought as anybody would whom it is meant for, and asks everything behind it again."""

    def __init__(
        self,
        *,
        verifier: TokenVerifier,
        issuer_of: IssuerOf,
        standing: Standing,
        consents: Consents,
        roles: RolesOf,
        journal: Journal,
    ) -> None:
        self._verifier = verifier
        self._issuer_of = issuer_of
        self._standing = standing
        self._consents = consents
        self._roles = roles
        self._journal = journal

    @property
    def name(self) -> GrantName:
        return TOKEN_EXCHANGE

    async def prove(
        self, ctx: RequestContext, client: Client, form: Mapping[str, str], sender: Confirmation | None
    ) -> Granted:
        """A token for the same subject that gives no more than the one brought.

        Raises:
            UnauthorizedClient: a public client.
            InvalidRequest: a parameter is missing or isn't spoken here; or a token that is brought proves nothing, has
                nothing to do with this client, is bound to a key that the sender doesn't hold, or no longer stands
                (RFC 8693 §2.2.2 has this word for it).
            InvalidScope, InvalidTarget: more than there is.
        """
        if client.public:
            raise UnauthorizedClient
        asked = _read(form)
        if form.get("requested_token_type") == JWT and client.settings.opaque_access_tokens:
            raise InvalidRequest("this client's tokens are no JWTs")
        subject = await self._verified(ctx, asked.subject_token, sender)
        held = held_by(subject)
        if not concerns(client, held):
            raise InvalidRequest("a token that doesn't concern this client")
        named = None if asked.actor_token is None else await self._actor(ctx, client, asked.actor_token, sender)
        access = exchanged(
            client,
            held,
            actor=acting(client, held, named, subject.may_act),
            scope=asked.scope,
            targets=asked.targets,
            roles=await self._demand_standing(ctx, client, held),
        )
        await self._demand_consent(ctx, client, access)
        await self._tell(ctx, client, access, subject)
        return Granted(access, journalled=True, issued_token_type=ACCESS_TOKEN)

    async def _verified(self, ctx: RequestContext, presented: str, sender: Confirmation | None) -> VerifiedToken:
        try:
            token = await self._verifier.verify(ctx, presented, issuer=await self._issuer_of(ctx), audience=None)
        except Unauthenticated as cause:
            raise InvalidRequest(f"token refused: {cause.reason}") from cause
        if ctx.now.timestamp() >= token.expires_at:
            raise InvalidRequest("token over")  # verifiers' leeway isn't time to live on
        if not proves(sender, token.confirmation):
            raise InvalidRequest("token bound to a key that the sender hasn't proven")
        return token

    async def _actor(self, ctx: RequestContext, client: Client, presented: str, sender: Confirmation | None) -> str:
        token = await self._verified(ctx, presented, sender)
        if token.client_id != client.word:
            raise InvalidRequest("an actor of another client")
        if token.actors:
            raise InvalidRequest("an actor for whom somebody else acts")
        await self._demand_standing(ctx, client, held_by(token))
        return token.subject

    async def _demand_standing(self, ctx: RequestContext, client: Client, held: AccessGrant) -> tuple[str, ...]:
        """The roles of whoever the token is about, now, if they still stand: a user, or this client itself."""
        user_id = _user(held.subject)
        if user_id is None:
            # With another `client_id` it would be read as a person's (RFC 9068 §2.2), who may be allowed more.
            if held.subject != client.word:
                raise InvalidRequest("about another client than this")
            return ()
        session_id, auth_time = held.session_id, held.auth_time
        try:
            if session_id is None or auth_time is None:
                await self._standing.demand_user(ctx, user_id)
            else:
                await self._standing.demand(ctx, user_id=user_id, session_id=session_id, auth_time=auth_time)
        except InvalidGrant as cause:
            raise InvalidRequest(cause.reason) from cause
        return tuple(await self._roles.roles(ctx, user_id))

    async def _demand_consent(self, ctx: RequestContext, client: Client, access: AccessGrant) -> None:
        """Somebody else's application gets nothing of a user whom it didn't ask itself."""
        user_id = _user(access.subject)
        if user_id is None:
            return
        try:
            await self._consents.demand(ctx, client, user_id, access.scope)
        except InvalidGrant as cause:
            raise InvalidRequest(cause.reason) from cause

    async def _tell(self, ctx: RequestContext, client: Client, access: AccessGrant, subject: VerifiedToken) -> None:
        await self._journal.record(
            ctx,
            Event.TOKEN_EXCHANGED,
            subject=client.word,
            person="" if _user(access.subject) is None else access.subject,
            details={
                "grant": TOKEN_EXCHANGE,
                "subject": access.subject,
                "actors": list(access.actors),
                "from": subject.jti,
                "family": access.family_id,
            },
        )


def _user(word: str) -> UUID | None:
    try:
        return parse_id(USER, word)
    except InvalidInput:
        return None


def _read(form: Mapping[str, str]) -> _Asked:
    subject = _token(form, "subject_token")
    if subject is None:
        raise InvalidRequest("subject_token is missing")
    if form.get("requested_token_type", ACCESS_TOKEN) not in TOKEN_TYPES:
        raise InvalidRequest("requested_token_type isn't spoken here")
    targets = [target for name in ("audience", "resource") for target in form.get(name, "").split()]
    return _Asked(subject, _token(form, "actor_token"), form.get("scope"), tuple(dict.fromkeys(targets)))


def _token(form: Mapping[str, str], name: str) -> str | None:
    """A token and its type, which come together or not at all (RFC 8693 §2.1)."""
    presented, kind = form.get(name), form.get(f"{name}_type")
    if (presented is None) != (kind is None):
        raise InvalidRequest(f"{name} or its type is missing")
    if kind is not None and kind not in TOKEN_TYPES:
        raise InvalidRequest(f"a {name} of a type that isn't spoken here")
    return presented
