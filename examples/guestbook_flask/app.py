"""A guestbook in Flask, behind the shield. See README.md beside it."""

import os
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from secrets import token_urlsafe  # noqa: TID251  # an application's own secrets are its own affair

from flask import Flask, Response, abort, redirect, render_template_string, request, session

from airside.shield import Policy, Rate, integrity, passage, protect

HOST = os.environ.get("GUESTBOOK_HOST", "localhost:8000")
PROXIES = tuple(os.environ.get("GUESTBOOK_PROXIES", "").split())  # what ends TLS before this: addresses or CIDRs
RATE = int(os.environ.get("GUESTBOOK_RATE", "60"))  # requests of one client in a minute
MAX_TEXT = 500
LETTERS = integrity((Path(__file__).parent / "static" / "letters.js").read_bytes())
PAGE = """<!doctype html>
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
</html>"""

app = Flask(__name__)
app.config.from_mapping(
    SECRET_KEY=token_urlsafe(32),  # as long as the entries: until this process ends
    SESSION_COOKIE_NAME="__Host-session",
    SESSION_COOKIE_SECURE=True,
    SESSION_COOKIE_HTTPONLY=True,
    SESSION_COOKIE_SAMESITE="Lax",
)
app.wsgi_app = protect(
    app.wsgi_app,
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


def visitor() -> str:
    """Who is here, by a signed cookie that the first visit sets: whoever wrote something may take it back."""
    return session.setdefault("visitor", token_urlsafe(16))


@app.get("/")
def read() -> str:
    """What was written, newest first."""
    return render_template_string(
        PAGE,
        entries=list(entries.items())[::-1],
        author=visitor(),
        letters=LETTERS,
        nonce=passage(request.environ).nonce(),
    )


@app.post("/")
def write() -> tuple[str, int] | Response:
    """One more, if it is of a lawful length."""
    text = request.form.get("text", "").strip()
    if not 0 < len(text) <= MAX_TEXT:
        return "Between 1 and 500 characters, please.", 422
    entries[str(next(numbers))] = Entry(text, visitor())
    return _home()


@app.post("/taken-back")
def take_back() -> Response:
    """One less, if the visitor wrote it."""
    number = request.form.get("entry", "")
    entry = entries.get(number)
    if entry is None or entry.author != visitor():
        abort(403)
    entries.pop(number, None)
    return _home()


def _home() -> Response:
    return redirect("/", 303)  # pyright: ignore[reportReturnType]  # a response of Werkzeug's, which Flask takes
