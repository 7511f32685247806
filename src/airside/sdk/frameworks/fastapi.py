"""FastAPI behind Airside: `Airside(…)`, `protect(app)`, and two dependencies, `user` and `require(…)`."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response
from fastapi.security import HTTPBearer

from airside.core.errors import Forbidden, Refusal, Unauthenticated
from airside.sdk.frameworks.application import Application
from airside.sdk.frameworks.certificates import CertificateSource, of_nobody, of_scope
from airside.sdk.frameworks.credentials import Credential, read_credential
from airside.sdk.frameworks.demands import demand
from airside.sdk.frameworks.refusals import answer_to
from airside.sdk.token import VerifiedToken
from airside.shield import Policy, Shield, passage

_DOCUMENTED: Final = HTTPBearer(auto_error=False, scheme_name="Airside")

Dependency = Callable[..., Awaitable[VerifiedToken]]


class Airside(Application):
    """As `Application`. Make one, `protect` the app, use the dependencies."""

    _certificates: CertificateSource | None = None

    def protect(self, app: FastAPI, policy: Policy, *, certificates: CertificateSource = of_nobody) -> None:
        """Put the shield in front of `app`, make refusals problems, and follow revocations while it runs.

        `certificates` says where clients' certificates are told of, where the server doesn't by ASGI's TLS extension:
        `of_proxy(…)`.
        """
        self._certificates = certificates
        app.add_middleware(Shield, policy=policy)
        app.add_exception_handler(Unauthenticated, _refuse)
        app.add_exception_handler(Forbidden, _refuse)
        inner = app.router.lifespan_context

        @asynccontextmanager
        async def lifespan(running: FastAPI) -> AsyncGenerator[Any]:
            async with self.running(), inner(running) as state:
                yield state

        app.router.lifespan_context = lifespan

    async def user(
        self, request: Request, _documented: Annotated[object, Depends(_DOCUMENTED)] = None
    ) -> VerifiedToken:
        """Dependency: the caller's verified token. 401 for nobody, and for another's bound token."""
        return await self.verify(_credential(request, self._certificates or of_nobody))

    def require(self, *, scope: str | None = None, permission: str | None = None, acr: str | None = None) -> Dependency:
        """Dependency: the caller's verified token, once its scope, the caller's proofs and their permission are in
        order.

        `permission` is a template such as `note:{id}#editor`; its places are filled from the path. `acr` is the least
        assurance, such as `aal2`. 401 for nobody and for who has to prove more, 403 for who may not, 503 where nobody
        can tell.

        Raises:
            Misconfigured: none is named, or one that can't be meant.
        """
        wanted = demand(scope, permission, acr)

        async def allowed(request: Request, token: Annotated[VerifiedToken, Depends(self.user)]) -> VerifiedToken:
            await self.demand(wanted, token, request.path_params)
            return token

        return allowed


def _credential(request: Request, certificates: CertificateSource) -> Credential:
    scope, headers = request.scope, request.headers
    url = f"{scope['scheme']}://{headers.get('host', '')}{bytes(scope['raw_path']).decode('ascii', 'replace')}"
    return read_credential(
        headers.getlist("authorization"),
        headers.getlist("dpop"),
        method=request.method,
        url=url,
        certificate=of_scope(scope, certificates),
    )


async def _refuse(request: Request, error: Exception) -> Response:
    answer = answer_to(error, passage(request.scope).request_id) if isinstance(error, Refusal) else None
    if answer is None:
        raise error
    return Response(answer.body, answer.status, answer.headers)
