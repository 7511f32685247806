"""The page that leads a browser to a provider elsewhere.

Browsers apply `form-action` to the redirect after a form post, so there is none: a page leads on by itself and by a
link, or, where the provider takes a form (SAML Bindings §3.5), by a form with a button that a script of ours presses at
once.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.responses import Response

from airside.console.visit import Visit
from airside.federation import Departure
from airside.shield import STRICT, passage
from airside.shield.cookies import HostCookie


def leaving(visit: Visit, departure: Departure, cookies: Sequence[HostCookie] = ()) -> Response:
    """To where `departure` leads. Only a form may be sent there, and nowhere but there."""
    if departure.fields is None:
        return visit.page("continue.html", title=visit.words("elsewhere.title"), target=departure.url, cookies=cookies)
    to = urlsplit(departure.url)
    passage(visit.request.scope).csp = STRICT.adding("form-action", f"{to.scheme}://{to.netloc}")
    return visit.page("leaving.html", action=departure.url, fields=departure.fields, cookies=cookies)
