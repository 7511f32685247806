"""The OAuth endpoints of a tenant, `/t/{slug}/oauth2/…`: plain Starlette routes, form in, JSON or a redirect out."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from airside.access import Issuers, sender_of
from airside.api.routes.oauth_forms import read_body, read_query
from airside.core.errors import Refusal
from airside.core.secret import Secret
from airside.core.strict_json import Json, dumps
from airside.oauth import (
    Authorization,
    Browser,
    ComeBack,
    Credentials,
    DeviceEndpoint,
    FormPost,
    IntrospectionEndpoint,
    PushEndpoint,
    RevocationEndpoint,
    SignIn,
    TokenEndpoint,
)
from airside.oauth.authorize import RESUME
from airside.oauth.cookies import BINDING_SECONDS, binding_cookie
from airside.oauth.credentials import read_credentials
from airside.oauth.errors import AuthorizationRefused, UnsafeRequest
from airside.oauth.problems import oauth_error
from airside.oauth.responses import Reply, refusal
from airside.protocols.oauth import error_body
from airside.shield.cookies import HostCookie, expired, parse
from airside.signin import device_cookie, flow_cookie, flow_path, language_cookie, sso_cookie
from airside.signin.model import LIFETIME
from airside.signin.names import DEVICE_SECONDS
from airside.store import Address, RequestContext

AUTHORIZE: Final = "/t/{slug}/oauth2/authorize"
PUSH: Final = "/t/{slug}/oauth2/par"
TOKEN: Final = "/t/{slug}/oauth2/token"
DEVICE: Final = "/t/{slug}/oauth2/device_authorization"
REVOKE: Final = "/t/{slug}/oauth2/revoke"
INTROSPECT: Final = "/t/{slug}/oauth2/introspect"

FLOW_SECONDS: Final = int(LIFETIME.total_seconds())
_NOBODY: Final = UUID(int=0)
NO_STORE: Final = {"cache-control": "no-store", "pragma": "no-cache"}
"""RFC 6749 §5.1 asks for both."""

SIGNED_INTROSPECTION: Final = "application/token-introspection+jwt"

Verb = Callable[[RequestContext, str, Credentials, Mapping[str, str]], Awaitable[Mapping[str, Json] | Secret[str]]]


class AnonymousContexts(Protocol):
    """Opens the context of the tenant in the path, for nobody yet. `access.Contexts` does."""

    def anonymous(self, request: Request) -> AbstractAsyncContextManager[RequestContext]:
        """Raises: NotFound."""
        ...


class BrowserPages(Protocol):
    """The pages that a browser at `AUTHORIZE` may see instead of a redirect. The console's `ReturningPages` are."""

    async def post(self, request: Request, reply: FormPost) -> Response:
        """The page that takes `reply` to its client."""
        ...

    async def refuse(self, request: Request, status: int) -> Response:
        """The page of a request that can't be trusted: it shows nothing of it."""
        ...


