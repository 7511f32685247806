"""FastAPI behind Airside: `Airside(…)`, `protect(app)`, and two dependencies, `user` and `require(…)`."""

import os
import re
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response
from fastapi.security import HTTPBearer

from airside.core.clock import Clock, SystemClock
from airside.core.errors import Forbidden, InvalidInput, Misconfigured, Refusal, Unauthenticated
from airside.core.secret import Secret
from airside.protocols.problem import CONTENT_TYPE, Problem
from airside.sdk.client import ServiceClient
from airside.sdk.frameworks.demands import Demand, ScopeMissing, demand
from airside.sdk.permissions import Permissions
from airside.sdk.remote import connect, host_of
from airside.sdk.revocation import RevocationFeed
from airside.sdk.sender import Sender, SenderUnproven
from airside.sdk.token import VerifiedToken
from airside.sdk.verifier import Verifier
from airside.shield import Policy, Shield, passage

_CREDENTIALS: Final = re.compile(r"(Bearer|DPoP) +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)  # RFC 6750, RFC 9449
_DOCUMENTED: Final = HTTPBearer(auto_error=False, scheme_name="Airside")
_ENVIRONMENT: Final = ("ISSUER", "STORE_ID", "CLIENT_ID", "CLIENT_SECRET")

Dependency = Callable[..., Awaitable[VerifiedToken]]


class NoCredential(Unauthenticated):
    """The request says nobody: it isn't told that something was wrong with what it said (RFC 6750 §3.1)."""


class Airside:
    """One application's whole connection to its tenant's Airside. Make one, `protect` the app, use the dependencies.

    `ca_file` names a PEM file of private authorities. With `follow_revocations` off a token lives to its end.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        store: str,
        client_id: str,
        client_secret: Secret[str] | str,
        ca_file: Path | str | None = None,
        follow_revocations: bool = True,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or SystemClock()
        secret = Secret(client_secret) if isinstance(client_secret, str) else client_secret
        self._fetcher = connect(issuer, ca_file=Path(ca_file) if ca_file else None)
        client = ServiceClient(issuer, client_id, secret, fetcher=self._fetcher, clock=clock)
        self._feed = (
            RevocationFeed(issuer, client=client, fetcher=self._fetcher, clock=clock) if follow_revocations else None
        )
        self._verifier = Verifier(issuer, audience, fetcher=self._fetcher, clock=clock, revocations=self._feed)
        self.permissions = Permissions(host_of(issuer), store, client, fetcher=self._fetcher)

    @classmethod
    def from_environment(cls, *, audience: str, environment: Mapping[str, str] = os.environ) -> "Airside":
        """From `AIRSIDE_ISSUER`, `_STORE_ID`, `_CLIENT_ID`, `_CLIENT_SECRET` and perhaps `_CA_FILE`. The audience is
        the application's own name and stands in its code.

        Raises:
            Misconfigured: one of them is missing; it says which.
        """
        values = {name: environment.get(f"AIRSIDE_{name}", "") for name in _ENVIRONMENT}
        for name, value in values.items():
            if not value:
                raise Misconfigured(f"AIRSIDE_{name}", "must be set")
        return cls(
            issuer=values["ISSUER"],
            audience=audience,
            store=values["STORE_ID"],
            client_id=values["CLIENT_ID"],
            client_secret=Secret(values["CLIENT_SECRET"]),
            ca_file=environment.get("AIRSIDE_CA_FILE") or None,
        )

    def protect(self, app: FastAPI, policy: Policy) -> None:
        """Put the shield in front of `app`, make refusals problems, and follow revocations while it runs."""
        app.add_middleware(Shield, policy=policy)
        app.add_exception_handler(Unauthenticated, _challenge)
        app.add_exception_handler(Forbidden, _forbid)
        inner = app.router.lifespan_context

        @asynccontextmanager
        async def lifespan(running: FastAPI) -> AsyncGenerator[Any]:
            async with self.running(), inner(running) as state:
                yield state

        app.router.lifespan_context = lifespan

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Follow revocations and keep connections while the block runs."""
        try:
            if self._feed is not None:
                await self._feed.start()
            yield
        finally:
            if self._feed is not None:
                await self._feed.stop()
            await self._verifier.stop()
            await self._fetcher.aclose()

    async def user(
        self, request: Request, _documented: Annotated[object, Depends(_DOCUMENTED)] = None
    ) -> VerifiedToken:
        """Dependency: the caller's verified token. 401 for nobody, and for another's bound token."""
        token, sender = _credential(request)
        return await self._verifier.verify(token, sender)

    def require(self, *, scope: str | None = None, permission: str | None = None) -> Dependency:
        """Dependency: the caller's verified token, once its scope and the caller's permission are in order.

        `permission` is a template such as `note:{id}#editor`; its places are filled from the path. 401 for nobody,
        403 for who may not, 503 where nobody can tell.

        Raises:
            Misconfigured: neither is named, or a template that isn't one.
        """
        wanted = demand(scope, permission)

        async def allowed(request: Request, token: Annotated[VerifiedToken, Depends(self.user)]) -> VerifiedToken:
            wanted.check_scope(token)
            if wanted.relation:
                await self._demand_permission(wanted, token, request)
            return token

        return allowed

    async def _demand_permission(self, wanted: Demand, token: VerifiedToken, request: Request) -> None:
        subject = wanted.object_for(request.path_params)
        try:
            allowed = await self.permissions.check(token.actor, wanted.relation, subject)
        except InvalidInput:
            raise Forbidden("the store doesn't know these words") from None
        if not allowed:
            raise Forbidden("permission", relation=wanted.relation)


def _credential(request: Request) -> tuple[str, Sender]:
    """The one token of the request's one Authorization header, and how it came."""
    headers = request.headers.getlist("authorization")
    if not headers:
        raise NoCredential("no credential")
    match = _CREDENTIALS.fullmatch(headers[0])
    if len(headers) != 1 or match is None:
        raise Unauthenticated("not one token")
    scope, proofs = request.scope, request.headers.getlist("dpop")
    url = f"{scope['scheme']}://{request.headers.get('host', '')}{bytes(scope['raw_path']).decode('ascii', 'replace')}"
    dpop = match[1].lower() == "dpop"
    return match[2], Sender(request.method, url, dpop, ", ".join(proofs) or None, _certificate(request))


def _certificate(request: Request) -> bytes | None:
    """The client's certificate as the server's TLS has proven it (ASGI specification, TLS extension), in no header."""
    extensions: dict[str, dict[str, Any]] = request.scope.get("extensions") or {}
    chain: list[str] | None = extensions.get("tls", {}).get("client_cert_chain")
    return ssl.PEM_cert_to_DER_cert(chain[0]) if chain else None


async def _challenge(request: Request, error: Exception) -> Response:
    """RFC 6750 §3: what is wrong is told only to who presented something."""
    if isinstance(error, SenderUnproven):
        return _problem(request, 401, Unauthenticated.code, error.challenge)
    code = "" if isinstance(error, NoCredential) else ', error="invalid_token"'
    return _problem(request, 401, Unauthenticated.code, f'Bearer realm="airside"{code}')


async def _forbid(request: Request, error: Exception) -> Response:
    challenge = None
    if isinstance(error, ScopeMissing):
        challenge = f'Bearer realm="airside", error="insufficient_scope", scope="{error.scope}"'
    code = error.code if isinstance(error, Refusal) else Forbidden.code
    return _problem(request, 403, code, challenge)


def _problem(request: Request, status: int, code: str, challenge: str | None) -> Response:
    detail = "Say who you are." if status == 401 else "That isn't allowed."
    problem = Problem(status, code, detail, passage(request.scope).request_id)
    headers = {"www-authenticate": challenge} if challenge else None
    return Response(problem.render(), status, headers, CONTENT_TYPE)
