"""Dynamic registration of a tenant's clients, `/t/{slug}/oauth2/register`: JSON in and out (RFC 7591, RFC 7592)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from airside.access import Issuers
from airside.access.credentials import bearer_token
from airside.api.routes.oauth import NO_STORE, AnonymousContexts
from airside.core.errors import InvalidInput, Refusal
from airside.core.strict_json import Json, dumps, loads
from airside.oauth import InvalidClientMetadata, Registrations
from airside.oauth.problems import oauth_error
from airside.protocols.oauth import error_body
from airside.store import Address, RequestContext

REGISTER: Final = "/t/{slug}/oauth2/register"
REGISTERED: Final = "/t/{slug}/oauth2/register/{client_id}"
JSON: Final = "application/json"
_NOBODY: Final = UUID(int=0)

Verb: TypeAlias = Callable[[RequestContext, str, str | None], Awaitable[Response]]


class RegistrationRoutes:
    """Where clients register, and where each manages itself."""

    def __init__(self, *, contexts: AnonymousContexts, issuers: Issuers, registrations: Registrations) -> None:
        self._contexts = contexts
        self._issuers = issuers
        self._registrations = registrations

    def routes(self) -> list[BaseRoute]:
        """Every route."""
        return [
            Route(REGISTER, self.register, methods=["POST"]),
            Route(REGISTERED, self.read, methods=["GET"]),
            Route(REGISTERED, self.replace, methods=["PUT"]),
            Route(REGISTERED, self.remove, methods=["DELETE"]),
        ]

    async def register(self, request: Request) -> Response:
        """RFC 7591 §3."""

        async def verb(ctx: RequestContext, issuer: str, presented: str | None) -> Response:
            made = await self._registrations.register(ctx, issuer, presented, await _body(request))
            return _json(made.body(issuer), 201)

        return await self._answer(request, verb)

    async def read(self, request: Request) -> Response:
        """RFC 7592 §2.1."""

        async def verb(ctx: RequestContext, issuer: str, presented: str | None) -> Response:
            return _json((await self._registrations.read(ctx, _word(request), presented)).body(issuer))

        return await self._answer(request, verb)

    async def replace(self, request: Request) -> Response:
        """RFC 7592 §2.2."""

        async def verb(ctx: RequestContext, issuer: str, presented: str | None) -> Response:
            body = await _body(request)
            return _json((await self._registrations.replace(ctx, issuer, _word(request), presented, body)).body(issuer))

        return await self._answer(request, verb)

    async def remove(self, request: Request) -> Response:
        """RFC 7592 §2.3."""

        async def verb(ctx: RequestContext, _issuer: str, presented: str | None) -> Response:
            await self._registrations.remove(ctx, _word(request), presented)
            return Response(status_code=204, headers=NO_STORE)

        return await self._answer(request, verb)

    async def _answer(self, request: Request, verb: Verb) -> Response:
        issuer = self._issuers.of(Address(str(request.path_params["slug"]), _NOBODY))
        try:
            async with self._contexts.anonymous(request) as ctx:
                return await verb(ctx, issuer, _presented(request))
        except Refusal as refusal:
            error = oauth_error(refusal, issuer)
            if error is None:
                raise
            field = refusal.field if isinstance(refusal, InvalidClientMetadata) else ""
            said = f"{error.description} Look at {field}." if field else error.description
            return _json(dict(error_body(error.error, said)), error.status, error.headers)


def _word(request: Request) -> str:
    return str(request.path_params["client_id"])


def _presented(request: Request) -> str | None:
    headers = request.headers.getlist("authorization")
    if len(headers) > 1:
        raise InvalidInput("several Authorization headers")
    return bearer_token(headers[0]) if headers else None


async def _body(request: Request) -> Mapping[str, Json]:
    kind, _, _ = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != JSON:
        raise InvalidInput("application/json is expected")
    said = loads(await request.body())
    if not isinstance(said, dict):
        raise InvalidClientMetadata
    return said


def _json(body: Mapping[str, Json], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(dumps(dict(body)), status, {**NO_STORE, **(headers or {})}, JSON)
