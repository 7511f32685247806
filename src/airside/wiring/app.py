"""The one ASGI application: Shield in front, plain routes for protocols and pages, FastAPI for people's API."""

from collections.abc import Callable, Coroutine
from importlib.metadata import version
from typing import Any, Final, TypeAlias

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import ASGIApp, Scope

from airside.access.challenges import Challenges
from airside.access.problems import http_exception_response
from airside.admin.userline import MAX_BATCH
from airside.api.cursors import Cursors
from airside.api.routes import authzen, management, openfga_problems, platform, stores, vault_use
from airside.api.routes import scim as scim_routes
from airside.api.routes.key_self import KeyRoutes, PromptSelf
from airside.api.routes.oauth import AUTHORIZE, OAuthRoutes
from airside.api.routes.oauth_prompt import PromptIntrospection, PromptKeys
from airside.api.routes.oidc import OidcRoutes
from airside.api.routes.openfga_check import PromptCheck
from airside.api.routes.pins import PinRoutes
from airside.api.routes.registration import RegistrationRoutes
from airside.api.routes.revocations import RevocationRoutes
from airside.api.routes.saml import SamlRoutes
from airside.api.routes.signals import SignalRoutes
from airside.api.routes.userinfo import UserinfoRoutes
from airside.api.routes.wellknown import WellKnownRoutes
from airside.api.strict import invalid_request_response
from airside.console import TenantBrands
from airside.console import routes as console_routes
from airside.console.pages import mailbox
from airside.console.pages.arriving import FOREIGN_POSTS
from airside.console.pages.returning import ReturningPages
from airside.console.pages.saml_logout import SLO
from airside.console.pages.signout import LOGOUT
from airside.core.errors import Refusal, Unavailable
from airside.protocols.scim import MAX_BULK_BYTES
from airside.revocation import MAX_SILENCE
from airside.shield import HSTS, CorsRule, Policy, Prompts, Shield
from airside.store import RequestContext
from airside.wiring.build import Services
from airside.wiring.scim_door import scim_door
from airside.wiring.settings import Settings

STORES: Final = "/stores"
LARGE_BYTES: Final = 512 * 1024
LARGE: Final = (
    "access/v1/evaluation",
    "access/v1/evaluations",
    "access/v1/search/action",
    "access/v1/search/resource",
    "access/v1/search/subject",
    "assertions/{model}",
    "authorization-models",
    "batch-check",
    "list-objects",
    "list-users",
    "streamed-list-objects",
    "write",
)
"""OpenFGA takes models of 256 KiB, a hundred tuples and fifty questions at once."""


async def _unserved(request: Request, error: HTTPException) -> Response:
    path: str = request.scope["path"]
    if path == STORES or path.startswith(STORES + "/"):
        return openfga_problems.unserved(error.status_code, error.headers)
    return await http_exception_response(request, error)


Handlers: TypeAlias = dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]]


def _handlers(services: Services) -> Handlers:
    return {
        Refusal: Challenges(services.issuers.origin).refused,
        HTTPException: _unserved,
        RequestValidationError: invalid_request_response,
    }


