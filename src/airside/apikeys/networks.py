"""The networks that a key may be used from. Pure."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from airside.core.errors import InvalidInput

Network: TypeAlias = IPv4Network | IPv6Network

MAX_NETWORKS: Final = 50
IPV4_BITS: Final = 16
IPV6_BITS: Final = 32
"""Of an address: what `network_of` tells apart."""


def read_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Networks in CIDR notation (RFC 4632, RFC 4291 §2.3); an address alone is a network of one.

    Raises:
        InvalidInput: none or over `MAX_NETWORKS`, not a network, or bits set behind its prefix.
    """
    wanted = tuple(texts)
    if not 1 <= len(wanted) <= MAX_NETWORKS:
        raise InvalidInput(f"1 to {MAX_NETWORKS} networks; none named: anywhere", pointer="networks")
    try:
        return tuple(ip_network(text) for text in wanted)
    except ValueError:
        raise InvalidInput("networks are written like 192.0.2.0/24 or 2001:db8::/32", pointer="networks") from None


def network_of(address: str) -> str:
    """The network that `address` is of, as far as who runs it goes: a /16 of IPv4 or a /32 of IPv6, which is about what
    a provider is given; the text itself where it is no address."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return str(ip_network((found, IPV4_BITS if found.version == 4 else IPV6_BITS), strict=False))


def holds(networks: Iterable[Network], address: str) -> bool:
    """Whether `address` is in one of them. What isn't an address is in none; an IPv4 address that comes as IPv6 (RFC
    4291 §2.5.5.2) is the IPv4 address."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in networks)
