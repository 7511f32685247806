"""Where a page may send its own visitor on: a path on this origin and nothing else (N10)."""

from typing import Final

from airside.core.errors import InvalidInput

MAX_TARGET: Final = 2048


def safe_local_path(target: str) -> str:
    """`target` itself, when every browser reads it as a path on this origin: `/console?tab=users`.

    Browsers take `\\` for `/` and drop tabs and newlines before they parse (WHATWG URL §4.4), so `/\\evil.example`
    and `/<tab>/evil.example` lead away; none of these characters passes. Neither do dot segments, which
    could fold into `//`, nor what isn't ASCII: percent-encode it.

    Raises:
        InvalidInput: anything else, or over `MAX_TARGET` characters.
    """
    path = target.partition("?")[0].partition("#")[0]
    lawful = (
        len(target) <= MAX_TARGET
        and target.startswith("/")
        and target.isascii()
        and target.isprintable()
        and not any(mark in target for mark in ("\\", " ", "//"))
        and not any(segment in _DOTS for segment in path.lower().split("/"))
    )
    if not lawful:
        raise InvalidInput("not a path on this origin")
    return target


_DOTS: Final = frozenset({".", "..", "%2e", "%2e%2e", ".%2e", "%2e."})
