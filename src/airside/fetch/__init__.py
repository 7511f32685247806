"""Fetch: the only way out over HTTP, and it can't be led where it should not go.

Owns the outbound client: https only, every resolved address public, the checked address the one connected,
sizes, times and redirects capped, no proxy from the environment and no cookies; and questions to name servers. It
does not own what is
fetched (JWKS, metadata, webhooks): callers parse, and callers decide how long an answer may be kept.
"""

from airside.fetch.client import Fetcher
from airside.fetch.freshness import Freshness
from airside.fetch.model import Fetched, Refused, Unavailable
from airside.fetch.names import DnsTextRecords, TextRecords
from airside.fetch.resolver import Resolver, SystemResolver

__all__ = [
    "DnsTextRecords",
    "Fetched",
    "Fetcher",
    "Freshness",
    "Refused",
    "Resolver",
    "SystemResolver",
    "TextRecords",
    "Unavailable",
]
