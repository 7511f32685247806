"""SCIM 2.0 as it is spoken here (RFC 7643, RFC 7644): what a tenant's service describes of itself, how a filter narrows
what has to be read, and cursors. Bytes in, typed values out.

It owns no resource: `federation/scim` keeps them. The grammar of filters, PATCH and bulk requests is that of
`scim2-models` and `scim2-server`; nothing of it is written again here. What needs those libraries, `description` and
`narrowing`, is imported by its own name, for it costs every start of the command line a second."""

from airside.protocols.scim.vocabulary import (
    GROUP,
    MAX_BULK_BYTES,
    MAX_FILTER,
    MAX_OPERATIONS,
    MAX_PAGE,
    MAX_PATHS,
    PAGE,
    USER,
    Attribute,
    comparable,
)

__all__ = [
    "GROUP",
    "MAX_BULK_BYTES",
    "MAX_FILTER",
    "MAX_OPERATIONS",
    "MAX_PAGE",
    "MAX_PATHS",
    "PAGE",
    "USER",
    "Attribute",
    "comparable",
]
