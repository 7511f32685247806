"""Redirect URIs: what may be registered, and whether a presented one is the registered one.

Comparison is of strings, code point by code point (RFC 9700 §2.1): no parser, so nothing to confuse (N09). The one
exception: a native client's loopback URI may bring any port (RFC 8252 §7.3). Registration is where a URI is
parsed, once, by a grammar narrower than RFC 3986.
"""

import re
from typing import Final

from airside.core.errors import InvalidInput

MAX_REDIRECT_URI: Final = 2048
_PORT: Final = r"(?::(?P<port>[1-9][0-9]{0,4}))?"
_SEGMENT: Final = r"(?:[A-Za-z0-9._~!$&'()+,;=:@-]|%[0-9A-Fa-f]{2})"
_REST: Final = rf"(?P<path>(?:/{_SEGMENT}*)*)(?:\?(?:{_SEGMENT}|[/?])*)?"
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HTTPS: Final = re.compile(rf"https://(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:]+\]){_PORT}{_REST}")
_LOOPBACK: Final = re.compile(rf"http://(?:127\.0\.0\.1|\[::1\]){_PORT}{_REST}")
_PRIVATE_USE: Final = re.compile(rf"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:(?P<path>/(?:{_SEGMENT}+(?:/{_SEGMENT}*)*)?)")
_ANY_PORT: Final = re.compile(r"(?P<host>http://(?:127\.0\.0\.1|\[::1\]))(?::[1-9][0-9]{0,4})?(?P<rest>(?:[/?].*)?)")
# Encoded controls, separators and dots are read differently by different parsers; none is needed in a path.
_AMBIGUOUS: Final = re.compile(r"%(?:[01][0-9a-f]|2e|2f|5c|7f|25)", re.IGNORECASE)
_DOTS: Final = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")


def check_redirect_uri(uri: str, *, native: bool = False) -> None:
    """Let pass only a URI that can be registered: https; for native clients also http on a loopback address
    (RFC 8252 §7.3) or a private-use scheme with a dot in it and no authority (§7.1).

    No fragment, userinfo, wildcard, dot segment, upper-case host, default port spelt out, or character outside
    printable ASCII.

    Raises:
        InvalidInput: anything else.
    """
    if not 0 < len(uri) <= MAX_REDIRECT_URI:
        raise InvalidInput("redirect URI empty or too long")
    match = _HTTPS.fullmatch(uri)
    if match is None and native:
        match = _LOOPBACK.fullmatch(uri) or _PRIVATE_USE.fullmatch(uri)
    if match is None:
        raise InvalidInput("redirect URI must be https; for native clients also loopback or a private-use scheme")
    if _AMBIGUOUS.search(uri) or _DOTS.search(match["path"]):
        raise InvalidInput("redirect URI is ambiguous")
    port = match.groupdict().get("port")
    default = "443" if uri.startswith("https") else "80"
    if port is not None and (port == default or int(port) > 65535):
        raise InvalidInput("redirect URI spells out the default port, or one that doesn't exist")


def redirect_matches(registered: str, presented: str, *, native: bool = False) -> bool:
    """Whether `presented` is the `registered` redirect URI."""
    if presented == registered:
        return True
    if not native or len(presented) > MAX_REDIRECT_URI:
        return False
    ours, theirs = _ANY_PORT.fullmatch(registered), _ANY_PORT.fullmatch(presented)
    if ours is None or theirs is None:
        return False
    return (ours["host"], ours["rest"]) == (theirs["host"], theirs["rest"]) and _port_exists(presented)


def _port_exists(uri: str) -> bool:
    port = re.match(r"http://[^/?]*?:([0-9]+)(?:[/?]|$)", uri)
    return port is None or int(port[1]) <= 65535
