"""Sign-in for a Django application that renders its own pages: addresses, and a decorator for each page."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, cast, get_args

from django.http import HttpRequest, HttpResponse
from django.urls import path

from airside.core.errors import Inconsistent, Refusal
from airside.sdk.frameworks.demands import Demand
from airside.sdk.frameworks.django import Airside, refused
from airside.sdk.frameworks.doors import CSRF_HEADER, FORM_TYPE, HEADERS, Door, SignInFirst, Visit, answer, enter
from airside.sdk.frameworks.guards import Guards
from airside.sdk.login import Reply, WebSession

_ATTRIBUTE: Final = "airside_session"
View = Callable[..., Any]


class Pages(Guards):
    """The addresses below `prefix`, which is where `urls` is included. Form tokens are the session's own, so that
    Django's CSRF middleware has nothing to add: its pages are exempt. Decorated pages are for who is signed in; who has
    to prove more signs in again."""

    def __init__(self, airside: Airside, *, prefix: str = "/auth") -> None:
        self._airside = airside
        self._prefix = prefix

    @property
    def urls(self) -> list[Any]:
        """For `path("auth/", include(pages.urls))`."""
        return [path(door, _exempt(self._endpoint(door))) for door in get_args(Door)]

    def session(self, request: HttpRequest) -> WebSession:
        """The session of the request's page.

        Raises:
            Inconsistent: the view has neither `user` nor `require`.
        """
        session = getattr(request, _ATTRIBUTE, None)
        if not isinstance(session, WebSession):
            raise Inconsistent("a page that asks who is there, but lets everybody through")
        return session

    def guard(self, wanted: Demand | None, view: View) -> View:
        """As `Guards`."""

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            visit, door = _visit(request), f"{self._prefix}/login"
            try:
                session = self._airside.ask(lambda each: enter(each, wanted, visit, kwargs, door=door))
                setattr(request, _ATTRIBUTE, session)
                return view(request, *args, **kwargs)
            except Refusal as refusal:
                return _refused(request, refusal)

        return _exempt(guarded)

    def _endpoint(self, door: Door) -> View:
        def endpoint(request: HttpRequest) -> HttpResponse:
            visit = _visit(request)
            try:
                return _response(self._airside.ask(lambda application: answer(application, door, visit)))
            except Refusal as refusal:
                return _refused(request, refusal)

        return endpoint


def _exempt(view: View) -> View:
    """What Django's own `csrf_exempt` says of a view."""
    setattr(view, "csrf_exempt", True)  # noqa: B010  # a function has no such attribute, says its type
    return view


def _visit(request: HttpRequest) -> Visit:
    untyped = cast(Any, request)  # Django has no types of its own
    environ: dict[str, Any] = untyped.META
    return Visit(
        str(request.method),
        request.path,
        environ.get("QUERY_STRING", ""),
        environ.get("HTTP_COOKIE", ""),
        untyped.body if untyped.content_type == FORM_TYPE else b"",
        environ.get(f"HTTP_{CSRF_HEADER.upper().replace('-', '_')}", ""),
    )


def _response(reply: Reply) -> HttpResponse:
    headers = HEADERS | ({"location": reply.location} if reply.location else {})
    response = HttpResponse(reply.body.encode(), status=reply.status, headers=headers)
    for cookie in reply.cookies:
        cast(Any, response).set_cookie(
            cookie.name, cookie.value, cookie.max_age, path="/", secure=True, httponly=True, samesite=cookie.same_site
        )
    return response


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    if isinstance(refusal, SignInFirst) and str(request.method) in ("GET", "HEAD"):
        return _response(Reply(303, location=refusal.location))
    return refused(refusal)
