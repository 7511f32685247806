"""What a person's sign-in earns its client, however the grant learnt of it: everything behind it is asked again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from airside.core.ids import FAMILY, SESSION, USER, format_id
from airside.core.secret import Secret
from airside.oauth.consent import Consents
from airside.oauth.errors import InvalidGrant
from airside.oauth.model import Client
from airside.oauth.ports import RolesOf
from airside.oauth.standing import Standing
from airside.store import RequestContext
from airside.tokens import AccessGrant, Confirmation, RefreshFamilies


@dataclass(frozen=True, slots=True)
class ProvenSignIn:
    """Whose sign-in, for what, proven how, and the family that it may start. Without `resources`, the tokens are for
    every audience of the client."""

    user_id: UUID
    session_id: UUID
    family_id: UUID
    scopes: frozenset[str]
    resources: tuple[str, ...]
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]


class SignInGrant:
    """The part of a grant that comes after its own proof; starts a refresh family where the client is registered for
    one."""

    def __init__(self, *, standing: Standing, consents: Consents, roles: RolesOf, families: RefreshFamilies) -> None:
        self._standing = standing
        self._consents = consents
        self._roles = roles
        self._families = families

    async def _earn(
        self, ctx: RequestContext, client: Client, proven: ProvenSignIn, sender: Confirmation | None
    ) -> tuple[AccessGrant, Secret[str] | None]:
        """What the access token says, and the refresh token.

        Raises:
            InvalidGrant: the sign-in or the consent behind it no longer stands, or the client has lost its scopes.
        """
        session_id = format_id(SESSION, proven.session_id)
        await self._standing.demand(ctx, user_id=proven.user_id, session_id=session_id, auth_time=proven.auth_time)
        scopes = proven.scopes & client.scopes
        if not scopes:
            raise InvalidGrant("the client has lost its scopes since")
        await self._consents.demand(ctx, client, proven.user_id, scopes)
        meant = proven.resources or client.audiences
        access = AccessGrant(
            subject=format_id(USER, proven.user_id),
            client_id=client.word,
            audience=tuple(resource for resource in meant if resource in client.audiences),
            scope=scopes,
            roles=tuple(await self._roles.roles(ctx, proven.user_id)),
            auth_time=proven.auth_time,
            acr=proven.acr,
            amr=proven.amr,
            session_id=session_id,
            family_id=format_id(FAMILY, proven.family_id),
            confirmation=sender if client.public else None,
        )
        if "refresh_token" not in client.grants:
            return access, None
        return access, (await self._families.start(ctx, access, family_id=proven.family_id)).token
