"""The only place that constructs services: settings in, one frozen Services out."""

from dataclasses import dataclass

from airside.access import Authorise, Contexts, Credentials, Issuers
from airside.admin import (
    Above,
    ClientAdmin,
    InvitationAdmin,
    MemberAdmin,
    Platform,
    PolicyAdmin,
    RoleAdmin,
    SessionAdmin,
    TransferAdmin,
    UserAdmin,
)
from airside.audit import Journal, Sequencer
from airside.console.agents import describe
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import NotFound
from airside.fetch import Fetcher
from airside.identity import (
    Devices,
    Factors,
    HashPool,
    LeakService,
    Links,
    NewPasswordAuthenticator,
    PasskeyAuthenticator,
    Passkeys,
    PasswordAuthenticator,
    Passwords,
    Places,
    Sessions,
    SignalReader,
    Strength,
    Users,
)
from airside.limits import PostgresLimiter
from airside.notify import Delivery, Letters, Mailbox, Mailer, RoomSources, Smtp
from airside.oauth import (
    Authorization,
    AuthorizationCodeGrant,
    ClientAuthentication,
    ClientCredentialsGrant,
    Clients,
    Codes,
    IntrospectionEndpoint,
    RefreshTokenGrant,
    RevocationEndpoint,
    Standing,
    TokenEndpoint,
    registry,
)
from airside.permissions import Permissions
from airside.permissions.limits import Limits
from airside.protocols.webauthn import RelyingParty
from airside.revocation import Revocations
from airside.signin import Acceptance, Flows, People, Recovery, Registration, Verification
from airside.store import Engine, Listener, Lookup, Outbox, RequestContext
from airside.tenancy import Grants, Invitations, Members, Roles, TenantPolicies, Tenants
from airside.tokens import RefreshFamilies, SigningKeys, TokenIssuer, TokenVerifier
from airside.vault import Aead, Vault
from airside.wiring.letters import NothingOpen, SessionOccasions, TenantLetterheads
from airside.wiring.roots import attestation_roots
from airside.wiring.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that listeners, timers and the command line speak to."""

    clock: Clock
    entropy: Entropy
    engine: Engine
    listener: Listener
    lookup: Lookup
    outbox: Outbox
    vault: Vault
    journal: Journal
    sequencer: Sequencer
    limiter: PostgresLimiter
    revocations: Revocations
    permissions: Permissions
    keys: SigningKeys
    families: RefreshFamilies
    hashes: HashPool
    fetcher: Fetcher
    passwords: Passwords
    users: Users
    passkeys: Passkeys
    sessions: Sessions
    devices: Devices
    signals: SignalReader
    flows: Flows
    links: Links
    registration: Registration
    recovery: Recovery
    verification: Verification
    acceptance: Acceptance
    invitations: Invitations
    tenants: Tenants
    policies: TenantPolicies
    mailbox: Mailbox | None
    delivery: Delivery
    issuers: Issuers
    token_issuer: TokenIssuer
    authorise: Authorise
    contexts: Contexts
    authorization: Authorization
    token_endpoint: TokenEndpoint
    revocation_endpoint: RevocationEndpoint
    introspection_endpoint: IntrospectionEndpoint
    user_admin: UserAdmin
    member_admin: MemberAdmin
    invitation_admin: InvitationAdmin
    role_admin: RoleAdmin
    session_admin: SessionAdmin
    client_admin: ClientAdmin
    policy_admin: PolicyAdmin
    transfer_admin: TransferAdmin
    platform: Platform

    async def start(self) -> None:
        """Connect, and listen for other processes' news.

        Raises:
            Misconfigured: the database role isn't one that row-level security holds.
            Unavailable: no database answers.
        """
        await self.engine.open()
        await self.listener.start()

    def drain(self) -> None:
        """The listeners are about to close: end what would otherwise be answered for ever."""
        self.permissions.feed.close()

    async def stop(self) -> None:
        """Let go of everything, in reverse."""
        await self.listener.stop()
        self.hashes.close()
        await self.fetcher.aclose()
        await self.engine.close()

    async def issuer(self, ctx: RequestContext) -> str:
        """The issuer of the context's tenant. Raises: NotFound."""
        address = await self.lookup.by_tenant(ctx.tenant_id)
        if address is None:
            raise NotFound("tenant")
        return self.issuers.of(address)