class _Within(Mount):
    """A mount at the root that has only its own routes' addresses: the other routes keep their 405."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        found, child = super().matches(scope)
        inner = {**scope, **child}
        best = max((route.matches(inner)[0].value for route in self.routes), default=0)
        return min(found, Match(best), key=lambda match: match.value), child


def application(services: Services, settings: Settings) -> ASGIApp:
    """Every route behind one Shield, and in front of it what tells of each request, where traces are asked for."""
    served = Starlette(routes=routes(services), exception_handlers=_handlers(services))
    served.router.redirect_slashes = False  # one address, one reading (N32)
    tenant = services.contexts.anonymous_at_once
    prompt = Prompts(
        PromptCheck(services.permissions.prompt, services.contexts.interface_at_once, services.tallies.checked),
        PromptSelf(services.contexts.key_at_once, services.issuers),
        PromptIntrospection(services.introspection_endpoint, tenant, services.issuers),
        PromptKeys(services.keys, tenant),
    )
    shielded = Shield(served, shield_policy(settings), prompt=prompt, door=services.door)
    return shielded if services.tracing is None else services.tracing.around(shielded)


def routes(services: Services) -> list[BaseRoute]:
    """Everything that this server answers. The router tries one after another: the busiest come first."""
    brands = TenantBrands(tenants=services.tenants, policies=services.policies)
    return [
        *OAuthRoutes(
            contexts=services.contexts,
            issuers=services.issuers,
            authorization=services.authorization,
            push=services.push_endpoint,
            token=services.token_endpoint,
            device=services.device_endpoint,
            revocation=services.revocation_endpoint,
            introspection=services.introspection_endpoint,
            pages=ReturningPages(context=services.contexts.anonymous, brands=brands),
        ).routes(),
        *UserinfoRoutes(
            contexts=services.contexts, issuers=services.issuers, userinfo=services.userinfo_endpoint
        ).routes(),
        *WellKnownRoutes(
            contexts=services.contexts,
            issuers=services.issuers,
            keys=services.keys,
            scopes=services.scopes,
            registrations=services.registrations,
            documents=services.client_documents,
        ).routes(),
        *PinRoutes(pins=services.pins).routes(),
        *OidcRoutes(contexts=services.contexts, keys=services.own_keys, logouts=services.provider_logouts).routes(),
        *SamlRoutes(contexts=services.contexts, party=services.saml_party).routes(),
        *RegistrationRoutes(
            contexts=services.contexts, issuers=services.issuers, registrations=services.registrations
        ).routes(),
        *scim_routes.ScimRoutes(
            contexts=services.contexts, issuers=services.issuers, scim=scim_door(services)
        ).routes(),
        *_permissions(services),
        *KeyRoutes(context=services.contexts.key, lookup=services.lookup, issuers=services.issuers).routes(),
        *vault_use.VaultRoutes(contexts=services.contexts, verbs=services.vault_use).routes(),
        *RevocationRoutes(
            contexts=services.contexts, authorise=services.authorise, revocations=services.revocations
        ).routes(),
        *SignalRoutes(
            contexts=services.contexts,
            authorise=services.authorise,
            issuers=services.issuers,
            clients=services.client_lookup,
            streams=services.signal_streams,
            subjects=services.signal_subjects,
            polling=services.signal_polling,
            news=services.signal_news,
        ).routes(),
        *console_routes(
            services,
            context=services.contexts.anonymous,
            brands=brands,
        ),
        *mailbox.routes(services.mailbox),
        *_health(services),
        _Within("/", _documented(services)),
    ]


def _permissions(services: Services) -> list[Route]:
    cursors = Cursors(vault=services.vault)

    async def default_store(ctx: RequestContext) -> str:
        return (await services.tenants.current(ctx)).default_store_id

    return [
        *stores.routes(
            permissions=services.permissions,
            context=services.contexts.interface,
            cursors=cursors,
            checked=services.tallies.checked,
        ),
        *authzen.routes(
            permissions=services.permissions,
            context=services.contexts.interface,
            cursors=cursors,
            default_store=default_store,
            origin=services.issuers.origin,
            checked=services.tallies.checked,
        ),
    ]


def shield_policy(settings: Settings) -> Policy:
    """What Shield demands in front of this server."""
    host = settings.public_url.removeprefix("https://")
    origins = frozenset(settings.cors_origins)
    return Policy(
        allowed_hosts=frozenset({host, *_mutual_host(settings), *settings.allowed_hosts}),
        trusted_proxies=settings.trusted_proxies,
        hsts=0 if settings.mode == "development" else HSTS,
        cors=(_script_rule(origins),) if origins else (),
        body_caps={"/t/{slug}/api/v1/users/import": MAX_BATCH}
        | dict.fromkeys(scim_routes.LARGE, MAX_BULK_BYTES)
        | dict.fromkeys(vault_use.LARGE, vault_use.MAX_BODY)
        | {
            prefix + name: LARGE_BYTES
            for name in LARGE
            for prefix in (f"{STORES}/{{store}}/", *(["/"] if name.startswith("access/") else []))
        },
        # Routes read JSON and forms strictly and write whole cookies and pages themselves; connections keep the hours.
        strict_json=False,
        max_fields=0,
        harden_cookies=False,
        error_pages=True,
        body_seconds=0,
        foreign_posts=frozenset({AUTHORIZE, LOGOUT}) | FOREIGN_POSTS | {SLO},
    )


def _script_rule(origins: frozenset[str]) -> CorsRule:
    """Applications in browsers bring DPoP proofs, and have to read the nonce for the next (RFC 9449 §8)."""
    return CorsRule(
        prefix="/t/",
        origins=origins,
        headers=("authorization", "content-type", "dpop"),
        exposed=("dpop-nonce", "www-authenticate", "retry-after", "ratelimit", "ratelimit-policy"),
    )


def _mutual_host(settings: Settings) -> tuple[str, ...]:
    origin = settings.mutual_tls_origin
    return () if origin is None else (origin.removeprefix("https://"),)


def _documented(services: Services) -> FastAPI:
    api = FastAPI(
        title="Airside",
        version=version("airside"),
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=_handlers(services),
    )
    cursors = Cursors(vault=services.vault)
    verbs = management.Management(
        contexts=services.contexts,
        users=services.user_admin,
        members=services.member_admin,
        invitations=services.invitation_admin,
        roles=services.role_admin,
        sessions=services.session_admin,
        clients=services.client_admin,
        scopes=services.scope_admin,
        registration_tokens=services.registration_token_admin,
        scim_tokens=services.scim_token_admin,
        policies=services.policy_admin,
        transfer=services.transfer_admin,
        factors=services.factor_admin,
        identities=services.identity_admin,
        connections=services.connection_admin,
        domains=services.domain_admin,
        consents=services.consent_admin,
        setups=services.setup_admin,
        vault=services.vault_admin,
        secrets=services.secret_admin,
        audit=services.audit_admin,
        alerts=services.alert_admin,
        api_keys=services.api_key_admin,
        service_accounts=services.service_account_admin,
        response=services.response_admin,
        incidents=services.incident_admin,
        webhooks=services.webhook_admin,
        cursors=cursors,
    )
    api.include_router(management.router(verbs))
    api.include_router(platform.router(services.contexts, services.platform, services.plan_admin))
    return api


def _health(services: Services) -> list[BaseRoute]:
    async def alive(_request: Request) -> Response:
        return Response(b"alive\n", media_type="text/plain")

    async def ready(_request: Request) -> Response:
        if services.listener.silent_for() > MAX_SILENCE or not await services.engine.ready():
            raise Unavailable("database")
        return Response(b"ready\n", media_type="text/plain")

    return [Route("/healthz", alive), Route("/readyz", ready)]
