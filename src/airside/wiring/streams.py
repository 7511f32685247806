"""What leaves for applications that listen."""

from dataclasses import dataclass

from airside.fetch import Fetcher
from airside.notify.webhooks import Deliveries, Endpoints, Sending
from airside.wiring.foundation import Foundation
from airside.wiring.letters import TenantLetterheads
from airside.wiring.persons import Persons
from airside.wiring.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Streams:
    """The services of webhooks. Their fetcher is their own: whoever hangs there holds up no sign-in."""

    webhooks: Endpoints
    webhook_deliveries: Deliveries
    webhook_sending: Sending
    webhook_fetcher: Fetcher


def streams(base: Foundation, who: Persons, settings: Settings) -> Streams:
    """On `base`, of `who`."""
    exceptions = frozenset(settings.fetch_exceptions)
    fetcher = Fetcher(allow=exceptions)
    endpoints = Endpoints(
        vault=base.vault,
        entropy=base.entropy,
        journal=base.journal,
        subscribers=base.subscribers,
        quotas=base.quotas,
        exceptions=exceptions,
    )
    letterheads = TenantLetterheads(lookup=base.lookup, tenants=who.tenants, policies=who.policies)
    return Streams(
        webhooks=endpoints,
        webhook_deliveries=Deliveries(endpoints=endpoints, subscribers=base.subscribers, journal=base.journal),
        webhook_sending=Sending(
            engine=base.engine,
            listener=base.listener,
            clock=base.clock,
            outbox=base.outbox,
            journal=base.journal,
            vault=base.vault,
            endpoints=endpoints,
            is_open=letterheads.is_open,
            fetcher=fetcher,
        ),
        webhook_fetcher=fetcher,
    )
