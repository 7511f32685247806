"""How much one request may hold, counted before the library reads it: its models cost tens of microseconds for each
thing that doesn't fit them, so that half a megabyte of nothing would keep a processor for seconds (N36)."""

from collections.abc import Iterator
from typing import Final

from scim2_models import InvalidPathException, InvalidValueException, PayloadTooLargeException, TooManyException

from airside.core.strict_json import Json
from airside.federation.scim.model import MAX_MEMBERS
from airside.protocols.scim import MAX_OPERATIONS, MAX_PATHS

MAX_VALUES: Final = 500
"""Values in all lists of a request together."""
MAX_LARGE_VALUES: Final = MAX_MEMBERS + MAX_VALUES
"""As many in one about groups, or in a bulk."""
MAX_MARKS: Final = 5 * MAX_LARGE_VALUES
"""`{`, `[` and `,` in a request: of so many members, each with all that is said of one."""
MAX_PATH_CHARACTERS: Final = 16 * 1024
"""In the paths of all operations of PATCH together: each costs the library about a microsecond."""

_BULK: Final = "/bulk"
_LARGE: Final = (_BULK, "/groups")
_OPERATIONS: Final = "operations"
_MEMBERS: Final = "members"
_OF_MEMBER: Final = frozenset({"value", "$ref", "type", "display"})
"""What is said of a member (RFC 7643 §4.2, §8.7.1)."""


def demand_bounded(path: str, document: Json) -> None:
    """Let pass only what isn't too much to be read, at an address below the service's root.

    Raises:
        TooManyException: a PATCH of more than `MAX_PATHS` operations, in a bulk or by itself.
        InvalidPathException: their paths are too long.
        PayloadTooLargeException: a bulk of more than `MAX_OPERATIONS` operations (RFC 7644 §3.7.4), or more values
            than are taken.
        InvalidValueException: members that aren't any: of thousands the library would complain one by one.
    """
    address = path.casefold()
    most = MAX_LARGE_VALUES if address.startswith(_LARGE) else MAX_VALUES
    characters = MAX_PATH_CHARACTERS
    for name, found, depth in _lists(document):
        if name == _OPERATIONS and depth == 1 and address == _BULK:
            if len(found) > MAX_OPERATIONS:
                raise PayloadTooLargeException(detail=f"at most {MAX_OPERATIONS} operations")
        elif name == _OPERATIONS:
            if len(found) > MAX_PATHS:
                raise TooManyException(detail=f"at most {MAX_PATHS} operations")
            characters -= sum(map(_length_of_path, found))
            if characters < 0:
                raise InvalidPathException(detail=f"at most {MAX_PATH_CHARACTERS} characters of paths")
        most -= len(found)
        if most < 0:
            raise PayloadTooLargeException(detail="too many values")
        if name == _MEMBERS and not all(map(_is_member, found)):
            raise InvalidValueException(detail="members are objects of value, $ref, type and display")


def _length_of_path(operation: Json) -> int:
    if not isinstance(operation, dict):
        return 0
    return sum(len(value) for name, value in operation.items() if name.casefold() == "path" and isinstance(value, str))


def _is_member(found: Json) -> bool:
    return isinstance(found, dict) and all(
        name.casefold() in _OF_MEMBER and (value is None or isinstance(value, str)) for name, value in found.items()
    )


def _lists(document: Json) -> Iterator[tuple[str, list[Json], int]]:
    """Every list, by the name that it stands under, each before what is in it; how many objects are around it."""
    pending: list[tuple[str, Json, int]] = [("", document, 0)]
    while pending:
        name, value, depth = pending.pop()
        if isinstance(value, dict):
            pending.extend((key.casefold(), each, depth + 1) for key, each in value.items())
        elif isinstance(value, list):
            yield name, value, depth
            pending.extend((name, each, depth) for each in value if isinstance(each, dict | list))
