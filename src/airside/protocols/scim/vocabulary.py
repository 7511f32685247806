"""The words and bounds of SCIM as it is spoken here: what whoever only keeps resources, or manages their tokens, needs
without the libraries that speak it."""

from typing import Final, Literal, TypeAlias

USER: Final = "User"
GROUP: Final = "Group"

PAGE: Final = 100
"""Resources of one answer where the request doesn't say."""
MAX_PAGE: Final = 200
"""Most resources of one answer."""
MAX_OPERATIONS: Final = 200
"""Most operations of one bulk request."""
MAX_BULK_BYTES: Final = 512 * 1024
"""Bytes of one bulk request."""
MAX_FILTER: Final = 2048
"""Characters of a filter. How deep it may nest (32) is the library's to bound."""
MAX_PATHS: Final = 100
"""Operations of one PATCH."""
CURSOR_SECONDS: Final = 3600
"""How long a cursor is good."""

Attribute: TypeAlias = Literal["userName", "externalId", "emails.value", "displayName", "members.value", "id"]
"""What resources are found by without opening them."""


def comparable(kind: str, attribute: Attribute, value: str) -> bytes:
    """The form in which the library compares values of `attribute`: what is equal to a filter is equal in it."""
    from airside.protocols.scim.description import binding  # its libraries take a second to import

    return str(binding(kind, attribute).comparable(value)).encode("utf-8", "replace")
