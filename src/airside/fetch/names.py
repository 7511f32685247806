"""What the domain name system says of a name beside its addresses."""

from typing import Final, Protocol

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from airside.core.errors import Unavailable

LOOKUP_SECONDS: Final = 5.0
"""How long one question may take, with every server and every try."""
MAX_RECORDS: Final = 50
MAX_TEXT: Final = 1024
"""Records and bytes of a record that are looked at; the others are somebody's who wants to be read for long."""


class TextRecords(Protocol):
    """Where TXT records are asked for."""

    async def texts(self, name: str) -> list[str]:
        """Every TXT record of `name` (RFC 1035 §3.3.14), its strings put together; none where there is no such name.

        Raises:
            Unavailable: no server answered, or none could say.
        """
        ...


class DnsTextRecords:
    """Implements `TextRecords`: by the system's name servers, or by the one at `server` (`host:port`)."""

    def __init__(self, server: str = "") -> None:
        self._server = server

    async def texts(self, name: str) -> list[str]:
        try:
            answer = await self._resolver().resolve(
                dns.name.from_text(name), dns.rdatatype.TXT, lifetime=LOOKUP_SECONDS, search=False
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, UnicodeError):
            raise Unavailable("name servers") from None
        found: list[bytes] = [b"".join(record.strings) for record in list(answer)[:MAX_RECORDS]]
        return [text.decode("ascii", "replace") for text in found if len(text) <= MAX_TEXT]

    def _resolver(self) -> dns.asyncresolver.Resolver:
        if not self._server:
            return dns.asyncresolver.Resolver()
        resolver = dns.asyncresolver.Resolver(configure=False)
        host, _, port = self._server.rpartition(":")
        resolver.nameservers = [host.strip("[]")]
        resolver.port = int(port)
        return resolver
