"""A guestbook in Django, in one file, behind the shield. See README.md beside it."""

# Django has no types of its own.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportUnnecessaryComparison=false

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import Context, Engine
from django.urls import path
from django.views.decorators.http import require_http_methods

from airside.shield import Policy, Rate, passage, protect

HOST = os.environ.get("GUESTBOOK_HOST", "localhost:8000")
PROXIES = tuple(os.environ.get("GUESTBOOK_PROXIES", "").split())  # what ends TLS before this: addresses or CIDRs
RATE = int(os.environ.get("GUESTBOOK_RATE", "60"))  # requests of one client in a minute
MAX_TEXT = 500
PAGE = Engine().from_string("""<!doctype html>
<html lang="en">
<title>Guestbook</title>
<style nonce="{{ nonce }}">body { max-width: 40rem; margin: 2rem auto; font: 1rem sans-serif }</style>
<h1>Guestbook</h1>
<form method="post"><label>Your words <input name="text" maxlength="500" required></label> <button>Write</button></form>
<ul>{% for text in entries %}<li>{{ text }}</li>{% endfor %}</ul>
</html>""")

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], USE_TZ=True)  # hosts are the shield's to judge
application = protect(
    get_wsgi_application(),
    Policy(
        allowed_hosts=frozenset({HOST}),
        trusted_proxies=PROXIES,
        https_redirect=bool(PROXIES),  # no TLS on a machine of one's own
        rate=Rate(RATE, 60),
    ),
)
entries: list[str] = []  # a real application keeps them in its database


@require_http_methods(["GET", "HEAD", "POST"])
def guestbook(request: HttpRequest) -> HttpResponse:
    """What was written, newest first; by a post one more, if it is of a lawful length."""
    if request.method == "POST":
        text = request.POST.get("text", "").strip()
        if not 0 < len(text) <= MAX_TEXT:
            return HttpResponse("Between 1 and 500 characters, please.", status=422)
        entries.append(text)
        return HttpResponseRedirect("/", status=303)
    nonce = passage(request.META).nonce()
    return HttpResponse(PAGE.render(Context({"entries": entries[::-1], "nonce": nonce})))


urlpatterns = [path("", guestbook)]
