"""Which addresses are public, as a pure rule: the refused ranges stand here by name.

Source: the IANA special-purpose address registries (RFC 6890 and its updates). Written out instead of asked
of `ipaddress.is_global`, whose answer differs between patch releases and calls some multicast global.
For IPv6 only global unicast is let through, so mapped, translated (NAT64), unique-local, link-local and
multicast addresses fall without being listed.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

_REFUSED_V4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, and the metadata service of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_V6: Final = IPv6Network("2000::/3")
_REFUSED_V6: Final = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo and ORCHID among them
        "2001:db8::/32",
        "2002::/16",  # 6to4: carries an IPv4 address inside
        "3fff::/20",
    )
)


def is_public(address: str) -> bool:
    """Whether `address` (an IP literal, as a resolver gives it) is an ordinary internet address.

    What isn't an address, or carries a zone (`fe80::1%eth0`), is not public.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return not any(parsed in network for network in _REFUSED_V4)
    return _is_public_v6(parsed)


def _is_public_v6(address: IPv6Address) -> bool:
    if address.scope_id is not None or address not in _GLOBAL_V6:
        return False
    return not any(address in network for network in _REFUSED_V6)
