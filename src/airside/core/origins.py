"""From where somebody comes, as far as counting goes."""

import ipaddress
from functools import lru_cache
from typing import Final

IPV6_SITE: Final = 64
"""Bits of an IPv6 address that tell one site from another (RFC 4291 §2.5.4): the rest is the site's own to choose."""


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