class OAuthRoutes:
    """The endpoints where clients present themselves, and the one where browsers do."""

    def __init__(
        self,
        *,
        contexts: AnonymousContexts,
        issuers: Issuers,
        authorization: Authorization,
        push: PushEndpoint,
        token: TokenEndpoint,
        device: DeviceEndpoint,
        revocation: RevocationEndpoint,
        introspection: IntrospectionEndpoint,
        pages: BrowserPages,
    ) -> None:
        self._contexts = contexts
        self._issuers = issuers
        self._authorization = authorization
        self._push = push
        self._token = token
        self._device = device
        self._revocation = revocation
        self._introspection = introspection
        self._pages = pages

    def routes(self) -> list[BaseRoute]:
        """Every route. `AUTHORIZE` takes posts from other sites, which bring no cookie (`foreign_posts`)."""
        return [
            Route(AUTHORIZE, self.authorize, methods=["GET", "POST"]),
            Route(PUSH, self.push, methods=["POST"]),
            Route(TOKEN, self.token, methods=["POST"]),
            Route(DEVICE, self.device, methods=["POST"]),
            Route(REVOKE, self.revoke, methods=["POST"]),
            Route(INTROSPECT, self.introspect, methods=["POST"]),
        ]

    async def authorize(self, request: Request) -> Response:
        """RFC 6749 §3.1. Refusals go to the client once its redirect URI is proven, and to a page before."""
        if request.method == "HEAD":
            return Response(status_code=405, headers={"allow": "GET, POST"})
        try:
            form = await read_body(request) if request.method == "POST" else read_query(request)
            async with self._contexts.anonymous(request) as ctx:
                answer = await self._authorize(request, ctx, form)
        except AuthorizationRefused as cause:
            answer = refusal(cause, issuer=self._issuer(request))
        except Refusal as cause:
            error = oauth_error(cause, self._issuer(request))
            if error is None:
                raise
            status = 400 if isinstance(cause, UnsafeRequest) else error.status
            page = await self._pages.refuse(request, status)
            page.headers.update(error.headers)
            return page
        if isinstance(answer, FormPost):
            return await self._pages.post(request, answer)
        return answer if isinstance(answer, Response) else _see_other(answer.location)

    async def push(self, request: Request) -> Response:
        """RFC 9126 §2."""

        async def verb(
            ctx: RequestContext, issuer: str, credentials: Credentials, form: Mapping[str, str]
        ) -> Mapping[str, Json]:
            return (await self._push.push(ctx, issuer, credentials, form)).body()

        return await self._client_verb(request, verb, status=201)

    async def token(self, request: Request) -> Response:
        """RFC 6749 §3.2."""

        async def verb(
            ctx: RequestContext, issuer: str, credentials: Credentials, form: Mapping[str, str]
        ) -> Mapping[str, Json]:
            return (await self._token.exchange(ctx, issuer, credentials, form)).body()

        return await self._client_verb(request, verb)

    async def device(self, request: Request) -> Response:
        """RFC 8628 §3.1."""
        return await self._client_verb(request, self._device.begin)

    async def revoke(self, request: Request) -> Response:
        """RFC 7009."""

        async def verb(
            ctx: RequestContext, issuer: str, credentials: Credentials, form: Mapping[str, str]
        ) -> Mapping[str, Json]:
            await self._revocation.revoke(ctx, issuer, credentials, form)
            return {}

        return await self._client_verb(request, verb)

    async def introspect(self, request: Request) -> Response:
        """RFC 7662; RFC 9701 §4 where the caller accepts a signed answer."""
        if _accepts(request, SIGNED_INTROSPECTION):
            return await self._client_verb(request, self._introspection.introspect_signed)
        return await self._client_verb(request, self._introspection.introspect)

    async def _client_verb(self, request: Request, verb: Verb, *, status: int = 200) -> Response:
        issuer = self._issuer(request)
        try:
            form = await read_body(request)
            async with self._contexts.anonymous(request) as ctx:
                sender = sender_of(request, self._issuers)
                credentials = read_credentials(request.headers.get("authorization"), form, issuer=issuer, sender=sender)
                body = await verb(ctx, issuer, credentials, form)
                headers = {} if sender.dpop is None else {"dpop-nonce": await self._token.nonce(ctx)}
        except Refusal as cause:
            error = oauth_error(cause, issuer)
            if error is None:
                raise
            return _json(error_body(error.error, error.description), error.status, error.headers)
        if isinstance(body, Secret):
            return Response(body.reveal(), 200, {**NO_STORE, **headers}, SIGNED_INTROSPECTION)
        return _json(body, status, headers=headers)

    async def _authorize(self, request: Request, ctx: RequestContext, form: Mapping[str, str]) -> Response | Reply:
        issuer = self._issuer(request)
        if request.method == "POST":
            # No cookie is read here: a post from another site brings none, and one that does proves nothing.
            return _come_back(ctx, await self._authorization.begin_foreign(ctx, issuer, form))
        browser = _browser(request, ctx)
        if RESUME in form:
            outcome = await self._authorization.resume(ctx, issuer, form[RESUME], browser)
        else:
            outcome = await self._authorization.begin(ctx, issuer, form, browser)
        if isinstance(outcome, ComeBack):
            return _come_back(ctx, outcome)
        return _sign_in(request, ctx, outcome) if isinstance(outcome, SignIn) else outcome

    def _issuer(self, request: Request) -> str:
        # The tenant may not exist, and the slug be anything: refusals that name the issuer come after it was found.
        return self._issuers.of(Address(str(request.path_params["slug"]), _NOBODY))


def _browser(request: Request, ctx: RequestContext) -> Browser:
    cookies = parse([value for name, value in request.headers.raw if name == b"cookie"])
    names = (sso_cookie(ctx.tenant_id), binding_cookie(ctx.tenant_id), device_cookie(ctx.tenant_id))
    return Browser(*(None if (value := cookies.get(name)) is None else Secret(value) for name in names))


def _accepts(request: Request, kind: str) -> bool:
    ranges = ",".join(request.headers.getlist("accept")).split(",")
    return any(each.partition(";")[0].strip().lower() == kind for each in ranges)


def _see_other(location: str) -> Response:
    # 303, so that no browser ever repeats a post at the client (RFC 9700 §4.12).
    return Response(status_code=303, headers={**NO_STORE, "location": location})


def _sign_in(request: Request, ctx: RequestContext, outcome: SignIn) -> Response:
    answer = _see_other(flow_path(request.path_params["slug"], outcome.flow.flow_id))
    flow = HostCookie(flow_cookie(ctx.tenant_id), outcome.flow.browser.reveal(), "Lax", FLOW_SECONDS)
    answer.headers.append("set-cookie", flow.render())
    answer.headers.append("set-cookie", _binding(ctx, outcome.binding).render())
    if outcome.device is not None:
        device = HostCookie(device_cookie(ctx.tenant_id), outcome.device.reveal(), "Lax", DEVICE_SECONDS)
        answer.headers.append("set-cookie", device.render())
    language = _language(request, ctx, outcome.locales)
    if language is not None:
        answer.headers.append("set-cookie", language.render())
    return answer


def _language(request: Request, ctx: RequestContext, locales: Sequence[str]) -> HostCookie | None:
    name = language_cookie(ctx.tenant_id)
    if locales:
        return HostCookie(name, ".".join(locales), "Lax", FLOW_SECONDS)
    return expired(name, "Lax") if name in request.headers.get("cookie", "") else None


def _come_back(ctx: RequestContext, outcome: ComeBack) -> Response:
    answer = _see_other(outcome.path)
    answer.headers.append("set-cookie", _binding(ctx, outcome.binding).render())
    return answer


def _binding(ctx: RequestContext, binding: Secret[str]) -> HostCookie:
    return HostCookie(binding_cookie(ctx.tenant_id), binding.reveal(), "Lax", BINDING_SECONDS)


def _json(body: Mapping[str, Json], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(dumps(dict(body)), status, {**NO_STORE, **(headers or {})}, "application/json")
