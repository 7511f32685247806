"""The answer that a browser posts to the client (OAuth 2.0 Form Post Response Mode §2): a page with one form.

It works without script, by its button; a script of our own presses at once. This answer alone may send a form
elsewhere: to the client's origin, and nowhere but there.
"""

from collections.abc import Mapping
from html import escape
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from airside.oauth import FormPost
from airside.shield import passage
from airside.shield.csp import STRICT

PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Back to the application</title>
<link rel="stylesheet" href="/static/airside.css">
<link rel="icon" type="image/svg+xml" href="/static/airside.svg">
<script defer src="/static/form-post.js"></script>
</head>
<body>
<div class="page narrow">
<main class="card">
<h1>Back to the application</h1>
<form method="post" action="{action}">
{fields}
<button class="primary" type="submit">Continue</button>
</form>
</main>
</div>
</body>
</html>
"""
FIELD: Final = '<input type="hidden" name="{name}" value="{value}">'


def form_post(request: Request, reply: FormPost, headers: Mapping[str, str]) -> Response:
    """The page that takes `reply` to its client."""
    to = urlsplit(reply.action)
    passage(request.scope).csp = STRICT.adding("form-action", f"{to.scheme}://{to.netloc}")
    fields = "\n".join(FIELD.format(name=escape(name), value=escape(value)) for name, value in reply.fields.items())
    return Response(PAGE.format(action=escape(reply.action), fields=fields), 200, dict(headers), "text/html")
