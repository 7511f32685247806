"""Django behind Airside: `Airside(…)`, and two decorators, `user` and `require(…)`, for views that await and views that
don't; for a class, by `method_decorator(…, name="dispatch")`."""

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, Final, cast

from django.http import HttpRequest, HttpResponse
from django.views import View as ViewOfClass

from airside.core.errors import Inconsistent, Refusal
from airside.sdk.frameworks.blocking import BlockingApplication
from airside.sdk.frameworks.certificates import of_scope
from airside.sdk.frameworks.credentials import Credential, cgi_credential
from airside.sdk.frameworks.demands import Demand
from airside.sdk.frameworks.guards import Guards
from airside.sdk.frameworks.refusals import answer_to
from airside.sdk.token import VerifiedToken
from airside.shield.passage import REQUEST_ID

_ATTRIBUTE: Final = "airside_token"
View = Callable[..., Any]


class Airside(BlockingApplication, Guards):
    """As `BlockingApplication`. A refusal is answered as a problem, that of a question which the view asks itself too.

    A view that takes a token and no cookie needs no CSRF token: put `csrf_exempt` on top.
    """

    def token(self, request: HttpRequest) -> VerifiedToken:
        """The verified token of the request's caller.

        Raises:
            Inconsistent: the view has neither `user` nor `require`.
        """
        token = getattr(request, _ATTRIBUTE, None)
        if not isinstance(token, VerifiedToken):
            raise Inconsistent("a view that asks who is there, but lets everybody through")
        return token

    def guard(self, wanted: Demand | None, view: View) -> View:
        """As `Guards`."""

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                setattr(request, _ATTRIBUTE, self.admit(wanted, self._credential(request), kwargs))
                return view(request, *args, **kwargs)
            except Refusal as refusal:
                return refused(refusal)

        @wraps(view)
        async def guarded_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                setattr(request, _ATTRIBUTE, await self.admit_async(wanted, self._credential(request), kwargs))
                return await view(request, *args, **kwargs)
            except Refusal as refusal:
                return refused(refusal)

        return guarded_async if _awaits(view) else guarded

    def _credential(self, request: HttpRequest) -> Credential:
        environ = cast(dict[str, Any], getattr(request, "META"))  # noqa: B009  # Django says nothing of its type
        scope: dict[str, Any] | None = getattr(request, "scope", None)
        return cgi_credential(
            environ,
            method=request.method or "",
            scheme=request.scheme or "",
            path=request.path,
            certificate=self.certificates(environ) if scope is None else of_scope(scope, self.certificates),
        )


def _awaits(view: View) -> bool:
    """Whether what the view answers has to be awaited. `method_decorator` gives a class's bound `dispatch` within a
    partial, below what else decorates it: a plain function, of which the class knows."""
    if iscoroutinefunction(view):
        return True
    below: Any = view
    while below is not None:
        owner = getattr(getattr(below, "func", below), "__self__", None)
        if isinstance(owner, ViewOfClass):
            return bool(cast(Any, owner).view_is_async)
        below = getattr(below, "__wrapped__", None)
    return False


def refused(refusal: Refusal) -> HttpResponse:
    """The problem that says so. Raises: `refusal` itself, where it is nobody's outside."""
    answer = answer_to(refusal, REQUEST_ID.get())
    if answer is None:
        raise refusal
    return HttpResponse(answer.body, status=answer.status, headers=answer.headers)
