"""How much one request may hold, counted before the library reads it: its models cost tens of microseconds for each
thing that doesn't fit them, so that half a megabyte of nothing would keep a processor for seconds (N36)."""

from collections.abc import Iterator
from typing import Final

from scim2_models import InvalidValueException, PayloadTooLargeException, TooManyException

from airside.core.strict_json import Json
from airside.federation.scim.model import MAX_MEMBERS
from airside.protocols.scim import MAX_OPERATIONS, MAX_PATHS

MAX_VALUES: Final = 500
"""Values in all lists of a request together."""
MAX_LARGE_VALUES: Final = MAX_MEMBERS + MAX_VALUES
"""As many in one about groups, or in a bulk."""

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
        PayloadTooLargeException: a bulk of more than `MAX_OPERATIONS` operations (RFC 7644 §3.7.4), or more values
            than are taken.
        InvalidValueException: members that aren't any: of thousands the library would complain one by one.
    """
    address = path.casefold()
    most = MAX_LARGE_VALUES if address.startswith(_LARGE) else MAX_VALUES
    for name, found, depth in _lists(document):
        if name == _OPERATIONS and depth == 1 and address == _BULK:
            if len(found) > MAX_OPERATIONS:
                raise PayloadTooLargeException(detail=f"at most {MAX_OPERATIONS} operations")
        elif name == _OPERATIONS and len(found) > MAX_PATHS:
            raise TooManyException(detail=f"at most {MAX_PATHS} operations")
        most -= len(found)
        if most < 0:
            raise PayloadTooLargeException(detail="too many values")
        if name == _MEMBERS and not all(map(_is_member, found)):
            raise InvalidValueException(detail="members are objects of value, $ref, type and display")


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