def build(settings: Settings, *, dsn: str, kek: Aead, clock: Clock, entropy: Entropy) -> Services:
    """Services on the database at `dsn`, not yet started. From the bottom floor up."""
    engine = Engine(dsn, clock=clock, entropy=entropy, size=settings.database_pool_size)
    listener = Listener(dsn, clock=clock)
    lookup = Lookup(engine)
    outbox = Outbox(entropy=entropy)
    vault = Vault(kek=kek, entropy=entropy, clock=clock)
    journal = Journal(vault=vault, entropy=entropy)
    limiter = PostgresLimiter(vault=vault)
    revocations = Revocations(listener=listener, entropy=entropy)

    permissions = Permissions(
        engine=engine,
        listener=listener,
        clock=clock,
        entropy=entropy,
        journal=journal,
        limits=Limits(
            write=settings.permissions_write_limit,
            batch=settings.permissions_batch_limit,
            types=settings.permissions_types_limit,
            model_bytes=settings.permissions_model_bytes,
        ),
        memory=settings.permissions_memory * 1024 * 1024,
    )
    keys = SigningKeys(vault=vault, entropy=entropy, journal=journal)
    verifier = TokenVerifier(keys=keys, revocations=revocations)
    families = RefreshFamilies(entropy=entropy, revocations=revocations, journal=journal)
    policies = TenantPolicies(journal=journal, clock=clock)
    hashes = HashPool(clock=clock, entropy=entropy)
    users = Users(vault=vault, entropy=entropy, journal=journal)
    fetcher = Fetcher(allow=frozenset(settings.fetch_exceptions))
    leaks = LeakService(fetcher=fetcher, url=settings.leak_service_url) if settings.leak_service_url else None
    places = Places()
    devices = Devices(vault=vault, entropy=entropy, journal=journal, policies=policies)
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
    sessions = Sessions(
        vault=vault,
        entropy=entropy,
        journal=journal,
        revocations=revocations,
        families=families,
        policies=policies,
        places=places,
    )

    tenants = Tenants(vault=vault, keys=keys, permissions=permissions, journal=journal, clock=clock)
    tenant_grants = Grants(tenants=tenants, permissions=permissions, revocations=revocations)
    roles = Roles(grants=tenant_grants, journal=journal, entropy=entropy)
    members = Members(grants=tenant_grants, roles=roles, journal=journal)

    issuers = Issuers(settings.public_url)
    authorise = Authorise(members=members)
    above = Above(authorise=authorise, members=members)
    contexts = Contexts(
        engine=engine,
        lookup=lookup,
        tenants=tenants,
        credentials=Credentials(verifier=verifier, issuers=issuers),
        authorise=authorise,
    )

    flows = Flows(
        vault=vault,
        entropy=entropy,
        journal=journal,
        sessions=sessions,
        authenticators=[
            PasswordAuthenticator(passwords),
            PasskeyAuthenticator(passkeys),
            NewPasswordAuthenticator(passwords),
        ],
        people=People(policies=policies),
    )

    mailer = _mailer(settings)
    delivery = Delivery(
        engine=engine,
        listener=listener,
        clock=clock,
        outbox=outbox,
        journal=journal,
        sources=RoomSources(
            users=users,
            letterheads=TenantLetterheads(lookup=lookup, tenants=tenants, policies=policies),
            links=NothingOpen(),
            codes=NothingOpen(),
            occasions=SessionOccasions(sessions=sessions, browser=describe),
        ),
        letters=Letters(public_url=settings.public_url),
        mailer=mailer,
    )

    clients = Clients(entropy=entropy, journal=journal, families=families)
    links = Links(vault=vault, entropy=entropy, journal=journal)
    invitations = Invitations(
        vault=vault, entropy=entropy, links=links, roles=roles, members=members, outbox=outbox, journal=journal
    )
    authentication = ClientAuthentication(limiter=limiter, journal=journal)
    standing = Standing(users=users, revocations=revocations)
    codes = Codes(entropy=entropy, journal=journal, families=families)
    grants = registry(
        AuthorizationCodeGrant(codes=codes, standing=standing, roles=members, families=families),
        RefreshTokenGrant(families=families, standing=standing, roles=members),
        ClientCredentialsGrant(),
    )
    issuer = TokenIssuer(keys=keys, entropy=entropy)

    return Services(
        clock=clock,
        entropy=entropy,
        engine=engine,
        listener=listener,
        lookup=lookup,
        outbox=outbox,
        vault=vault,
        journal=journal,
        sequencer=Sequencer(journal=journal, vault=vault, entropy=entropy),
        limiter=limiter,
        revocations=revocations,
        permissions=permissions,
        keys=keys,
        families=families,
        hashes=hashes,
        fetcher=fetcher,
        passwords=passwords,
        users=users,
        passkeys=passkeys,
        sessions=sessions,
        devices=devices,
        signals=SignalReader(vault=vault, devices=devices, places=places, policies=policies),
        flows=flows,
        links=links,
        registration=Registration(
            vault=vault,
            limiter=limiter,
            hashes=hashes,
            journal=journal,
            links=links,
            users=users,
            passwords=passwords,
            members=members,
            outbox=outbox,
            policies=policies,
        ),
        recovery=Recovery(
            vault=vault,
            entropy=entropy,
            limiter=limiter,
            journal=journal,
            links=links,
            users=users,
            passwords=passwords,
            sessions=sessions,
            factors=Factors(vault=vault, journal=journal),
            outbox=outbox,
        ),
        acceptance=Acceptance(
            journal=journal,
            links=links,
            users=users,
            passwords=passwords,
            members=members,
            invitations=invitations,
            clients=clients,
        ),
        verification=Verification(limiter=limiter, journal=journal, links=links, users=users, outbox=outbox),
        invitations=invitations,
        tenants=tenants,
        policies=policies,
        mailbox=mailer if isinstance(mailer, Mailbox) else None,
        delivery=delivery,
        issuers=issuers,
        token_issuer=issuer,
        authorise=authorise,
        contexts=contexts,
        authorization=Authorization(sessions=sessions, flows=flows, codes=codes, entropy=entropy),
        token_endpoint=TokenEndpoint(authentication=authentication, grants=grants, issuer=issuer, journal=journal),
        revocation_endpoint=RevocationEndpoint(
            authentication=authentication, families=families, verifier=verifier, revocations=revocations
        ),
        introspection_endpoint=IntrospectionEndpoint(authentication=authentication, verifier=verifier),
        user_admin=UserAdmin(
            authorise=authorise,
            users=users,
            passwords=passwords,
            sessions=sessions,
            above=above,
        ),
        member_admin=MemberAdmin(authorise=authorise, members=members, users=users),
        invitation_admin=InvitationAdmin(authorise=authorise, invitations=invitations, users=users, limiter=limiter),
        role_admin=RoleAdmin(authorise=authorise, roles=roles, users=users),
        session_admin=SessionAdmin(authorise=authorise, sessions=sessions, users=users),
        client_admin=ClientAdmin(authorise=authorise, clients=clients, members=members, lookup=lookup, issuers=issuers),
        transfer_admin=TransferAdmin(
            authorise=authorise, users=users, passwords=passwords, members=members, roles=roles, journal=journal
        ),
        policy_admin=PolicyAdmin(authorise=authorise, policies=policies),
        platform=Platform(
            authorise=authorise,
            engine=engine,
            lookup=lookup,
            tenants=tenants,
            members=members,
            clock=clock,
            entropy=entropy,
        ),
    )


def _mailer(settings: Settings) -> Mailer:
    """A mail server; without one, which only development may be, a mailbox to look into."""
    return Mailbox() if settings.smtp_url is None else Smtp(settings.smtp_url, sender=settings.mail_from)
