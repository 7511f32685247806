"""Device code (RFC 8628 §3.4): what somebody approved on a page while the device was asking."""

from collections.abc import Mapping

from airside.oauth.consent import Consents
from airside.oauth.device_authorizations import DeviceAuthorizations
from airside.oauth.errors import InvalidRequest
from airside.oauth.grants.phases import Granted
from airside.oauth.grants.sign_in import ProvenSignIn, SignInGrant
from airside.oauth.model import DEVICE_CODE, Client, GrantName
from airside.oauth.ports import RolesOf
from airside.oauth.standing import Standing
from airside.store import RequestContext
from airside.tokens import Confirmation, RefreshFamilies


class DeviceCodeGrant(SignInGrant):
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
        super().__init__(standing=standing, consents=consents, roles=roles, families=families)
        self._devices = devices

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
        proven = ProvenSignIn(
            user_id=approval.user_id,
            session_id=approval.session_id,
            family_id=approval.family_id,
            scopes=approved.request.scopes,
            resources=approved.request.details.resources,
            auth_time=approval.auth_time,
            acr=approval.acr,
            amr=approval.amr,
        )
        access, refresh_token = await self._earn(ctx, client, proven, sender)
        return Granted(access, refresh_token, signs_in=True)
