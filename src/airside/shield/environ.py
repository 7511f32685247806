"""A WSGI environ (PEP 3333) in the words of an ASGI scope, which the decisions read, and back. No IO.

What the server has already folded together can't be taken apart again: a header that came twice is one with a comma,
which is why lengths, hosts and origins with a comma in them are refused.
"""

from typing import Any, Final
from urllib.parse import quote

from airside.shield.passage import Scope
from airside.shield.screen import PEER, Incoming

Environ = dict[str, Any]
_RAW: Final = ("REQUEST_URI", "RAW_URI")  # waitress, Werkzeug, uWSGI; gunicorn
_BODY: Final = ("CONTENT_TYPE", "CONTENT_LENGTH")
_COOKIE: Final = "HTTP_COOKIE"
_ADDRESS: Final = "REMOTE_ADDR"


def request_scope(environ: Environ) -> Scope:
    """What the request says of itself. A path that isn't UTF-8 carries surrogates, and is plain to nobody."""
    path = (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1") or b"/"
    return {
        "type": "http",
        "http_version": environ.get("SERVER_PROTOCOL", "HTTP/1.1").partition("/")[2],
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        "path": path.decode("utf-8", "surrogateescape"),
        "raw_path": _raw_path(environ) or quote(path).encode(),
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1"),
        "headers": _lines(environ),
        "client": (environ.get(_ADDRESS, ""), 0),
    }


def take_over(environ: Environ, scope: Scope, headers: Incoming) -> None:
    """Let the application see what was decided: who the client is, by which scheme, and no cookie where none acts."""
    environ.setdefault(PEER, environ.get(_ADDRESS, ""))
    environ[_ADDRESS] = scope["client"][0]
    environ["wsgi.url_scheme"] = scope["scheme"]
    if b"cookie" not in headers:
        environ.pop(_COOKIE, None)


def _lines(environ: Environ) -> list[tuple[bytes, bytes]]:
    lines = [
        (name[5:].replace("_", "-").lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    return lines + [
        (name.replace("_", "-").lower().encode(), environ[name].encode("latin-1"))
        for name in _BODY
        if environ.get(name)
    ]


def _raw_path(environ: Environ) -> bytes:
    """The path as it was sent, where the server tells; without it, an encoded slash can't be told from a slash."""
    for name in _RAW:
        target: str = environ.get(name, "")
        if target:
            absolute = "" if target.startswith("/") else target.partition("://")[2].partition("/")[2]
            return (target if target.startswith("/") else "/" + absolute).partition("?")[0].encode("latin-1", "replace")
    return b""
