"""Device code (RFC 8628 §3.4): what somebody approved on a page while the device was asking."""

from collections.abc import Mapping

from airside.core.ids import FAMILY, SESSION, USER, format_id
from airside.oauth.consent import Consents
from airside.oauth.device_authorizations import DeviceAuthorizations
from airside.oauth.errors import InvalidGrant, InvalidRequest
from airside.oauth.grants.phases import Granted
from airside.oauth.model import DEVICE_CODE, Client, GrantName
from airside.oauth.ports import RolesOf
from airside.oauth.standing import Standing
from airside.store import RequestContext
from airside.tokens import AccessGrant, Confirmation, RefreshFamilies


class DeviceCodeGrant:
    """Spends a device code; starts a refresh family where the client is registered for one."""

    def __init__(
        self,
        *,
        devices: DeviceAuthorizations,
        standing: Standing,
        consents: Consents,
        roles: RolesOf,
        families: RefreshFamilies,
    ) -> None:
        self._devices = devices
        self._standing = standing
        self._consents = consents
        self._roles = roles
        self._families = families

    @property
    def name(self) -> GrantName:
        return DEVICE_CODE

    async def prove(
        self, ctx: RequestContext, client: Client, form: Mapping[str, str], sender: Confirmation | None
    ) -> Granted:
        """What the code stands for: a sign-in of whoever approved it, with the assurance of their session.

        Raises:
            InvalidRequest: `device_code` is missing.
            AuthorizationPending, SlowDown, AccessDenied, ExpiredToken: as `DeviceAuthorizations.fetch`.
            InvalidGrant: the code gives nothing, or the sign-in or the consent behind it no longer stands.
        """
        presented = form.get("device_code")
        if presented is None:
            raise InvalidRequest("device_code is missing")
        approved = await self._devices.fetch(ctx, client, presented)
        approval = approved.approval
        session_id = format_id(SESSION, approval.session_id)
        await self._standing.demand(ctx, user_id=approval.user_id, session_id=session_id, auth_time=approval.auth_time)
        scopes = approved.request.scopes & client.scopes
        if not scopes:
            raise InvalidGrant("the client has lost its scopes since")
        await self._consents.demand(ctx, client, approval.user_id, scopes)
        meant = approved.request.details.resources or client.audiences
        access = AccessGrant(
            subject=format_id(USER, approval.user_id),
            client_id=client.word,
            audience=tuple(resource for resource in meant if resource in client.audiences),
            scope=scopes,
            roles=tuple(await self._roles.roles(ctx, approval.user_id)),
            auth_time=approval.auth_time,
            acr=approval.acr,
            amr=approval.amr,
            session_id=session_id,
            family_id=format_id(FAMILY, approval.family_id),
            confirmation=sender if client.public else None,
        )
        refresh_token = None
        if "refresh_token" in client.grants:
            refresh_token = (await self._families.start(ctx, access, family_id=approval.family_id)).token
        return Granted(access, refresh_token, signs_in=True)
