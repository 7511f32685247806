"""What is shut of a tenant: whether it is locked, and which networks it takes nothing from. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias
from uuid import UUID

from airside.core.errors import InvalidInput
from airside.core.ids import BAN, format_id

Network: TypeAlias = IPv4Network | IPv6Network

MAX_BANS: Final = 200
"""Networks that a tenant shuts out at once: a list of them is one answer."""
MAX_BANNED: Final = timedelta(days=30)
"""How long for at most."""
MIN_PREFIX: Final = 8
"""A shorter prefix than this is so many that it has to be meant."""

_MAPPED: Final = IPv6Network("::ffff:0:0/96")
"""IPv4 written as IPv6 (RFC 4291 §2.5.5.2)."""
_GLOBAL: Final = IPv6Network("2000::/3")
"""What is routed (RFC 4291 §2.4, the registry of IANA)."""


@dataclass(frozen=True, slots=True)
class Lock:
    """That the tenant is locked, by whom, since when."""

    locked_by: str
    locked_at: datetime


@dataclass(frozen=True, slots=True)
class Ban:
    """A network that is shut out until `expires_at`."""

    ban_id: UUID
    network: Network
    banned_by: str
    banned_at: datetime
    expires_at: datetime

    @property
    def word(self) -> str:
        """The id as people see it."""
        return format_id(BAN, self.ban_id)


class Lockdown:
    """What holds for a tenant. `shuts_out` costs one look for each length of prefix that is banned, however many
    networks are."""

    __slots__ = ("_until", "bans", "lock")

    def __init__(self, lock: Lock | None = None, bans: Iterable[Ban] = ()) -> None:
        self.lock = lock
        self.bans = tuple(bans)
        self._until: dict[tuple[int, int], dict[int, datetime]] = defaultdict(dict)
        for ban in self.bans:
            network = ban.network
            known = self._until[network.version, network.max_prefixlen - network.prefixlen]
            place = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
            known[place] = max(ban.expires_at, known.get(place, ban.expires_at))

    def shuts_out(self, address: str, now: datetime) -> bool:
        """Whether `address` is in a network whose ban isn't over at `now`. What isn't an address is in none; an IPv4
        address that comes as IPv6 (RFC 4291 §2.5.5.2) is the IPv4 address."""
        if not self._until:
            return False
        try:
            found = ip_address(address)
        except ValueError:
            return False
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        value = int(found)
        for (version, shift), known in self._until.items():
            until = known.get(value >> shift) if version == found.version else None
            if until is not None and now < until:
                return True
        return False


OPEN: Final = Lockdown()
"""Nothing is shut."""


def read_network(text: str) -> Network:
    """A network in CIDR notation (RFC 4632, RFC 4291 §2.3); an address alone is a network of one. IPv4 written as IPv6
    is IPv4, for that is what requests are seen as.

    Raises:
        InvalidInput: not a network, or bits set behind its prefix; or one around all of IPv4 written as IPv6, in which
            nobody would be.
    """
    try:
        network = ip_network(text if "%" not in text else "")  # a zone is of one machine alone (RFC 4007 §6)
    except ValueError:
        wanted = "a network is written like 192.0.2.0/24 or 2001:db8::/32"
        raise InvalidInput(wanted, pointer="network") from None
    if not isinstance(network, IPv6Network):
        return network
    mapped = network.network_address.ipv4_mapped
    if mapped is not None:
        return IPv4Network((mapped, network.prefixlen - _MAPPED.prefixlen))
    if network.supernet_of(_MAPPED) and not network.supernet_of(_GLOBAL):
        raise InvalidInput("IPv4 is written as IPv4: 0.0.0.0/0 is all of it", pointer="network")
    return network
