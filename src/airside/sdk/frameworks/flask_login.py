"""Sign-in for a Flask application that renders its own pages: a blueprint, and a decorator for each page."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, get_args

from flask import Blueprint, Flask, Response, current_app, g, request

from airside.core.errors import Inconsistent, Refusal
from airside.sdk.frameworks.demands import Demand
from airside.sdk.frameworks.doors import CSRF_HEADER, DOORS, FORM_TYPE, HEADERS, Door, SignInFirst, Visit, answer, enter
from airside.sdk.frameworks.flask import Airside, refused
from airside.sdk.frameworks.guards import Guards
from airside.sdk.login import Reply, WebSession

P = ParamSpec("P")


class Pages(Guards):
    """Puts `login`, `callback`, `logout` and `backchannel-logout` below `prefix` of `app`. Decorated pages are for who
    is signed in; who has to prove more signs in again."""

    def __init__(self, airside: Airside, app: Flask, *, prefix: str = "/auth") -> None:
        self._airside = airside
        self._prefix = prefix
        doors = Blueprint("airside", __name__, url_prefix=prefix)
        for door in get_args(Door):
            doors.add_url_rule(f"/{door}", door, self._endpoint(door), methods=[DOORS[door]])
        app.register_blueprint(doors)

    @property
    def session(self) -> WebSession:
        """The session of this request's page.

        Raises:
            Inconsistent: the view has neither `user` nor `require`.
        """
        session = g.get("airside_session")
        if not isinstance(session, WebSession):
            raise Inconsistent("a page that asks who is there, but lets everybody through")
        return session

    def guard(self, wanted: Demand | None, view: Callable[P, Any]) -> Callable[P, Any]:
        """As `Guards`."""

        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
            visit, values, door = _visit(), dict(request.view_args or {}), f"{self._prefix}/login"
            try:
                g.airside_session = self._airside.ask(lambda each: enter(each, wanted, visit, values, door=door))
                return current_app.ensure_sync(view)(*args, **kwargs)
            except Refusal as refusal:
                return _refused(refusal)

        return guarded

    def _endpoint(self, door: Door) -> Callable[[], Response]:
        def endpoint() -> Response:
            visit = _visit()
            try:
                return _response(self._airside.ask(lambda application: answer(application, door, visit)))
            except Refusal as refusal:
                return _refused(refusal)

        return endpoint


def _visit() -> Visit:
    return Visit(
        request.method,
        request.root_path.rstrip("/") + request.path,
        request.query_string.decode("latin-1"),
        request.headers.get("cookie", ""),
        # Kept, so that the view can read the form again.
        request.get_data(cache=True, parse_form_data=False) if request.mimetype == FORM_TYPE else b"",
        request.headers.get(CSRF_HEADER, ""),
    )


def _response(reply: Reply) -> Response:
    response = Response(reply.body, reply.status, HEADERS | ({"location": reply.location} if reply.location else {}))
    for cookie in reply.cookies:
        response.headers.add("set-cookie", cookie.render())
    return response


def _refused(refusal: Refusal) -> Response:
    if isinstance(refusal, SignInFirst) and request.method in ("GET", "HEAD"):
        return _response(Reply(303, location=refusal.location))
    return refused(refusal)
