"""The room's services over real parts, for the tests of identity, signin and the pages."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from airside.audit import Journal
from airside.audit.alerts import Tallies
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.federation import Answers, Connections, Enforcement, FederatedSessions, FederatedWays, Linking, Requests
from airside.identity import (
    Devices,
    EmailCodeAuthenticator,
    EmailCodes,
    EnrolPasskeyAuthenticator,
    EnrolTotpAuthenticator,
    Factors,
    FixedPolicies,
    Guesses,
    HashPool,
    IdentityPolicy,
    LeakService,
    NewPasswordAuthenticator,
    PasskeyAuthenticator,
    Passkeys,
    PasswordAuthenticator,
    PasswordPolicy,
    PasswordProof,
    Passwords,
    Places,
    Policies,
    RecoveryCodeAuthenticator,
    RecoveryCodes,
    Sessions,
    SignalReader,
    Strength,
    Totp,
    TotpAuthenticator,
    User,
    Users,
)
from airside.limits import Limiter, PostgresLimiter
from airside.oauth import Participants
from airside.protocols.webauthn import RelyingParty
from airside.revocation import Revocations
from airside.signin import Flows, People
from airside.store import Listener, Outbox, RequestContext
from airside.tenancy import Lockdowns, TenantPolicies
from airside.tokens import RefreshFamilies
from airside.vault import Vault
from tests.conftest import OpenContext
from tests.identity.elsewhere import Believing, Covered, Elsewhere, Joining, Told

MakeTenant = Callable[[], Awaitable[UUID]]
PASSWORD = "correct horse battery staple"
PARTY = RelyingParty.of("https://airside.test")
HOME = Origin("192.0.2.10", "Mozilla/5.0 (test)")
PLACES = Places()


class Acme:
    """Implements identity's `Named`."""

    async def name(self, ctx: RequestContext) -> str:
        return "Acme Instruments"


@dataclass(frozen=True)
class Kit:
    """Everything between a password and a session."""

    open_ctx: OpenContext
    tenant_id: UUID
    users: Users
    passwords: Passwords
    passkeys: Passkeys
    sessions: Sessions
    flows: Flows
    revocations: Revocations
    hashes: HashPool
    policies: TenantPolicies
    devices: Devices
    totp: Totp
    recovery_codes: RecoveryCodes
    email_codes: EmailCodes
    factors: Factors
    outbox: Outbox
    connections: Connections
    answers: Answers
    linking: Linking
    domains: Covered
    mappings: Believing
    enforcement: Enforcement
    notices: Told

    async def user(self, email: str = "ada@example.com", name: str = "Ada", password: str = PASSWORD) -> User:
        """A user with a password."""
        async with self.open_ctx(self.tenant_id) as ctx:
            user = await self.users.create(ctx, email, name)
            await self.passwords.set(ctx, user.id, Secret(password))
        return user

    async def proof(self, email: str = "ada@example.com", password: str = PASSWORD) -> PasswordProof:
        """The proof of a password, given now."""
        async with self.open_ctx(self.tenant_id, origin=HOME) as ctx:
            return await self.passwords.prove(ctx, email, Secret(password))


def make_passwords(
    vault: Vault,
    entropy: Entropy,
    hashes: HashPool,
    *,
    limiter: Limiter | None = None,
    policy: PasswordPolicy | None = None,
    leaks: LeakService | None = None,
    policies: Policies | None = None,
    devices: Devices | None = None,
) -> Passwords:
    """Passwords under a policy, over real parts."""
    policies = policies or FixedPolicies(IdentityPolicy(password=policy or PasswordPolicy()))
    journal = Journal(vault=vault, entropy=entropy)
    devices = devices or Devices(vault=vault, entropy=entropy, journal=journal, policies=policies)
    return Passwords(
        vault=vault,
        limiter=limiter or PostgresLimiter(vault=vault),
        hashes=hashes,
        journal=journal,
        entropy=entropy,
        policies=policies,
        strength=Strength(policies=policies, hashes=hashes, journal=journal, leaks=leaks),
        devices=devices,
    )


@pytest.fixture(scope="session")
def hashes(clock: Clock, entropy: Entropy) -> HashPool:
    return HashPool(clock=clock, entropy=entropy)


@pytest.fixture(scope="session")
async def revocations(make_listener: Callable[[], Listener], entropy: Entropy) -> AsyncIterator[Revocations]:
    listener = make_listener()
    service = Revocations(listener=listener, entropy=entropy)
    await listener.start()
    yield service
    await listener.stop()


