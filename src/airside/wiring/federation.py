"""People who prove themselves elsewhere: connections, what logins wait for, and the doors."""

from dataclasses import dataclass

from airside.access import Issuers
from airside.federation import (
    AdministratorNotices,
    Answers,
    Connections,
    Discovery,
    Documents,
    Enforcement,
    Examining,
    FederatedSessions,
    FederatedWays,
    Identities,
    Leading,
    Linking,
    OidcClient,
    OidcDoor,
    OwnKeys,
    ProviderLogouts,
    Providers,
    ProviderSignOuts,
    Removal,
    Requests,
    SamlDoor,
    SamlLogouts,
    SamlMetadata,
    SamlParty,
    SignOuts,
    TenantDomains,
    TenantMappings,
)
from airside.federation.scim import MappedRoles, Provisioned
from airside.fetch import DnsTextRecords
from airside.wiring.foundation import Foundation
from airside.wiring.issuers import TenantIssuers
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
    domains: TenantDomains
    mappings: TenantMappings
    discovery: Discovery
    enforcement: Enforcement
    federated_doors: tuple[Leading, ...]
    federated_ways: FederatedWays
    own_keys: OwnKeys
    removal: Removal
    provider_logouts: ProviderLogouts
    saml_party: SamlParty
    saml_metadata: SamlMetadata
    saml_logouts: SamlLogouts
    sign_outs: SignOuts
    examining_doors: tuple[Examining, ...]


def federation(base: Foundation, who: Persons, settings: Settings, issuers: Issuers) -> Federation:
    """On `base`, for `who`."""
    vault, entropy, journal = base.vault, base.entropy, base.journal
    sessions = FederatedSessions(vault=vault, sessions=who.sessions)
    connections = Connections(
        quotas=base.quotas,
        vault=vault,
        entropy=entropy,
        journal=journal,
        sessions=sessions,
        exceptions=frozenset(settings.fetch_exceptions),
    )
    notices = AdministratorNotices(members=who.members, outbox=base.outbox)
    domains = TenantDomains(
        entropy=entropy,
        journal=journal,
        limiter=base.limiter,
        connections=connections,
        texts=DnsTextRecords(settings.dns_server),
        notices=notices,
        private=settings.mode == "development",
    )
    enforcement = Enforcement(journal=journal, users=who.users, sessions=sessions, notices=notices)
    mappings = TenantMappings(
        vault=vault,
        journal=journal,
        connections=connections,
        users=who.users,
        members=who.members,
        roles=who.roles,
        invitations=who.invitations,
    )
    roles = MappedRoles(connections=connections, mappings=mappings)
    answers = Answers(vault=vault, entropy=entropy, connections=connections, limiter=base.limiter)
    linking = Linking(
        vault=vault,
        entropy=entropy,
        journal=journal,
        users=who.users,
        members=who.members,
        connections=connections,
        answers=answers,
        domains=domains,
        mappings=mappings,
        provisioned=Provisioned(vault=vault, roles=roles),
    )
    requests = Requests(vault=vault, entropy=entropy)
    identities = Identities(vault=vault, journal=journal, connections=connections, sessions=sessions)
    documents = Documents(fetcher=base.fetcher, clock=base.clock)
    providers = Providers(documents=documents)
    issuer = TenantIssuers(lookup=base.lookup, issuers=issuers)
    party = SamlParty(connections=connections, entropy=entropy, issuer=issuer)
    saml = SamlDoor(
        entropy=entropy,
        requests=requests,
        answers=answers,
        linking=linking,
        party=party,
        exceptions=frozenset(settings.fetch_exceptions),
    )
    oidc = OidcDoor(
        journal=journal,
        entropy=entropy,
        connections=connections,
        requests=requests,
        answers=answers,
        linking=linking,
        providers=providers,
        client=OidcClient(fetcher=base.fetcher, entropy=entropy),
        fetcher=base.fetcher,
        issuer=issuer,
        exceptions=frozenset(settings.fetch_exceptions),
    )
    saml_logouts = SamlLogouts(
        entropy=entropy,
        limiter=base.limiter,
        journal=journal,
        connections=connections,
        answers=answers,
        identities=identities,
        sessions=sessions,
        linking=linking,
        party=party,
        exceptions=frozenset(settings.fetch_exceptions),
    )
    doors: tuple[Leading, ...] = (oidc, saml)
    return Federation(
        connections=connections,
        federated_sessions=sessions,
        federation_requests=requests,
        federation_answers=answers,
        linking=linking,
        identities=identities,
        domains=domains,
        mappings=mappings,
        discovery=domains,
        enforcement=enforcement,
        examining_doors=(saml, oidc),
        federated_doors=doors,
        federated_ways=FederatedWays(
            connections=connections, linking=linking, sessions=sessions, enforcement=enforcement, doors=doors
        ),
        own_keys=OwnKeys(connections=connections),
        removal=Removal(connections=connections, domains=domains, mappings=mappings),
        saml_party=party,
        saml_metadata=SamlMetadata(
            documents=documents, connections=connections, exceptions=frozenset(settings.fetch_exceptions)
        ),
        saml_logouts=saml_logouts,
        sign_outs=SignOuts(
            journal=journal,
            sessions=sessions,
            saml=saml_logouts,
            oidc=ProviderSignOuts(
                connections=connections,
                providers=providers,
                sessions=sessions,
                issuer=issuer,
                exceptions=frozenset(settings.fetch_exceptions),
            ),
        ),
        provider_logouts=ProviderLogouts(
            limiter=base.limiter,
            journal=journal,
            connections=connections,
            answers=answers,
            providers=providers,
            identities=identities,
            sessions=sessions,
            linking=linking,
        ),
    )
