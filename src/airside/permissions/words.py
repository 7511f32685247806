"""The spelling of objects and subjects: `type:id`, `type:*`, `type:id#relation`.

Rules and lengths are OpenFGA's: an object of at most 256 bytes, a user of at most 512, a relation of at most 50.
"""

import re
from typing import Final

from airside.permissions.model import TupleKey
from airside.permissions.refusals import InvalidQuestion

MAX_OBJECT: Final = 256
MAX_USER: Final = 512
MAX_RELATION: Final = 50
WILDCARD: Final = "*"

_OBJECT: Final = re.compile(r"([^:#@*\s\x00]{1,254}):([^:#\s\x00]+)\Z")
_SUBJECT: Final = re.compile(r"([^:#@*\s\x00]{1,254}):([^:#\s\x00]+)(?:#([^:#@*\s\x00]{1,50}))?\Z")
_RELATION: Final = re.compile(r"[^:#@*\s\x00]{1,50}\Z")


def split_object(text: str) -> tuple[str, str]:
    """`doc:1` → type and id.

    Raises:
        InvalidQuestion: malformed, too long, or a wildcard.
    """
    match = _OBJECT.match(text)
    if match is None or match[2] == WILDCARD or len(text.encode()) > MAX_OBJECT:
        raise InvalidQuestion("object must be spelled 'type:id'")
    return match[1], match[2]


def split_subject(text: str) -> tuple[str, str, str]:
    """`group:eng#member` → type, id and relation (empty for a plain subject or a wildcard).

    Raises:
        InvalidQuestion: malformed or too long.
    """
    match = _SUBJECT.match(text)
    if match is None or len(text.encode()) > MAX_USER or (match[2] == WILDCARD and match[3]):
        raise InvalidQuestion("user must be spelled 'type:id', 'type:*' or 'type:id#relation'")
    return match[1], match[2], match[3] or ""


def check_relation(text: str) -> str:
    """`text`, if a relation may be called that.

    Raises:
        InvalidQuestion: empty, too long, or a character that names don't have.
    """
    if _RELATION.match(text) is None:
        raise InvalidQuestion("relation must be a name of 1 to 50 characters without ':', '#', '@', '*' or space")
    return text


def kind_of(subject: str) -> str:
    """The kind of a well-spelled subject: `user`, `user:*` or `group#member`."""
    head, _, relation = subject.partition("#")
    type_name, _, name = head.partition(":")
    if relation:
        return f"{type_name}#{relation}"
    return f"{type_name}:*" if name == WILDCARD else type_name


def stands_for_several(kind: str) -> bool:
    """Whether a subject of that kind is a userset, or everybody of a type."""
    return "#" in kind or kind.endswith(f":{WILDCARD}")


def spell(key: TupleKey) -> str:
    """A tuple as a person reads it."""
    return f"{key.object}#{key.relation}@{key.user}"
