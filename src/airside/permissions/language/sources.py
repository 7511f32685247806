"""Where the parts of a modular model come from, as OpenFGA's tools tell it in comments of a model written whole."""

import re
from typing import Final

from airside.permissions.model import Source

MAX_FILE: Final = 1024
EXTENDED: Final = "extended by: "
_TOLD: Final = re.compile(r"# (extended by: )?module: ([^\s:#@*,]{1,254}), file: (\S(?:.*\S)?|)\Z")
_MODULE: Final = re.compile(r"[^\s:#@*,\x00]{1,254}\Z")


def told_source(comment: str, extended: str = "") -> Source | None:
    """The source that a comment tells, if that is what it is."""
    found = _TOLD.match(comment.strip())
    if found is None or (found[1] or "") != extended:
        return None
    source = Source(found[2], found[3])
    return source if is_source(source) else None


def source_comment(source: Source | None, extended: str = "") -> str:
    """What stands after a part that comes from `source`; nothing for none."""
    if source is None or not source.module:
        return ""
    return f" # {extended}module: {source.module}, file: {source.file}".rstrip()


def is_source(source: Source) -> bool:
    """Whether the words of `source` fit into a line."""
    return (not source.module or _MODULE.match(source.module) is not None) and (
        len(source.file) <= MAX_FILE and source.file.isprintable()
    )
