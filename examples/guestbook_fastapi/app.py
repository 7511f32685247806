"""A guestbook in FastAPI, behind the shield. See README.md beside it."""

import os
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from secrets import token_urlsafe  # noqa: TID251  # an application's own secrets are its own affair
from typing import Annotated

from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment
from starlette.middleware.sessions import SessionMiddleware

from airside.shield import Policy, Rate, integrity, passage, protect

HOST = os.environ.get("GUESTBOOK_HOST", "localhost:8000")
PROXIES = tuple(os.environ.get("GUESTBOOK_PROXIES", "").split())  # what ends TLS before this: addresses or CIDRs
RATE = int(os.environ.get("GUESTBOOK_RATE", "60"))  # requests of one client in a minute
MAX_TEXT = 500
STATIC = Path(__file__).parent / "static"
LETTERS = integrity((STATIC / "letters.js").read_bytes())
PAGE = Environment(autoescape=True).from_string("""<!doctype html>
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

guestbook = FastAPI(title="Guestbook", openapi_url=None)
guestbook.mount("/static", StaticFiles(directory=STATIC))
guestbook.add_middleware(
    SessionMiddleware,
    secret_key=token_urlsafe(32),  # as long as the entries: until this process ends
    session_cookie="__Host-session",
    max_age=None,
    https_only=True,
)
app = protect(
    guestbook,
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


def visitor(request: Request) -> str:
    """Who is here, by a signed cookie that the first visit sets: whoever wrote something may take it back."""
    return request.session.setdefault("visitor", token_urlsafe(16))


@guestbook.api_route("/", methods=["GET", "POST"])
async def home(request: Request, text: Annotated[str, Form()] = "") -> Response:
    """The page, and its form. One route: of several at one path, Starlette's `Allow` names the first one's methods."""
    return write(request, text) if request.method == "POST" else read(request)


def write(request: Request, text: str) -> Response:
    """One more, if it is of a lawful length."""
    if not 0 < len(text.strip()) <= MAX_TEXT:
        return HTMLResponse("Between 1 and 500 characters, please.", 422)
    entries[str(next(numbers))] = Entry(text.strip(), visitor(request))
    return RedirectResponse("/", 303)


def read(request: Request) -> Response:
    """What was written, newest first."""
    return HTMLResponse(
        PAGE.render(
            entries=list(entries.items())[::-1],
            author=visitor(request),
            letters=LETTERS,
            nonce=passage(request.scope).nonce(),
        )
    )


@guestbook.post("/taken-back")
async def take_back(request: Request, entry: Annotated[str, Form()] = "") -> Response:
    """One less, if the visitor wrote it."""
    written = entries.get(entry)
    if written is None or written.author != visitor(request):
        return HTMLResponse("Somebody else wrote that, or nobody.", 403)
    entries.pop(entry, None)
    return RedirectResponse("/", 303)
