"""People who prove themselves elsewhere: connections, what logins wait for, and the doors."""

from dataclasses import dataclass

from airside.federation import (
    Answers,
    Connections,
    Discovery,
    FederatedSessions,
    FederatedWays,
    Identities,
    Leading,
    Linking,
    NoDiscovery,
    NoDomains,
    PlainMappings,
    Requests,
)
from airside.wiring.foundation import Foundation
from airside.wiring.persons import Persons
from airside.wiring.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Federation:
    """The services of federation."""

    connections: Connections
    federated_sessions: FederatedSessions
    federation_requests: Requests
    federation_answers: Answers
    linking: Linking
    identities: Identities
    discovery: Discovery
    federated_doors: tuple[Leading, ...]
    federated_ways: FederatedWays


def federation(base: Foundation, who: Persons, settings: Settings) -> Federation:
    """On `base`, for `who`."""
    vault, entropy, journal = base.vault, base.entropy, base.journal
    sessions = FederatedSessions(vault=vault, sessions=who.sessions)
    connections = Connections(
        vault=vault,
        entropy=entropy,
        journal=journal,
        sessions=sessions,
        exceptions=frozenset(settings.fetch_exceptions),
    )
    answers = Answers(vault=vault, entropy=entropy, connections=connections, limiter=base.limiter)
    linking = Linking(
        vault=vault,
        entropy=entropy,
        journal=journal,
        users=who.users,
        connections=connections,
        answers=answers,
        domains=NoDomains(),
        mappings=PlainMappings(),
    )
    doors: tuple[Leading, ...] = ()
    return Federation(
        connections=connections,
        federated_sessions=sessions,
        federation_requests=Requests(vault=vault, entropy=entropy),
        federation_answers=answers,
        linking=linking,
        identities=Identities(vault=vault, journal=journal, connections=connections, sessions=sessions),
        discovery=NoDiscovery(),
        federated_doors=doors,
        federated_ways=FederatedWays(connections=connections, linking=linking, sessions=sessions, doors=doors),
    )
