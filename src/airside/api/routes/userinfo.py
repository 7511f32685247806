"""Userinfo of a tenant, `/t/{slug}/oauth2/userinfo` (OpenID Connect Core §5.3): bearer token in, claims out."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from airside.access import Issuers, Presented, SenderUnproven, presented_token, sender_of
from airside.api.routes.oauth import NO_STORE, AnonymousContexts
from airside.api.routes.oauth_forms import read_body, read_query
from airside.core.errors import Refusal
from airside.core.strict_json import dumps
from airside.oauth import Userinfo, UserinfoEndpoint
from airside.oauth.errors import InvalidRequest, NoToken
from airside.oauth.problems import oauth_error
from airside.protocols.oauth import error_body
from airside.store import Address

USERINFO: Final = "/t/{slug}/oauth2/userinfo"
PARAMETER: Final = "access_token"
_NOBODY: Final = UUID(int=0)


class UserinfoRoutes:
    """The one address where an application asks about its user."""

    def __init__(self, *, contexts: AnonymousContexts, issuers: Issuers, userinfo: UserinfoEndpoint) -> None:
        self._contexts = contexts
        self._issuers = issuers
        self._userinfo = userinfo

    def routes(self) -> list[BaseRoute]:
        """Every route."""
        return [Route(USERINFO, self.answer, methods=["GET", "POST"])]

    async def answer(self, request: Request) -> Response:
        """OpenID Connect Core §5.3. Raises: NotFound."""
        issuer = self._issuers.of(Address(str(request.path_params["slug"]), _NOBODY))
        async with self._contexts.anonymous(request) as ctx:
            try:
                token = await presented(request)
                found = await self._userinfo.answer(ctx, issuer, token, sender_of(request, self._issuers))
            except Refusal as refusal:
                return _refused(refusal, issuer)
        return _found(found)


async def presented(request: Request) -> Presented:
    """The access token, from one place only: the header (RFC 6750 §2.1, RFC 9449 §7.1), or the form of a POST (RFC 6750
    §2.2); never the URL, which is logged (RFC 9700 §4.3.2).

    Raises:
        NoToken: none there.
        InvalidRequest: two, or one in the URL.
        InvalidInput, Unauthenticated: malformed.
    """
    headers = request.headers.getlist("authorization")
    form: Mapping[str, str] = {}
    if request.method == "POST" and "content-type" in request.headers:
        form = await read_body(request)
    elif PARAMETER in read_query(request):
        raise InvalidRequest("a token in the URL")
    given = form.get(PARAMETER)
    if len(headers) + (given is not None) > 1:
        raise InvalidRequest("two tokens")
    if headers:
        return presented_token(headers[0])
    if given is None:
        raise NoToken("no token")
    return Presented(given)


def _found(found: Userinfo) -> Response:
    if found.signed is not None:
        return Response(found.signed.reveal(), 200, NO_STORE, "application/jwt")
    return Response(dumps(dict(found.claims)), 200, NO_STORE, "application/json")


def _refused(refusal: Refusal, issuer: str) -> Response:
    error = oauth_error(refusal, issuer)
    if error is None:
        raise refusal
    headers = {**NO_STORE, **error.headers}
    if isinstance(refusal, SenderUnproven):
        headers |= refusal.headers
    if isinstance(refusal, NoToken):
        return Response(status_code=error.status, headers=headers)
    if error.status == 400:
        headers["www-authenticate"] = f'Bearer realm="{issuer}", error="{error.error}"'
    return Response(dumps(dict(error_body(error.error, error.description))), error.status, headers, "application/json")
