"""What a limit is, and what a verb asks of it."""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from airside.core.gcra import Rate

IPV6_SITE: Final = 64
"""Bits of an IPv6 address that tell one site from another (RFC 4291 §2.5.4): the rest is the site's own to choose."""

MAX_DEMANDS: Final = 8
"""Most limits that one verb may ask for at once."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit, whole.

    `name` is stable: it stands in stored state and in answers. `keyed_by` says in words what one counter stands for.
    `failures_only` says that a success gives its unit back (the verb calls `refund`).
    """

    name: str
    rate: Rate
    keyed_by: str
    description: str
    failures_only: bool = False


Demand: TypeAlias = tuple[Limit, str]
"""A limit, and which of its counters."""


@lru_cache(maxsize=4096)
def origin_key(address: str) -> str:
    """The counter of an origin: an IPv4 address, the /64 of an IPv6 one, or the text itself where it is neither."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    mapped = parsed.ipv4_mapped
    if mapped is not None:
        return str(mapped)
    prefix = int(parsed) >> (128 - IPV6_SITE) << (128 - IPV6_SITE)
    return f"{ipaddress.IPv6Address(prefix)}/{IPV6_SITE}"
