"""What leaves for applications that listen, and for the operator's receiver of syslog."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from airside.audit import AuditLog
from airside.fetch import Fetcher
from airside.notify.syslog import SyslogReceiver, SyslogStream, syslog_context
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
    syslog: SyslogStream | None


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
        syslog=_syslog(base, settings),
    )


def _syslog(base: Foundation, settings: Settings) -> SyslogStream | None:
    """Raises: Misconfigured: a file that the setting names isn't what it has to be."""
    server = settings.syslog_url
    if server is None:
        return None
    stream = SyslogStream(
        engine=base.engine,
        clock=base.clock,
        log=AuditLog(vault=base.vault),
        receiver=SyslogReceiver(server, tls=syslog_context(server)),
        host=urlsplit(settings.public_url).hostname or "",
        personal=server.personal,
    )
    base.sequencer.follow(stream.stir)
    return stream
