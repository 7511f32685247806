"""The four addresses of an application's sign-in, and who may see a page: in no framework's words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal
from urllib.parse import parse_qsl, quote, urlencode

from airside.core.errors import InvalidInput, Misconfigured, NotFound, Unauthenticated
from airside.protocols.oauth import parse_form
from airside.sdk.code_flow import outdated, way_back
from airside.sdk.frameworks.application import Application
from airside.sdk.frameworks.demands import Demand, ProofTooWeak
from airside.sdk.login import Login, Reply, WebSession
from airside.shield.cookies import parse
from airside.shield.csrf import FIELD

Door = Literal["login", "callback", "logout", "backchannel-logout"]
DOORS: Final[dict[Door, str]] = {"login": "GET", "callback": "GET", "logout": "POST", "backchannel-logout": "POST"}
"""Each address below the prefix, and its method. The last is posted to by the server, without a cookie."""
HEADERS: Final = {"cache-control": "no-store", "content-type": "text/html; charset=utf-8"}
CSRF_HEADER: Final = "x-csrf-token"
FORM_TYPE: Final = "application/x-www-form-urlencoded"
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_PATH: Final = "/:@!$&'()*+,;=~"
_QUERY: Final = _PATH + "?%"  # RFC 3986 §3.4, escaped already


class SignInFirst(Unauthenticated):
    """Nobody is signed in, or not strongly enough. `location` is where a browser that asks for a page is led; a form is
    answered 401, for what it carried would be lost."""

    def __init__(self, location: str) -> None:
        super().__init__("nobody is signed in")
        self.location = location


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a browser: `path` without escapes, `query` as it came, and `form` its body where that is a
    urlencoded form."""

    method: str
    path: str
    query: str = ""
    cookie: str = ""
    form: bytes = b""
    csrf: str = ""

    @property
    def cookies(self) -> dict[str, str]:
        """Raises: InvalidInput."""
        return parse([self.cookie.encode("latin-1", "replace")])

    @property
    def form_token(self) -> str:
        """The header, or the one field of that name. The rest of a page's form is the page's own; how much of it there
        may be is bounded by the shield and the framework."""
        if self.csrf:
            return self.csrf
        fields = parse_qsl(self.form.decode("latin-1"), keep_blank_values=True)
        found = [value for name, value in fields if name == FIELD]
        return found[0] if len(found) == 1 else ""

    @property
    def said(self) -> dict[str, str]:
        """The fields of the form. Raises: InvalidInput, TooLarge."""
        return parse_form(self.form)


async def answer(application: Application, door: Door, visit: Visit) -> Reply:
    """What the browser, or the server, gets at one of the doors.

    Raises:
        NotFound: another method.
        LoginRefused, Forbidden, InvalidInput, Unavailable: as `Login`'s verbs.
    """
    login = login_of(application)
    if visit.method != DOORS[door]:
        raise NotFound("no such door")
    match door:
        case "login":
            query = parse_form(visit.query.encode())
            begun = await login.begin(query.get("return_to", "/"), acr=query.get("acr"))
            return replace(begun, cookies=(*begun.cookies, *outdated(visit.cookie)))
        case "callback":
            return await login.finish(parse_form(visit.query.encode()), visit.cookies)
        case "logout":
            return await login.leave(visit.cookies, visit.csrf or visit.said.get(FIELD, ""))
        case "backchannel-logout":
            await login.told(visit.said.get("logout_token", ""))
            return Reply(200)


async def enter(
    application: Application, wanted: Demand | None, visit: Visit, values: Mapping[str, object], *, door: str
) -> WebSession:
    """The session of whoever may see the page; what changes something comes with a form token. `door` is the address of
    the sign-in.

    Raises:
        SignInFirst: nobody, or not strongly enough.
        Forbidden: somebody who may not, or a form that isn't of this session.
        Unavailable: nobody can tell.
    """
    login, cookies = login_of(application), visit.cookies
    session = await login.current(cookies)
    if session is None:
        raise _first(door, visit)
    if visit.method not in _SAFE:
        login.check_form(cookies, visit.form_token)
    if wanted is not None:
        try:
            await application.demand(wanted, session.token, values)
        except ProofTooWeak as refusal:
            raise _first(door, visit, refusal.acr) from None
    return session


def login_of(application: Application) -> Login:
    """Raises:
    Misconfigured: the application was made without a sign-in.
    """
    if application.login is None:
        raise Misconfigured("login", "make the application with LoginSettings")
    return application.login


def _first(door: str, visit: Visit, acr: str = "") -> SignInFirst:
    here = _address(visit) if visit.method == "GET" else ""
    query = ({"return_to": here} if here else {}) | ({"acr": acr} if acr else {})
    return SignInFirst(f"{door}?{urlencode(query)}" if query else door)


def _address(visit: Visit) -> str:
    """The page's address in a spelling that leads back to it; empty where none does, or it is too long to be kept."""
    path = quote(visit.path, _PATH, errors="replace")
    query = quote(visit.query, _QUERY, "latin-1", "replace").replace("//", "%2F%2F")
    try:
        return way_back(f"{path}?{query}" if query else path)
    except InvalidInput:
        return ""
