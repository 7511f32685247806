"""Where people come in: the login flow and its doors, sign-up, invitations, recovery; and what is mailed for it."""

from dataclasses import dataclass

from airside.access import Issuers
from airside.audit import Authority
from airside.custody import PersonCertifier
from airside.federation import CertificateReminders, Connections, SetupDomains, SetupPortal, Setups, SetupTrials
from airside.identity import (
    EmailCodeAuthenticator,
    EnrolPasskeyAuthenticator,
    EnrolTotpAuthenticator,
    Erasure,
    NewPasswordAuthenticator,
    PasskeyAuthenticator,
    PasswordAuthenticator,
    RecoveryCodeAuthenticator,
    TotpAuthenticator,
)
from airside.notify import Delivery, Letters, Mailbox, Mailer, RoomSources, Smtp
from airside.oauth import (
    ClientDocuments,
    ClientLookup,
    ClientMemory,
    Clients,
    Consents,
    Registrations,
    RegistrationTokens,
    Scopes,
    SectorIdentifiers,
)
from airside.signin import Acceptance, Closing, Flows, People, Recovery, Registration, Verification
from airside.tenancy import Inviters
from airside.wiring.federation import Federation
from airside.wiring.foundation import Foundation
from airside.wiring.letters import MailedCodes, MailedLinks, SessionOccasions, TenantLetterheads
from airside.wiring.persons import Persons
from airside.wiring.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Entries:
    """The services of sign-in."""

    flows: Flows
    registration: Registration
    recovery: Recovery
    verification: Verification
    acceptance: Acceptance
    closing: Closing
    clients: Clients
    client_documents: ClientDocuments
    client_lookup: ClientLookup
    scopes: Scopes
    consents: Consents
    registration_tokens: RegistrationTokens
    registrations: Registrations
    mailbox: Mailbox | None
    delivery: Delivery
    setups: Setups
    setup_domains: SetupDomains
    setup_portal: SetupPortal
    setup_trials: SetupTrials
    certificate_reminders: CertificateReminders


def entries(base: Foundation, who: Persons, elsewhere: Federation, settings: Settings, issuers: Issuers) -> Entries:
    """On `base`, for `who`."""
    registration = _registration(base, who, elsewhere)
    memory = ClientMemory(listener=base.listener, clock=base.clock)
    clients = Clients(
        quotas=base.quotas,
        entropy=base.entropy,
        journal=base.journal,
        families=base.families,
        memory=memory,
        key_rotation=base.key_rotation,
        sectors=SectorIdentifiers(fetcher=base.fetcher),
        exceptions=frozenset(settings.fetch_exceptions),
    )
    acceptance = Acceptance(
        journal=base.journal,
        links=who.links,
        users=who.users,
        passwords=who.passwords,
        members=who.members,
        invitations=who.invitations,
        clients=clients,
        enforcement=elsewhere.enforcement,
    )
    mailer = _mailer(settings)
    setups = Setups(
        vault=base.vault,
        entropy=base.entropy,
        journal=base.journal,
        links=who.links,
        outbox=base.outbox,
        inviters=Inviters(users=who.users, members=who.members, clients=clients),
    )
    scopes = Scopes(journal=base.journal)
    documents = ClientDocuments(
        fetcher=base.fetcher,
        clock=base.clock,
        limiter=base.limiter,
        journal=base.journal,
        policies=who.policies,
        lookup=base.lookup,
        issuers=issuers,
        clients=clients,
        scopes=scopes,
    )
    tokens = RegistrationTokens(entropy=base.entropy, journal=base.journal)
    setup_domains = SetupDomains(domains=elsewhere.domains, limiter=base.limiter, journal=base.journal)
    portal = SetupPortal(
        setups=setups,
        connections=elsewhere.connections,
        removal=elsewhere.removal,
        metadata=elsewhere.saml_metadata,
        domains=setup_domains,
        limiter=base.limiter,
        journal=base.journal,
        entropy=base.entropy,
    )
    return Entries(
        flows=_flows(base, who, elsewhere),
        registration=registration,
        recovery=Recovery(
            vault=base.vault,
            entropy=base.entropy,
            limiter=base.limiter,
            journal=base.journal,
            links=who.links,
            users=who.users,
            passwords=who.passwords,
            sessions=who.sessions,
            factors=who.factors,
            devices=who.devices,
            outbox=base.outbox,
            enforcement=elsewhere.enforcement,
        ),
        verification=Verification(
            limiter=base.limiter, journal=base.journal, links=who.links, users=who.users, outbox=base.outbox
        ),
        acceptance=acceptance,
        closing=Closing(
            users=who.users,
            sessions=who.sessions,
            members=who.members,
            invitations=who.invitations,
            policies=who.policies,
            erasure=Erasure(
                vault=base.vault,
                archive=base.archive,
                journal=base.journal,
                outbox=base.outbox,
                certifier=PersonCertifier(
                    authority=Authority(vault=base.vault, entropy=base.entropy), entropy=base.entropy
                ),
            ),
        ),
        clients=clients,
        client_documents=documents,
        client_lookup=ClientLookup(memory=memory, documents=documents),
        consents=Consents(journal=base.journal, families=base.families),
        scopes=scopes,
        registration_tokens=tokens,
        registrations=Registrations(
            entropy=base.entropy,
            journal=base.journal,
            limiter=base.limiter,
            policies=who.policies,
            clients=clients,
            scopes=scopes,
            tokens=tokens,
        ),
        mailbox=mailer if isinstance(mailer, Mailbox) else None,
        delivery=_delivery(base, who, registration, acceptance, setups, elsewhere.connections, mailer, settings),
        setups=setups,
        setup_domains=setup_domains,
        setup_portal=portal,
        certificate_reminders=CertificateReminders(
            connections=elsewhere.connections, setups=setups, outbox=base.outbox, journal=base.journal
        ),
        setup_trials=SetupTrials(
            vault=base.vault,
            journal=base.journal,
            portal=portal,
            connections=elsewhere.connections,
            mappings=elsewhere.mappings,
            doors=elsewhere.examining_doors,
        ),
    )


