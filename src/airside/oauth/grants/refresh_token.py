"""Refresh (RFC 6749 §6, RFC 9700 §4.14.2): the family rotates, and everything behind it is asked again. Under FAPI 2.0
the token stays what it is (§5.3.2.1: no rotation)."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from airside.core.errors import Inconsistent
from airside.core.ids import USER, parse_id
from airside.oauth.consent import Consents
from airside.oauth.errors import InvalidGrant, InvalidRequest
from airside.oauth.grants.phases import Granted
from airside.oauth.model import Client, GrantName
from airside.oauth.narrowing import requested_audience, requested_scopes
from airside.oauth.ports import RolesOf
from airside.oauth.standing import Standing
from airside.store import RequestContext
from airside.tokens import Confirmation, RefreshFamilies, RefreshFamily, RefreshRefused, Rotation

_STANDING_LOST = "sign_in_no_longer_stands"


class RefreshTokenGrant:
    """Rotates, or prolongs. Roles are those of this moment; scopes those of the sign-in that the client still has."""

    def __init__(self, *, families: RefreshFamilies, standing: Standing, consents: Consents, roles: RolesOf) -> None:
        self._families = families
        self._consents = consents
        self._standing = standing
        self._roles = roles

    @property
    def name(self) -> GrantName:
        return "refresh_token"

    async def prove(
        self, ctx: RequestContext, client: Client, form: Mapping[str, str], sender: Confirmation | None
    ) -> Granted:
        """What the family stands for now, and the successor of the token presented.

        Raises:
            InvalidRequest: `refresh_token` is missing.
            InvalidScope, InvalidTarget: more than the sign-in was granted; nothing is spent.
            InvalidGrant: the token gives nothing, or is bound to another key than the sender's; re-use has ended its
                family, and so has a user disabled or a session ended since.
        """
        presented = form.get("refresh_token")
        if presented is None:
            raise InvalidRequest("refresh_token is missing")
        await self._refuse_wider(ctx, client, presented, form)
        try:
            rotation = await self._used(ctx, client, presented, sender)
        except RefreshRefused as cause:
            raise InvalidGrant(cause.reason) from cause
        family = rotation.family
        user_id = await self._demand_standing(ctx, family)
        most = family.grant.scope & client.scopes
        if not most:
            raise InvalidGrant("the client has lost its scopes since")
        await self._consents.demand(ctx, client, user_id, most)
        access = replace(
            family.grant,
            scope=requested_scopes(form.get("scope"), most),
            audience=_still(family, client),
            roles=tuple(await self._roles.roles(ctx, user_id)),
        )
        return Granted(access, rotation.token)

    async def _used(self, ctx: RequestContext, client: Client, presented: str, sender: Confirmation | None) -> Rotation:
        if client.settings.profile == "fapi2":
            return await self._families.prolong(ctx, presented, client.word, proven=sender)
        return await self._families.rotate(ctx, presented, client.word, public=client.public, proven=sender)

    async def _refuse_wider(self, ctx: RequestContext, client: Client, presented: str, form: Mapping[str, str]) -> None:
        if "scope" not in form and "resource" not in form:
            return
        found = await self._families.find(ctx, presented)
        if found is not None and found.family.grant.client_id == client.word:
            requested_scopes(form.get("scope"), found.family.grant.scope & client.scopes)
            requested_audience(form.get("resource"), _still(found.family, client))

    async def _demand_standing(self, ctx: RequestContext, family: RefreshFamily) -> UUID:
        grant = family.grant
        if grant.session_id is None or grant.auth_time is None:
            raise Inconsistent("a family without a sign-in", family=family.word)
        user_id = parse_id(USER, grant.subject)
        try:
            await self._standing.demand(ctx, user_id=user_id, session_id=grant.session_id, auth_time=grant.auth_time)
        except InvalidGrant:
            await self._families.revoke(ctx, family.family_id, _STANDING_LOST)
            raise
        return user_id


def _still(family: RefreshFamily, client: Client) -> tuple[str, ...]:
    """The family's audience as far as the client still has it (N19)."""
    return tuple(audience for audience in family.grant.audience if audience in client.audiences)
