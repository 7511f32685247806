"""The end of sessions on clients' word, and that clients hear of any end."""

from dataclasses import dataclass

from airside.access import Issuers
from airside.oauth import BackChannel, Logout, LogoutTokens
from airside.wiring.entries import Entries
from airside.wiring.foundation import Foundation
from airside.wiring.persons import Persons
from airside.wiring.provider import Provider


@dataclass(frozen=True, kw_only=True)
class Farewells:
    """The services of logout."""

    logout: Logout
    back_channel: BackChannel


def farewells(base: Foundation, who: Persons, doors: Entries, clients: Provider, issuers: Issuers) -> Farewells:
    """On `base`, for `who`, who use `clients`."""
    return Farewells(
        logout=Logout(
            lookup=doors.client_lookup,
            hints=clients.hints,
            sessions=who.sessions,
            participants=who.participants,
            entropy=base.entropy,
        ),
        back_channel=BackChannel(
            engine=base.engine,
            listener=base.listener,
            clock=base.clock,
            outbox=base.outbox,
            journal=base.journal,
            lookup=base.lookup,
            issuers=issuers,
            tenants=who.tenants,
            tokens=LogoutTokens(keys=base.keys, subjects=base.subjects, entropy=base.entropy),
            fetcher=base.fetcher,
        ),
    )
