"""From what came to the authorization endpoint to a request of its client, by whichever way the client says it.

| it comes | what counts |
|---|---|
| plainly, in the URL or a form | the parameters |
| as a signed request object (RFC 9101) | what stands inside, and nothing beside it |
| as a reference to what was pushed (RFC 9126) | what was pushed, and nothing beside it |

A client may be registered as saying everything signed, or pushed; under FAPI 2.0 it always pushes.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from msgspec import structs

from airside.core.errors import InvalidInput
from airside.core.ids import USER, parse_id
from airside.oauth.claims_parameter import asked_subject
from airside.oauth.client_lookup import ClientLookup
from airside.oauth.errors import (
    AuthorizationRefused,
    InvalidRequest,
    InvalidRequestObject,
    InvalidRequestUri,
    LoginRequired,
    OAuthRefusal,
    RequestUriNotSupported,
    UnsafeRequest,
)
from airside.oauth.hints import IdTokenHints
from airside.oauth.model import AuthorizationRequest, Client
from airside.oauth.pushed import PREFIX, PushedRequests
from airside.oauth.request_objects import RequestObjects
from airside.oauth.requests import proven_redirect, read, refused
from airside.store import RequestContext

CREDENTIALS: Final = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
"""What a client proves itself by when it pushes: no part of its request, and never kept."""


class Intake:
    """Reads requests of the context's tenant."""

    def __init__(
        self, *, lookup: ClientLookup, hints: IdTokenHints, objects: RequestObjects, pushed: PushedRequests
    ) -> None:
        self._lookup = lookup
        self._hints = hints
        self._objects = objects
        self._pushed = pushed

    async def read(
        self, ctx: RequestContext, issuer: str, given: Mapping[str, str]
    ) -> tuple[Client, AuthorizationRequest]:
        """The client and its request, as a browser brought it.

        Raises:
            UnsafeRequest: client or redirect URI unproven, or a reference to nothing.
            AuthorizationRefused: anything else wrong.
        """
        client = await self._lookup.find(ctx, given.get("client_id", ""))
        if client is None or client.state != "active":
            raise UnsafeRequest("unknown or disabled client")
        try:
            pushed, said = await self._said(ctx, issuer, client, given)
        except InvalidRequestUri as cause:
            raise UnsafeRequest(cause.reason) from cause
        except OAuthRefusal as cause:
            # Nothing that was said counts yet but that it should go to an address which the client registered.
            _, redirect_uri = proven_redirect(client, given.get("redirect_uri"))
            raise refused(cause, redirect_uri, given) from cause
        request = await self._request(ctx, issuer, client, said)
        if pushed is None:
            return client, request
        return client, replace(request, details=structs.replace(request.details, pushed=pushed))

    async def judge(
        self, ctx: RequestContext, issuer: str, client: Client, given: Mapping[str, str]
    ) -> Mapping[str, str]:
        """What the authenticated `client` says in a push, if the authorization endpoint would take it.

        Raises:
            UnsafeRequest: its redirect URI is none of its own.
            OAuthRefusal: anything else wrong.
        """
        if "request_uri" in given:
            raise InvalidRequest("request_uri in a pushed request (RFC 9126 §2.1)")
        said = await self._opened(ctx, issuer, client, given)
        kept = {name: value for name, value in said.items() if name not in CREDENTIALS}
        try:
            await self._request(ctx, issuer, client, kept)
        except AuthorizationRefused as refusal:
            raise refusal.cause from refusal
        return kept

    async def _said(
        self, ctx: RequestContext, issuer: str, client: Client, given: Mapping[str, str]
    ) -> tuple[str | None, Mapping[str, str]]:
        reference = given.get("request_uri")
        if reference is None:
            if client.must_push:
                raise InvalidRequest("the client is only heard through pushed requests")
            return None, await self._opened(ctx, issuer, client, given)
        if "request" in given:
            raise InvalidRequest("request and request_uri (RFC 9101 §5)")
        if not reference.startswith(PREFIX):
            raise RequestUriNotSupported
        return await self._pushed.read(ctx, client, reference)

    async def _opened(
        self, ctx: RequestContext, issuer: str, client: Client, given: Mapping[str, str]
    ) -> Mapping[str, str]:
        if "request" in given:
            return await self._objects.open(ctx, issuer, client, given["request"])
        if client.settings.require_signed_request_object:
            raise InvalidRequestObject("the client is only heard signed")
        return given

    async def _request(
        self, ctx: RequestContext, issuer: str, client: Client, said: Mapping[str, str]
    ) -> AuthorizationRequest:
        client, redirect_uri = proven_redirect(client, said.get("redirect_uri"))
        request = read(client, redirect_uri, said)
        try:
            user_id = await self._hinted(ctx, issuer, client, request, said.get("id_token_hint"))
        except OAuthRefusal as cause:
            raise AuthorizationRefused.of(request, cause) from cause
        if user_id is None:
            return request
        return replace(request, details=structs.replace(request.details, hinted_user=user_id))

    async def _hinted(
        self, ctx: RequestContext, issuer: str, client: Client, request: AuthorizationRequest, hint: str | None
    ) -> UUID | None:
        """The only user who will do; None for anybody."""
        asked = asked_subject(request.details.claims)
        if hint is None:
            return None if asked is None else _user(asked)
        found = await self._hints.read(ctx, issuer, hint)
        if found.client.client_id != client.client_id:
            raise InvalidRequest("id_token_hint of another client")
        if found.user_id is None or asked not in (None, found.subject):
            raise LoginRequired("nobody is whom the client means")
        return found.user_id


def _user(subject: str) -> UUID:
    try:
        return parse_id(USER, subject)
    except InvalidInput as cause:
        raise LoginRequired("nobody goes by that subject") from cause
