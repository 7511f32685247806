"""The end of sessions on clients' word, and that clients hear of any end."""

from dataclasses import dataclass

from airside.access import Issuers
from airside.oauth import BackChannel, IdTokenHints, Logout, LogoutTokens
from airside.tokens import IdTokenVerifier
from airside.wiring.entries import Entries
from airside.wiring.foundation import Foundation
from airside.wiring.persons import Persons


@dataclass(frozen=True, kw_only=True)
class Farewells:
    """The services of logout."""

    logout: Logout
    back_channel: BackChannel


def farewells(base: Foundation, who: Persons, doors: Entries, issuers: Issuers) -> Farewells:
    """On `base`, for `who`, who came in through `doors`."""
    lookup = doors.client_lookup
    return Farewells(
        logout=Logout(
            lookup=lookup,
            hints=IdTokenHints(lookup=lookup, verifier=IdTokenVerifier(keys=base.keys), sessions=who.sessions),
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
            tokens=LogoutTokens(keys=base.keys, entropy=base.entropy),
            fetcher=base.fetcher,
        ),
    )
