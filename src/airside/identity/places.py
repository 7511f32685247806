"""Where an address is: its country, from a table that a package ships. Nothing is asked over the network.

The table (`ip3country`) has IPv4 only, in blocks of 256 addresses, as its makers knew the registries' allocations.
An IPv6, private, reserved or malformed address has no country here, and no country raises no signal
(docs/decisions/0014). A country is a hint of where somebody is and never a proof: VPNs, roaming and satellite links
say another one.
"""

import ipaddress
from functools import cache
from typing import Protocol, cast

from ip3country import CountryLookup


class _Table(Protocol):
    def lookupNumeric(self, ipNumber: int, /) -> str | None: ...  # noqa: N802, N803 - the package's own names


@cache
def _the_table() -> _Table:
    return cast(_Table, CountryLookup())


class Places:
    """Countries by address. The table is read once in a process, when somebody is first asked for (10 MiB, 60 ms)."""

    def read(self) -> None:
        """Read the table now, where nobody waits: verbs of the command line never need it, servers do."""
        _the_table()

    def country(self, address: str) -> str | None:
        """The ISO 3166-1 alpha-2 code of the country of `address`; None where it isn't known."""
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return None
        if isinstance(parsed, ipaddress.IPv6Address):
            if parsed.ipv4_mapped is None:
                return None
            parsed = parsed.ipv4_mapped
        return _the_table().lookupNumeric(int(parsed)) if parsed.is_global else None