def _flows(base: Foundation, who: Persons, elsewhere: Federation) -> Flows:
    return Flows(
        vault=base.vault,
        entropy=base.entropy,
        journal=base.journal,
        sessions=who.sessions,
        authenticators=[
            PasswordAuthenticator(who.passwords, elsewhere.enforcement),
            PasskeyAuthenticator(who.passkeys),
            TotpAuthenticator(who.totp),
            RecoveryCodeAuthenticator(who.recovery_codes),
            EmailCodeAuthenticator(who.email_codes),
            EnrolTotpAuthenticator(who.totp, who.users, who.tenants),
            EnrolPasskeyAuthenticator(who.passkeys, who.users, who.tenants),
            NewPasswordAuthenticator(who.passwords),
            *elsewhere.federated_doors,
        ],
        people=People(
            policies=who.policies,
            factors=who.factors,
            passwords=who.passwords,
            devices=who.devices,
            signals=who.signals,
            outbox=base.outbox,
            federated=elsewhere.federated_ways,
            lockdowns=who.lockdowns,
            members=who.members,
        ),
        federated=elsewhere.federated_ways,
        tallies=base.tallies,
    )


def _registration(base: Foundation, who: Persons, elsewhere: Federation) -> Registration:
    return Registration(
        vault=base.vault,
        limiter=base.limiter,
        hashes=who.hashes,
        journal=base.journal,
        links=who.links,
        users=who.users,
        passwords=who.passwords,
        members=who.members,
        outbox=base.outbox,
        policies=who.policies,
        enforcement=elsewhere.enforcement,
    )


def _delivery(
    base: Foundation,
    who: Persons,
    registration: Registration,
    acceptance: Acceptance,
    setups: Setups,
    connections: Connections,
    mailer: Mailer,
    settings: Settings,
) -> Delivery:
    return Delivery(
        engine=base.engine,
        listener=base.listener,
        clock=base.clock,
        outbox=base.outbox,
        journal=base.journal,
        sources=RoomSources(
            users=who.users,
            letterheads=TenantLetterheads(lookup=base.lookup, tenants=who.tenants, policies=who.policies),
            links=MailedLinks(
                lookup=base.lookup,
                links=who.links,
                registration=registration,
                acceptance=acceptance,
                setups=setups,
                connections=connections,
                users=who.users,
            ),
            codes=MailedCodes(email_codes=who.email_codes),
            occasions=SessionOccasions(sessions=who.sessions, policies=who.policies),
        ),
        letters=Letters(public_url=settings.public_url),
        mailer=mailer,
    )


def _mailer(settings: Settings) -> Mailer:
    """A mail server; without one, which only development may be, a mailbox to look into."""
    return Mailbox() if settings.smtp_url is None else Smtp(settings.smtp_url, sender=settings.mail_from)
