"""The device authorization endpoint (RFC 8628 §3.1, §3.2): a client asks for a pair of codes."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from airside.core.strict_json import Json
from airside.oauth.client_authentication import ClientAuthentication, Credentials
from airside.oauth.device_authorizations import DeviceAuthorizations
from airside.oauth.device_model import DEVICE_LIFETIME, POLL_SECONDS, DeviceRequest
from airside.oauth.errors import InvalidScope, OAuthRefusal, UnauthorizedClient
from airside.oauth.model import DEVICE_CODE, Client, RequestDetails
from airside.oauth.narrowing import requested_audience, requested_scopes
from airside.store import RequestContext

PAGE: Final = "device"
"""The page where people type the code, behind the issuer."""


class DeviceEndpoint:
    """Answers clients; the page answers people."""

    def __init__(self, *, authentication: ClientAuthentication, devices: DeviceAuthorizations) -> None:
        self._authentication = authentication
        self._devices = devices

    async def begin(
        self, ctx: RequestContext, issuer: str, credentials: Credentials, form: Mapping[str, str]
    ) -> Mapping[str, Json]:
        """The codes for a device of this client, and where the short one is typed. `issuer` is the tenant's.

        Raises:
            InvalidClient: not proven.
            UnauthorizedClient: not registered for devices.
            InvalidScope: malformed, more than the client has, or nothing at all.
            InvalidTarget: a resource that isn't the client's (RFC 8707 §2).
            LimitExceeded: too many failures, or too many devices of this client from this origin.
        """
        authenticated = await self._authentication.authenticate(ctx, credentials)
        try:
            request = _read(authenticated.client, form)
        except OAuthRefusal:
            await self._authentication.charge(ctx, authenticated)
            raise
        started = await self._devices.begin(ctx, authenticated.client, request)
        await self._authentication.forgive(ctx, authenticated)
        page, user_code = f"{issuer}/{PAGE}", started.user_code.reveal()
        return {
            "device_code": started.device_code.reveal(),
            "user_code": user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?{urlencode({'user_code': user_code})}",
            "expires_in": int(DEVICE_LIFETIME.total_seconds()),
            "interval": POLL_SECONDS,
        }


def _read(client: Client, form: Mapping[str, str]) -> DeviceRequest:
    if DEVICE_CODE not in client.grants:
        raise UnauthorizedClient
    scopes = requested_scopes(form.get("scope"), client.scopes)
    if not scopes:
        raise InvalidScope("a client without scopes")
    resources = requested_audience(form.get("resource"), client.audiences) if "resource" in form else ()
    return DeviceRequest(client.client_id, scopes, RequestDetails(resources=resources))
