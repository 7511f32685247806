"""What clients and resource servers look up: metadata at both of its addresses, and the signing keys."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from airside.access import Issuers
from airside.access.challenges import WELL_KNOWN
from airside.api.routes.oauth import AnonymousContexts
from airside.core.strict_json import Json, dumps
from airside.oauth import ClientDocuments, Registrations, Scopes, metadata, protected_resource
from airside.store import Address
from airside.tokens import SigningKeys

OPENID: Final = "/t/{slug}/.well-known/openid-configuration"
OAUTH: Final = "/.well-known/oauth-authorization-server/t/{slug}"
RESOURCE: Final = f"{WELL_KNOWN}/t/{{slug}}"
JWKS: Final = "/t/{slug}/oauth2/jwks"

CACHED: Final = {"cache-control": "public, max-age=300"}
"""Five minutes: a key that is withdrawn is revoked as well, so nobody trusts it longer than the feed takes."""


class WellKnownRoutes:
    """Public documents of a tenant."""

    def __init__(
        self,
        *,
        contexts: AnonymousContexts,
        issuers: Issuers,
        keys: SigningKeys,
        scopes: Scopes,
        registrations: Registrations,
        documents: ClientDocuments,
    ) -> None:
        self._contexts = contexts
        self._issuers = issuers
        self._keys = keys
        self._scopes = scopes
        self._registrations = registrations
        self._documents = documents

    def routes(self) -> list[BaseRoute]:
        """Every route."""
        return [
            Route(OPENID, self.metadata, methods=["GET"]),
            Route(OAUTH, self.metadata, methods=["GET"]),
            Route(RESOURCE, self.resource, methods=["GET"]),
            Route(JWKS, self.jwks, methods=["GET"]),
        ]

    async def metadata(self, request: Request) -> Response:
        """OpenID Connect Discovery §4, RFC 8414 §3. Raises: NotFound."""
        async with self._contexts.anonymous(request) as ctx:
            address = Address(str(request.path_params["slug"]), ctx.tenant_id)
            scopes = await self._scopes.names(ctx)
            registration = await self._registrations.enabled(ctx)
            documents = await self._documents.enabled(ctx)
        issuer, mutual = self._issuers.of(address), self._issuers.mutual_of(address)
        found = metadata(issuer, scopes, mutual=mutual, registration=registration, documents=documents)
        return _json(dict(found), "application/json")

    async def resource(self, request: Request) -> Response:
        """RFC 9728 §3. Raises: NotFound."""
        async with self._contexts.anonymous(request) as ctx:
            issuer = self._issuers.of(Address(str(request.path_params["slug"]), ctx.tenant_id))
        return _json(dict(protected_resource(issuer)), "application/json")

    async def jwks(self, request: Request) -> Response:
        """RFC 7517 §5. Raises: NotFound."""
        async with self._contexts.anonymous(request) as ctx:
            keys = await self._keys.jwks(ctx)
        return _json(keys, "application/jwk-set+json")


def _json(body: dict[str, Json], kind: str) -> Response:
    return Response(dumps(body), 200, CACHED, kind)