@pytest.fixture
def kit(
    open_ctx: OpenContext,
    tenant_id: UUID,
    vault: Vault,
    clock: Clock,
    entropy: Entropy,
    hashes: HashPool,
    revocations: Revocations,
    make_listener: Callable[[], Listener],
) -> Kit:
    journal = Journal(vault=vault, entropy=entropy)
    policies = TenantPolicies(journal=journal, clock=clock)
    users = Users(vault=vault, entropy=entropy, journal=journal)
    limiter = PostgresLimiter(vault=vault)
    devices = Devices(vault=vault, entropy=entropy, journal=journal, policies=policies)
    passwords = make_passwords(vault, entropy, hashes, policies=policies, devices=devices)
    passkeys = Passkeys(vault=vault, entropy=entropy, journal=journal, limiter=limiter, policies=policies, party=PARTY)
    outbox = Outbox(entropy=entropy)
    factors = Factors(vault=vault, journal=journal)
    guesses = Guesses(limiter=limiter, devices=devices)
    recovery_codes = RecoveryCodes(vault=vault, entropy=entropy, journal=journal, guesses=guesses, policies=policies)
    totp = Totp(vault=vault, entropy=entropy, journal=journal, guesses=guesses, policies=policies)
    email_codes = EmailCodes(
        vault=vault, entropy=entropy, journal=journal, guesses=guesses, outbox=outbox, policies=policies
    )
    families = RefreshFamilies(entropy=entropy, revocations=revocations, journal=journal)
    sessions = Sessions(
        vault=vault,
        entropy=entropy,
        journal=journal,
        revocations=revocations,
        families=families,
        policies=policies,
        places=PLACES,
        partings=Participants(outbox=outbox),
    )
    connections = Connections(
        vault=vault,
        entropy=entropy,
        journal=journal,
        sessions=FederatedSessions(vault=vault, sessions=sessions),
    )
    answers = Answers(vault=vault, entropy=entropy, connections=connections, limiter=limiter)
    domains, mappings = Covered(), Believing()
    linking = Linking(
        vault=vault,
        entropy=entropy,
        journal=journal,
        users=users,
        members=Joining(),
        connections=connections,
        answers=answers,
        domains=domains,
        mappings=mappings,
    )
    door = Elsewhere(requests=Requests(vault=vault, entropy=entropy), answers=answers, linking=linking)
    notices = Told()
    federated_sessions = FederatedSessions(vault=vault, sessions=sessions)
    enforcement = Enforcement(journal=journal, users=users, sessions=federated_sessions, notices=notices)
    federated = FederatedWays(
        connections=connections,
        linking=linking,
        sessions=federated_sessions,
        enforcement=enforcement,
        doors=[door],
    )
    flows = Flows(
        vault=vault,
        entropy=entropy,
        journal=journal,
        sessions=sessions,
        authenticators=[
            PasswordAuthenticator(passwords, enforcement),
            PasskeyAuthenticator(passkeys),
            TotpAuthenticator(totp),
            RecoveryCodeAuthenticator(recovery_codes),
            EmailCodeAuthenticator(email_codes),
            EnrolTotpAuthenticator(totp, users, Acme()),
            EnrolPasskeyAuthenticator(passkeys, users, Acme()),
            NewPasswordAuthenticator(passwords),
            door,
        ],
        people=People(
            policies=policies,
            factors=factors,
            passwords=passwords,
            devices=devices,
            signals=SignalReader(vault=vault, devices=devices, places=PLACES, policies=policies),
            outbox=outbox,
            federated=federated,
            lockdowns=Lockdowns(listener=make_listener(), clock=clock, entropy=entropy, journal=journal),
            members=Joining(),
        ),
        federated=federated,
        tallies=Tallies(vault=vault, entropy=entropy),
    )
    return Kit(
        open_ctx=open_ctx,
        tenant_id=tenant_id,
        users=users,
        passwords=passwords,
        passkeys=passkeys,
        sessions=sessions,
        flows=flows,
        revocations=revocations,
        hashes=hashes,
        policies=policies,
        devices=devices,
        totp=totp,
        recovery_codes=recovery_codes,
        email_codes=email_codes,
        factors=factors,
        outbox=outbox,
        connections=connections,
        answers=answers,
        linking=linking,
        domains=domains,
        mappings=mappings,
        enforcement=enforcement,
        notices=notices,
    )
