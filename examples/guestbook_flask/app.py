"""A guestbook in Flask, behind the shield. See README.md beside it."""

import os

from flask import Flask, Response, redirect, render_template_string, request

from airside.shield import Policy, Rate, passage, protect

HOST = os.environ.get("GUESTBOOK_HOST", "localhost:8000")
PROXIES = tuple(os.environ.get("GUESTBOOK_PROXIES", "").split())  # what ends TLS before this: addresses or CIDRs
RATE = int(os.environ.get("GUESTBOOK_RATE", "60"))  # requests of one client in a minute
MAX_TEXT = 500
PAGE = """<!doctype html>
<html lang="en">
<title>Guestbook</title>
<style nonce="{{ nonce }}">body { max-width: 40rem; margin: 2rem auto; font: 1rem sans-serif }</style>
<h1>Guestbook</h1>
<form method="post"><label>Your words <input name="text" maxlength="500" required></label> <button>Write</button></form>
<ul>{% for text in entries %}<li>{{ text }}</li>{% endfor %}</ul>
</html>"""

app = Flask(__name__)
app.wsgi_app = protect(
    app.wsgi_app,
    Policy(
        allowed_hosts=frozenset({HOST}),
        trusted_proxies=PROXIES,
        https_redirect=bool(PROXIES),  # no TLS on a machine of one's own
        rate=Rate(RATE, 60),
    ),
)
entries: list[str] = []  # a real application keeps them in its database


@app.get("/")
def read() -> str:
    """What was written, newest first."""
    return render_template_string(PAGE, entries=reversed(entries), nonce=passage(request.environ).nonce())


@app.post("/")
def write() -> tuple[str, int] | Response:
    """One more, if it is of a lawful length."""
    text = request.form.get("text", "").strip()
    if not 0 < len(text) <= MAX_TEXT:
        return "Between 1 and 500 characters, please.", 422
    entries.append(text)
    return redirect("/", 303)  # pyright: ignore[reportReturnType]  # a response of Werkzeug's, which Flask takes
