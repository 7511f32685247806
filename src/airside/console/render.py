"""Templates → pages. Autoescape is on for every template, and an undefined name is an error."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from airside.console.agents import describe
from airside.console.assets import ASSETS
from airside.core.ids import SESSION, format_id
from airside.identity import Session
from airside.shield.cookies import HostCookie
from airside.shield.csrf import FIELD

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in words: the largest unit that fits, rounded down."""
    seconds = int((now - moment).total_seconds())
    for size, word in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        count = seconds // size
        if count >= 1:
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "just now"


def wait(seconds: float) -> str:
    """How long to wait, in words, rounded up."""
    minutes = math.ceil(seconds / _MINUTE)
    if minutes > 1:
        return f"{minutes} minutes"
    whole = max(1, math.ceil(seconds))
    return f"{whole} second{'s' if whole > 1 else ''}"


def session_id(session: Session) -> str:
    """The id of `session` as addresses carry it."""
    return format_id(SESSION, session.id)


_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("airside.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_HELPERS: Final[dict[str, Any]] = {
    "style": ASSETS["airside.css"].address,
    "icon": ASSETS["airside.svg"].address,
    "passkey_script": ASSETS["passkey.js"].address,
    "csrf_field": FIELD,
    "ago": ago,
    "wait": wait,
    "device": describe,
    "session_id": session_id,
}


def page(
    template: str,
    *,
    status: int = 200,
    cookies: Sequence[HostCookie] = (),
    headers: dict[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """The page that `template` makes of `values`. Never cached: pages speak to one person at one moment."""
    html = _ENVIRONMENT.get_template(template, globals=_HELPERS).render(**values)
    response = HTMLResponse(html, status, {"cache-control": "no-store", **(headers or {})})
    for cookie in cookies:
        response.headers.append("set-cookie", cookie.render())
    return response


def retry_header(seconds: float) -> dict[str, str]:
    """`Retry-After` in whole seconds, at least one (RFC 9110 §10.2.3)."""
    return {"retry-after": str(max(1, math.ceil(seconds)))}
