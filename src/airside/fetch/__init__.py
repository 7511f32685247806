"""Fetch: the only way out over HTTP, and it can't be led where it should not go.

Owns the outbound client: https only, every resolved address public, the checked address the one connected,
sizes, times and redirects capped, no proxy from the environment and no cookies; transports for clients of applications
that take pinned keys and no others; and questions to name servers. It does not own what is fetched (JWKS, metadata,
webhooks): callers parse, and callers decide how long an answer may be kept.
"""

from airside.fetch.client import Fetcher
from airside.fetch.freshness import Freshness
from airside.fetch.model import Fetched, OverCap, Refused, Unavailable
from airside.fetch.names import DnsTextRecords, TextRecords
from airside.fetch.pinned import AsyncPinnedTransport
from airside.fetch.pinned_blocking import PinnedTransport
from airside.fetch.pinning import HeldPins, Learned, PinRefused
from airside.fetch.resolver import Resolver, SystemResolver

__all__ = [
    "AsyncPinnedTransport",
    "DnsTextRecords",
    "Fetched",
    "Fetcher",
    "Freshness",
    "HeldPins",
    "Learned",
    "OverCap",
    "PinRefused",
    "PinnedTransport",
    "Refused",
    "Resolver",
    "SystemResolver",
    "TextRecords",
    "Unavailable",
]
