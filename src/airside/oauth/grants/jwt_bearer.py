"""JWT bearer (RFC 7523 §2.1): an assertion that the client signed with its own registered key, about itself, or about a
user of the tenant where an administrator lets it speak for users. Nobody signs in by it: no session, no assurance, no
refresh token.
"""

from collections.abc import Mapping
from uuid import UUID

from airside.core.errors import InvalidInput, Unauthenticated
from airside.core.ids import USER, parse_id
from airside.oauth.assertions import Assertion, read_assertion
from airside.oauth.client_keys import ClientKeys
from airside.oauth.errors import InvalidGrant, InvalidRequest, UnauthorizedClient
from airside.oauth.grants.client_credentials import USERS_ONLY
from airside.oauth.grants.phases import Granted
from airside.oauth.model import JWT_BEARER, Client, GrantName
from airside.oauth.narrowing import requested_audience, requested_scopes
from airside.oauth.ports import IssuerOf, RolesOf
from airside.oauth.standing import Standing
from airside.store import RequestContext
from airside.tokens import AccessGrant, Confirmation, SpentProofs


class JwtBearerGrant:
    """Verifies the assertion and spends it."""

    def __init__(
        self, *, keys: ClientKeys, spent: SpentProofs, issuer_of: IssuerOf, standing: Standing, roles: RolesOf
    ) -> None:
        self._keys = keys
        self._spent = spent
        self._issuer_of = issuer_of
        self._standing = standing
        self._roles = roles

    @property
    def name(self) -> GrantName:
        return JWT_BEARER

    async def prove(
        self,
        ctx: RequestContext,
        client: Client,
        form: Mapping[str, str],
        sender: Confirmation | None,  # noqa: ARG002 - nothing was bound before
    ) -> Granted:
        """The client's scopes, or those of them that it asks for, for whom the assertion speaks of.

        Raises:
            UnauthorizedClient: a public client.
            InvalidRequest: `assertion` is missing.
            InvalidScope, InvalidTarget: malformed, or more than the client has; nothing is spent.
            InvalidGrant: the assertion proves nothing (RFC 7523 §3.1), was used before, or speaks for somebody whom
                this client may not speak for, or who is gone or disabled.
            Unavailable: the client's keys are away.
        """
        if client.public:
            raise UnauthorizedClient
        presented = form.get("assertion")
        if presented is None:
            raise InvalidRequest("assertion is missing")
        scopes = requested_scopes(form.get("scope"), client.scopes - USERS_ONLY)
        audience = requested_audience(form.get("resource"), client.audiences)
        assertion = await self._verified(ctx, client, presented)
        user_id = _user(client, assertion)
        # What a client says of itself looks like what it authenticates by (RFC 7523 §2.2): one use for both (N06).
        kind = "client_assertion" if user_id is None else "authorization_grant"
        if not await self._spent.spend(ctx, kind, client.word, assertion.jti, assertion.expires_at):
            raise InvalidGrant("assertion used before")
        roles: tuple[str, ...] = ()
        if user_id is not None:
            await self._standing.demand_user(ctx, user_id)
            roles = tuple(await self._roles.roles(ctx, user_id))
        return Granted(AccessGrant(assertion.subject, client.word, audience, scopes, roles))

    async def _verified(self, ctx: RequestContext, client: Client, presented: str) -> Assertion:
        try:
            signed = await self._keys.verify(ctx, client, presented)
            return read_assertion(
                signed, client=client.word, issuer=await self._issuer_of(ctx), now=ctx.now.timestamp()
            )
        except Unauthenticated as cause:
            raise InvalidGrant(f"assertion refused: {cause.reason}") from cause


def _user(client: Client, assertion: Assertion) -> UUID | None:
    """The user it speaks for; None for the client itself."""
    if assertion.subject == client.word:
        return None
    if client.settings.jwt_bearer_subjects != "users":
        raise InvalidGrant("speaks for somebody else")
    try:
        return parse_id(USER, assertion.subject)
    except InvalidInput as cause:
        raise InvalidGrant("speaks for nobody") from cause
