"""Flask behind Airside: `Airside(…)`, and two decorators, `user` and `require(…)`."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from flask import Response, current_app, g, request

from airside.core.errors import Inconsistent, Refusal
from airside.sdk.frameworks.blocking import BlockingApplication
from airside.sdk.frameworks.credentials import cgi_credential
from airside.sdk.frameworks.demands import Demand
from airside.sdk.frameworks.guards import Guards
from airside.sdk.frameworks.refusals import answer_to
from airside.sdk.token import VerifiedToken
from airside.shield.passage import REQUEST_ID

P = ParamSpec("P")


class Airside(BlockingApplication, Guards):
    """As `BlockingApplication`. Decorators stand below `@app.route`; a refusal is answered as a problem, that of a
    question which the view asks itself too."""

    @property
    def token(self) -> VerifiedToken:
        """The verified token of this request's caller.

        Raises:
            Inconsistent: the view has neither `user` nor `require`.
        """
        token = g.get("airside_token")
        if not isinstance(token, VerifiedToken):
            raise Inconsistent("a view that asks who is there, but lets everybody through")
        return token

    def guard(self, wanted: Demand | None, view: Callable[P, Any]) -> Callable[P, Any]:
        """As `Guards`."""

        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                credential = cgi_credential(
                    request.environ,
                    method=request.method,
                    scheme=request.scheme,
                    path=request.root_path.rstrip("/") + request.path,
                    certificate=self.certificates(request.environ),
                )
                g.airside_token = self.admit(wanted, credential, request.view_args or {})
                return current_app.ensure_sync(view)(*args, **kwargs)
            except Refusal as refusal:
                return refused(refusal)

        return guarded


def refused(refusal: Refusal) -> Response:
    """The problem that says so. Raises: `refusal` itself, where it is nobody's outside."""
    answer = answer_to(refusal, REQUEST_ID.get())
    if answer is None:
        raise refusal
    return Response(answer.body, answer.status, answer.headers)
