"""A guestbook in Django, in one file, behind the shield. See README.md beside it."""

# Django has no types of its own.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportUnnecessaryComparison=false

import os
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from secrets import token_urlsafe  # noqa: TID251  # an application's own secrets are its own affair

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import Context, Engine
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from airside.shield import Policy, Rate, integrity, passage, protect

HOST = os.environ.get("GUESTBOOK_HOST", "localhost:8000")
PROXIES = tuple(os.environ.get("GUESTBOOK_PROXIES", "").split())  # what ends TLS before this: addresses or CIDRs
RATE = int(os.environ.get("GUESTBOOK_RATE", "60"))  # requests of one client in a minute
MAX_TEXT = 500
LETTERS = (Path(__file__).parent / "static" / "letters.js").read_bytes()
PAGE = Engine().from_string("""<!doctype html>
<html lang="en">
<title>Guestbook</title>
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<style nonce="{{ nonce }}">
  body { max-width: 40rem; margin: 2rem auto; padding: 0 1rem; font: 1rem sans-serif }
  li { margin: .5rem 0; overflow-wrap: anywhere }
  li form { display: inline }
</style>
<script src="/static/letters.js" integrity="{{ letters }}" defer></script>
<h1>Guestbook</h1>
<form method="post">
  <label>Your words <input id="text" name="text" maxlength="500" aria-describedby="left" required></label>
  <button>Write</button>
  <p id="left">500 letters at most</p>
</form>
<ul>
{% for number, entry in entries %}
  <li>{{ entry.text }}
  {% if entry.author == author %}
    <form method="post" action="/taken-back"><button name="entry" value="{{ number }}">Take back</button></form>
  {% endif %}
{% endfor %}
</ul>
</html>""")

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],  # hosts are the shield's to judge
    USE_TZ=True,
    SECRET_KEY=token_urlsafe(32),  # as long as the entries: until this process ends
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    SESSION_COOKIE_NAME="__Host-session",
    SESSION_COOKIE_SECURE=True,
    SESSION_COOKIE_HTTPONLY=True,
    SESSION_COOKIE_SAMESITE="Lax",
)
application = protect(
    get_wsgi_application(),
    Policy(
        allowed_hosts=frozenset({HOST}),
        trusted_proxies=PROXIES,
        https_redirect=bool(PROXIES),  # no TLS on a machine of one's own
        rate=Rate(RATE, 60),
    ),
)


@dataclass(frozen=True)
class Entry:
    """What was written, and by which visitor."""

    text: str
    author: str


entries: dict[str, Entry] = {}  # by number; a real application keeps them in its database
numbers = count(1)


def visitor(request: HttpRequest) -> str:
    """Who is here, by a signed cookie that the first visit sets: whoever wrote something may take it back."""
    return request.session.setdefault("visitor", token_urlsafe(16))


@require_http_methods(["GET", "HEAD", "POST"])
def guestbook(request: HttpRequest) -> HttpResponse:
    """What was written, newest first; by a post one more, if it is of a lawful length."""
    if request.method == "POST":
        text = request.POST.get("text", "").strip()
        if not 0 < len(text) <= MAX_TEXT:
            return HttpResponse("Between 1 and 500 characters, please.", status=422)
        entries[str(next(numbers))] = Entry(text, visitor(request))
        return HttpResponseRedirect("/", status=303)
    shown = {
        "entries": list(entries.items())[::-1],
        "author": visitor(request),
        "letters": integrity(LETTERS),
        "nonce": passage(request.META).nonce(),
    }
    return HttpResponse(PAGE.render(Context(shown)))


@require_POST
def take_back(request: HttpRequest) -> HttpResponse:
    """One entry less, if the visitor wrote it."""
    number = str(request.POST.get("entry", ""))
    entry = entries.get(number)
    if entry is None or entry.author != visitor(request):
        raise PermissionDenied
    entries.pop(number, None)
    return HttpResponseRedirect("/", status=303)


@require_safe
def letters(_request: HttpRequest) -> HttpResponse:
    """The script that the page names by its hash."""
    return HttpResponse(LETTERS, content_type="text/javascript; charset=utf-8")


urlpatterns = [path("", guestbook), path("taken-back", take_back), path("static/letters.js", letters)]
