"""Security events for the clients that asked for them."""

from dataclasses import dataclass

from airside.access import Issuers
from airside.oauth.signals import (
    Polling,
    SecurityEventTokens,
    SignalNews,
    SignalSending,
    SignalStreams,
    StreamSubjects,
)
from airside.wiring.foundation import Foundation
from airside.wiring.issuers import TenantIssuers
from airside.wiring.letters import TenantLetterheads
from airside.wiring.persons import Persons
from airside.wiring.settings import Settings
from airside.wiring.streams import Streams


@dataclass(frozen=True, kw_only=True)
class Signals:
    """The services of shared signals."""

    signal_streams: SignalStreams
    signal_subjects: StreamSubjects
    signal_polling: Polling
    signal_news: SignalNews
    signal_sending: SignalSending


def signals(base: Foundation, who: Persons, listening: Streams, issuers: Issuers, settings: Settings) -> Signals:
    """On `base`, of `who`. Receivers share the fetcher of webhooks: who hangs there holds up no sign-in."""
    tokens = SecurityEventTokens(keys=base.keys, subjects=base.subjects)
    streams = SignalStreams(
        vault=base.vault,
        entropy=base.entropy,
        journal=base.journal,
        listener=base.signal_listener,
        exceptions=frozenset(settings.fetch_exceptions),
    )
    letterheads = TenantLetterheads(lookup=base.lookup, tenants=who.tenants, policies=who.policies)
    return Signals(
        signal_streams=streams,
        signal_subjects=StreamSubjects(streams=streams, journal=base.journal),
        signal_polling=Polling(streams=streams, tokens=tokens, journal=base.journal),
        signal_news=SignalNews(base.listener),
        signal_sending=SignalSending(
            engine=base.engine,
            listener=base.listener,
            clock=base.clock,
            outbox=base.outbox,
            journal=base.journal,
            vault=base.vault,
            tokens=tokens,
            issuer=TenantIssuers(lookup=base.lookup, issuers=issuers),
            is_open=letterheads.is_open,
            fetcher=listening.webhook_fetcher,
        ),
    )
