"""The application: pages, a sign-in form, a protected address, OpenID metadata. `faults` is what is wrong with it."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.weak_app.files import FILES
from tests.weak_app.tokens import believed

CSP = (
    "default-src 'none'; script-src 'self' https://cdn.example; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'"
)
HEADERS: Mapping[str, str] = {
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "content-security-policy": CSP,
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=()",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
WITHOUT: Mapping[str, tuple[str, ...]] = {
    "hsts": ("strict-transport-security",),
    "nosniff": ("x-content-type-options",),
    "referrer": ("referrer-policy",),
    "permissions-policy": ("permissions-policy",),
    "opener": ("cross-origin-opener-policy",),
    "caching": ("cache-control",),
}
CSP_FAULTS: Mapping[str, tuple[str, str]] = {
    "csp": ("default-src 'none'; script-src 'self' https://cdn.example;", "object-src 'none';"),
    "csp-scripts": ("script-src 'self'", "script-src 'self' 'unsafe-inline'"),
    "csp-scripts wide": ("script-src 'self'", "script-src 'self' https:"),
    "csp-scripts elements": ("script-src 'self'", "script-src-elem https://*; script-src 'self'"),
    "csp-bounds": ("base-uri 'none'; ", ""),
    "csp-bounds wide": ("form-action 'self'", "form-action https:"),
    "trusted-types": ("; require-trusted-types-for 'script'", ""),
    "framing wide": ("frame-ancestors 'none'", "frame-ancestors *"),
}
MAX_BODY = 64 * 1024
ATTEMPTS = 5


@dataclass
class WeakApp:
    """One application; `host` is what it is called, with its port. Faults may change between requests."""

    host: str = ""
    scheme: str = "https"
    faults: set[str] = field(default_factory=set[str])
    attempts: int = 0
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "k1"}))

    def has(self, fault: str) -> bool:
        return fault in self.faults

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.host}"

    def token(self) -> str:
        """A token that is good at the protected address."""
        claims = {"iss": self.origin, "sub": "ada", "exp": 4102444800}
        return jwt.encode({"alg": "ES256", "kid": "k1"}, claims, self.key)

    def application(self) -> ASGIApp:
        """The ASGI application."""
        routes = [
            Route("/", self.home),
            Route("/about", self.about),
            Route("/search", self.search),
            Route("/welcome", self.welcome),
            Route("/signin", self.form, methods=["GET"]),
            Route("/signin", self.signin, methods=["POST"]),
            Route("/api/me", self.me),
            Route("/graphql", self.graphql, methods=["POST"]),
            Route("/.well-known/openid-configuration", self.metadata),
            Route("/jwks", self.jwks),
            Route("/{rest:path}", self.rest),
        ]
        inner = Starlette(routes=routes)

        async def outer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await inner(scope, receive, send)
                return
            request = Request(scope)
            refused = self.refuse(request)

            async def sealed(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = self.headers(request, message["headers"])
                await send(message)

            await (refused or inner)(scope, receive, sealed)

        return outer

    def refuse(self, request: Request) -> Response | None:
        """What is refused before any page is asked."""
        if request.headers.get("host") != self.host and not self.has("host-header"):
            return PlainTextResponse("not here", 421)
        if request.method == "TRACE" and self.has("methods trace"):
            return PlainTextResponse(str(request.headers), 200)
        if request.method not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("", 200) if self.has("methods") else PlainTextResponse("no such method", 405)
        broken = "\0" in str(request.query_params) or "\ufffd" in request.url.path or "%00" in str(request.url)
        if broken and self.has("unhandled-errors"):
            return PlainTextResponse("something went wrong", 500)
        if broken and self.has("verbose-errors"):
            return PlainTextResponse('Traceback (most recent call last):\n  File "app.py", line 7, in run', 400)
        return None

    def headers(self, request: Request, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The headers of an answer, without what a fault takes away."""
        gone = {name for fault in self.faults for name in WITHOUT.get(fault, ())}
        table = {name: value for name, value in HEADERS.items() if name not in gone}
        if self.has("framing"):
            table["content-security-policy"] = table["content-security-policy"].replace("frame-ancestors 'none'; ", "")
        for fault in self.faults & CSP_FAULTS.keys():
            table["content-security-policy"] = table["content-security-policy"].replace(*CSP_FAULTS[fault])
        if self.has("hsts short"):
            table["strict-transport-security"] = "max-age=3600; includeSubDomains"
        if self.has("banner"):
            table["server"] = "Apache/2.4.1"
        if self.has("cors-reflects") and "origin" in request.headers:
            table["access-control-allow-origin"] = request.headers["origin"]
            table["access-control-allow-credentials"] = "true"
        if self.has("cors-everybody"):
            table["access-control-allow-origin"] = "*"
        return [*given, *((name.encode(), value.encode()) for name, value in table.items())]

    def page(self, body: str) -> Response:
        """A page of HTML."""
        if self.has("charset"):
            return Response(f"<!doctype html>{body}", headers={"content-type": "text/html"})
        return HTMLResponse(f"<!doctype html>{body}")

    async def home(self, request: Request) -> Response:
        integrity = "" if self.has("integrity") else 'integrity="sha384-x" crossorigin="anonymous"'
        image = '<img src="http://images.example/a.png">' if self.has("mixed-content") else ""
        base = request.headers.get("host") if self.has("host-header") else self.host
        if self.has("forwarded-host"):
            base = request.headers.get("x-forwarded-host", base)
        return self.page(
            f'<a href="/about">about</a> <a href="{self.scheme}://{base}/signin">sign in</a> <a href="/welcome">in</a>'
            f'<form action="/search"><input name="term"></form>{image}<script src="/static/app.js"></script>'
            f'<script src="https://cdn.example/lib.js" {integrity}></script>'
        )

    async def about(self, _request: Request) -> Response:
        return self.page("<h1>About</h1>")

    async def search(self, request: Request) -> Response:
        term = request.query_params.get("term", "")
        shown = term if self.has("reflected-input") else term.replace("<", "&lt;")
        return self.page(f"<p>Nothing found for {shown}</p><form><input name=term></form>")

    async def welcome(self, request: Request) -> Response:
        leads = request.query_params.get("next", "/about") if self.has("open-redirect") else "/about"
        return RedirectResponse(leads, 303)

    async def form(self, _request: Request) -> Response:
        token = secrets.token_urlsafe(24)
        method = "get" if self.has("password-forms") else "post"
        answer = self.page(
            f'<form method="{method}" action="/signin"><input type="hidden" name="csrf" value="{token}">'
            '<input type="email" name="email"><input type="password" name="password"><button>Sign in</button></form>'
        )
        words = ["__Host-flow=" + token, "Path=/", "Secure", "HttpOnly", "SameSite=Lax"]
        faults = {"cookie-secure": "Secure", "cookie-httponly": "HttpOnly", "cookie-samesite": "SameSite=Lax"}
        words = [word for word in words if not any(self.has(name) and word == gone for name, gone in faults.items())]
        if self.has("cookie-prefix"):
            words[0] = "flow=" + token
        answer.headers.append("set-cookie", "; ".join(words))
        return answer

    async def signin(self, request: Request) -> Response:
        if request.headers.get("content-type") != "application/x-www-form-urlencoded" and not self.has("content-type"):
            return PlainTextResponse("a form, please", 415)
        if int(request.headers.get("content-length", "0")) > MAX_BODY and not self.has("body-size"):
            return PlainTextResponse("too large", 413)
        sent = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        cookie = request.cookies.get("__Host-flow") or request.cookies.get("flow") or "none"
        if not hmac.compare_digest(sent.get("csrf", ""), cookie) and not self.has("csrf"):
            return PlainTextResponse("another form, please", 403)
        self.attempts += 1
        if self.attempts > ATTEMPTS and not self.has("signin-limit"):
            return PlainTextResponse("later", 429, {"retry-after": "60"})
        return self.page("<p>Wrong, or unknown.</p>") if "password" in sent else PlainTextResponse("no form", 200)

    async def me(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.has("protected-open") or self.verified(token):
            return JSONResponse({"name": "Ada"})
        told = {} if self.has("challenge") else {"www-authenticate": "Bearer"}
        return PlainTextResponse("who are you?", 401, told)

    def verified(self, token: str) -> bool:
        """Whether the token is ours, or a fault believes it."""
        try:
            jwt.decode(token, self.key, algorithms=["ES256"])
        except (JoseError, ValueError):
            public = self.key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            return believed(token, self.faults, public)
        return True

    async def graphql(self, _request: Request) -> Response:
        if self.has("graphql-introspection"):
            return JSONResponse({"data": {"__schema": {"queryType": {"name": "Query"}}}})
        return JSONResponse({"errors": [{"message": "who are you?"}]}, 401)

    async def metadata(self, _request: Request) -> Response:
        other = "http" if self.has("openid-issuer plain") else self.scheme
        return JSONResponse(
            {
                "issuer": "https://elsewhere.example" if self.has("openid-issuer") else self.origin,
                "authorization_endpoint": f"{other}://{self.host}/authorize",
                "userinfo_endpoint": f"{self.origin}/api/me",
                "jwks_uri": f"{self.origin}/jwks",
                "response_types_supported": ["code", "id_token token"] if self.has("openid-flows") else ["code"],
                "code_challenge_methods_supported": ["S256", "plain"] if self.has("openid-pkce") else ["S256"],
                "id_token_signing_alg_values_supported": ["ES256", "none"]
                if self.has("openid-algorithms")
                else ["ES256"],
            }
        )

    async def jwks(self, _request: Request) -> Response:
        keys = [self.key.as_dict(private=self.has("published-keys"))]
        if self.has("published-keys short"):
            keys.append({"kty": "RSA", "kid": "k2", "e": "AQAB", "n": secrets.token_urlsafe(128)})
        return JSONResponse({"keys": keys})

    async def rest(self, request: Request) -> Response:
        for fault, (path, kind, body) in FILES.items():
            if self.has(fault) and request.url.path == path:
                return Response(body, media_type=kind)
        return PlainTextResponse("not found", 404)
