"""Path patterns that routes declare, matched by segments: `/t/{slug}/saml/{connection}/acs`."""

import re
from collections.abc import Mapping
from typing import Final, Generic, TypeVar

from airside.core.errors import Misconfigured
from airside.shield.characters import MISLEADING_IN_LINE

Value = TypeVar("Value")
_DOTS: Final = frozenset({".", ".."})
_USUAL: Final = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*+)++/?|/")
_ENCODED: Final = (b"%2f", b"%5c", b"%2e", b"%00")


class PathTable(Generic[Value]):
    """Patterns → values. `{name}` stands for exactly one segment that isn't empty; the first declared wins."""

    __slots__ = ("_by_length",)

    def __init__(self, setting: str, patterns: Mapping[str, Value]) -> None:
        """Raises `Misconfigured` (naming `setting`) on a pattern with `*`, a query, or not starting with `/`."""
        self._by_length: dict[int, list[tuple[list[str | None], Value]]] = {}
        for pattern, value in patterns.items():
            if not pattern.startswith("/") or any(mark in pattern for mark in "*?# \\"):
                raise Misconfigured(setting, f"{pattern!r} isn't a path pattern")
            segments = [None if part.startswith("{") else part for part in pattern.split("/")]
            self._by_length.setdefault(len(segments), []).append((segments, value))

    def get(self, path: str) -> Value | None:
        """The value of the first pattern that `path` matches."""
        if not self._by_length:
            return None
        parts = path.split("/")
        for segments, value in self._by_length.get(len(parts), ()):
            if all(
                part == segment or (segment is None and part) for part, segment in zip(parts, segments, strict=True)
            ):
                return value
        return None


def is_plain(path: str, raw_path: bytes) -> bool:
    """Whether every layer reads `path` alike (N32): no empty or dot segment, backslash, control character or
    other that misleads, and nothing of the kind hidden by percent-encoding in `raw_path`."""
    if _USUAL.fullmatch(path) and raw_path == path.encode():
        return True
    if path[:1] != "/" or "//" in path or "\\" in path or MISLEADING_IN_LINE.search(path):
        return False
    if "/." in path and not _DOTS.isdisjoint(path.split("/")):
        return False
    if b"//" in raw_path:  # some servers fold slashes before they tell the path
        return False
    if b"%" in raw_path:
        lowered = raw_path.lower()
        return not any(mark in lowered for mark in _ENCODED)
    return True
