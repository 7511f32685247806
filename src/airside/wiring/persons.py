"""Who people are and what their tenant is: identity and tenancy."""

from dataclasses import dataclass

from airside.audit import Activity
from airside.identity import (
    Devices,
    EmailCodes,
    Factors,
    Guesses,
    HashPool,
    LeakService,
    Links,
    Passkeys,
    Passwords,
    Places,
    RecoveryCodes,
    Sessions,
    SignalReader,
    Strength,
    Totp,
    Users,
)
from airside.oauth import Participants
from airside.protocols.webauthn import RelyingParty
from airside.tenancy import (
    Grants,
    Invitations,
    Lockdowns,
    Members,
    NamedGrants,
    Roles,
    TenantPolicies,
    Tenants,
    VaultKeys,
)
from airside.wiring.foundation import Foundation
from airside.wiring.indexes import VALUES
from airside.wiring.roots import attestation_roots
from airside.wiring.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Persons:
    """The services of identity and tenancy."""

    policies: TenantPolicies
    hashes: HashPool
    users: Users
    devices: Devices
    places: Places
    signals: SignalReader
    passwords: Passwords
    passkeys: Passkeys
    totp: Totp
    recovery_codes: RecoveryCodes
    email_codes: EmailCodes
    factors: Factors
    sessions: Sessions
    participants: Participants
    links: Links
    tenants: Tenants
    lockdowns: Lockdowns
    roles: Roles
    members: Members
    named_grants: NamedGrants
    invitations: Invitations
    activity: Activity
    vault_keys: VaultKeys


def persons(base: Foundation, settings: Settings) -> Persons:
    """On `base`."""
    vault, entropy, journal, limiter = base.vault, base.entropy, base.journal, base.limiter
    policies = TenantPolicies(journal=journal, clock=base.clock)
    hashes = HashPool(clock=base.clock, entropy=entropy)
    places = Places()
    devices = Devices(vault=vault, entropy=entropy, journal=journal, policies=policies)
    leaks = LeakService(fetcher=base.fetcher, url=settings.leak_service_url) if settings.leak_service_url else None
    passwords = Passwords(
        vault=vault,
        limiter=limiter,
        hashes=hashes,
        journal=journal,
        entropy=entropy,
        policies=policies,
        strength=Strength(policies=policies, hashes=hashes, journal=journal, leaks=leaks),
        devices=devices,
    )
    passkeys = Passkeys(
        vault=vault,
        entropy=entropy,
        journal=journal,
        limiter=limiter,
        policies=policies,
        party=RelyingParty.of(settings.public_url),
        roots=attestation_roots(settings.attestation_roots),
    )
    guesses = Guesses(limiter=limiter, devices=devices)
    codes = RecoveryCodes(vault=vault, entropy=entropy, journal=journal, guesses=guesses, policies=policies)
    participants = Participants(outbox=base.outbox)
    sessions = Sessions(
        vault=vault,
        entropy=entropy,
        journal=journal,
        revocations=base.revocations,
        families=base.families,
        policies=policies,
        places=places,
        partings=participants,
    )
    tenants = Tenants(vault=vault, keys=base.keys, permissions=base.permissions, journal=journal, clock=base.clock)
    grants = Grants(tenants=tenants, permissions=base.permissions, revocations=base.revocations)
    roles = Roles(grants=grants, journal=journal, entropy=entropy)
    members = Members(grants=grants, roles=roles, journal=journal)
    links = Links(vault=vault, entropy=entropy, journal=journal)
    return Persons(
        policies=policies,
        hashes=hashes,
        users=Users(vault=vault, entropy=entropy, journal=journal, quotas=base.quotas),
        devices=devices,
        places=places,
        signals=SignalReader(vault=vault, devices=devices, places=places, policies=policies),
        passwords=passwords,
        passkeys=passkeys,
        totp=Totp(vault=vault, entropy=entropy, journal=journal, guesses=guesses, policies=policies),
        recovery_codes=codes,
        email_codes=EmailCodes(
            vault=vault, entropy=entropy, journal=journal, guesses=guesses, outbox=base.outbox, policies=policies
        ),
        factors=Factors(vault=vault, journal=journal),
        sessions=sessions,
        participants=participants,
        links=links,
        activity=Activity(vault=vault),
        vault_keys=VaultKeys(vault=vault, passwords=passwords, journal=journal, indexes=VALUES),
        tenants=tenants,
        lockdowns=Lockdowns(listener=base.listener, clock=base.clock, entropy=entropy, journal=journal),
        roles=roles,
        members=members,
        named_grants=NamedGrants(grants=grants, journal=journal),
        invitations=Invitations(
            vault=vault,
            entropy=entropy,
            links=links,
            roles=roles,
            members=members,
            outbox=base.outbox,
            journal=journal,
        ),
    )
