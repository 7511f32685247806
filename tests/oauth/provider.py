"""The room's services over real parts, and short words for what a client and a browser do."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from airside.access import Credentials as Access
from airside.access import Issuers
from airside.apikeys import KeyMemory, KeyVerifier, LastUse
from airside.audit import Journal
from airside.audit.alerts import Tallies
from airside.core.clock import Clock
from airside.core.entropy import Entropy, token
from airside.core.ids import USER, format_id
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.fetch import Fetcher
from airside.identity import PasswordAuthenticator, StartedSession, User
from airside.limits import InProcessLimiter, Limiter, PostgresLimiter
from airside.oauth import (
    Authorities,
    Authorization,
    AuthorizationCodeGrant,
    Browser,
    ClaimsRequests,
    Client,
    ClientAuthentication,
    ClientCredentialsGrant,
    ClientDraft,
    ClientKeys,
    ClientLookup,
    ClientMemory,
    ClientProofs,
    Clients,
    Codes,
    Consents,
    Credentials,
    IdTokenHints,
    IdTokens,
    Intake,
    IntrospectionEndpoint,
    Participants,
    PushedRequests,
    PushEndpoint,
    RefreshTokenGrant,
    RequestObjects,
    RevocationEndpoint,
    SectorIdentifiers,
    SenderConstraints,
    Standing,
    Subjects,
    TokenEndpoint,
    UserinfoEndpoint,
    registry,
)
from airside.oauth.requests import read
from airside.protocols.oauth import TokenResponse, challenge_of
from airside.store import Listener, RequestContext
from airside.tokens import (
    IdTokenVerifier,
    KeyRotation,
    Possession,
    RefreshFamilies,
    SigningKeys,
    SpentProofs,
    TokenIssuer,
    TokenVerifier,
)
from airside.vault import Vault
from tests.identity.kit import Kit

ISSUER = "https://id.example.test/t/acme"
API = "https://api.example.test"
CALLBACK = "https://app.example.test/callback"
VERIFIER = "a-code-verifier-of-enough-length-0123456789-._~"
HERE = Origin("192.0.2.20", "test")

WEB = ClientDraft(
    name="Web",
    public=True,
    grants=frozenset({"authorization_code", "refresh_token"}),
    audiences=(API,),
    redirect_uris=(CALLBACK,),
    scopes=frozenset({"openid", "notes:read", "notes:write"}),
)
SERVICE = ClientDraft(
    name="Service",
    public=False,
    grants=frozenset({"client_credentials"}),
    audiences=(API,),
    scopes=frozenset({"notes:read", "notes:write"}),
)
BACKEND = replace(WEB, name="Backend", public=False)


class GivenRoles:
    """A `RolesOf` that answers what a test wrote into it."""

    def __init__(self) -> None:
        self.given: dict[UUID, list[str]] = {}

    async def roles(self, ctx: RequestContext, user_id: UUID) -> list[str]:
        return self.given.get(user_id, [])


@dataclass(frozen=True)
class Provider:
    """One tenant's provider."""

    kit: Kit
    clock: Clock
    entropy: Entropy
    keys: SigningKeys
    verifier: TokenVerifier
    families: RefreshFamilies
    clients: Clients
    lookup: ClientLookup
    consents: Consents
    codes: Codes
    intake: Intake
    hints: IdTokenHints
    pushed: PushedRequests
    push_endpoint: PushEndpoint
    authorization: Authorization
    authentication: ClientAuthentication
    endpoint: TokenEndpoint
    revocation: RevocationEndpoint
    introspection: IntrospectionEndpoint
    userinfo: UserinfoEndpoint
    claims_requests: ClaimsRequests
    subjects: Subjects
    issuer: TokenIssuer
    rotation: KeyRotation
    roles: GivenRoles
    limiter: Limiter
    memory: ClientMemory
    spent: SpentProofs
    proofs: ClientProofs
    senders: SenderConstraints

    @asynccontextmanager
    async def ctx(self, *, later: timedelta = timedelta(), origin: Origin = HERE) -> AsyncGenerator[RequestContext]:
        """A context of this tenant, `later` than now."""
        now: datetime = self.clock.now() + later
        async with self.kit.open_ctx(self.kit.tenant_id, origin=origin, now=now) as ctx:
            yield ctx

    async def client(self, draft: ClientDraft = WEB) -> tuple[Client, Credentials]:
        """A registered client and what it authenticates with."""
        async with self.ctx() as ctx:
            client, secret = await self.clients.create(ctx, draft)
        method = "none" if secret is None else "client_secret_basic"
        return client, Credentials(method, client.word, secret)

    async def user(self) -> User:
        """A user who never needs a password: what sign-in proves is tested elsewhere."""
        async with self.ctx() as ctx:
            return await self.kit.users.create(ctx, f"{token(self.entropy, 64).lower()}@example.test", "Ada")

    async def session(self, user: User, *, later: timedelta = timedelta()) -> StartedSession:
        """A fresh sign-in of `user`."""
        async with self.ctx(later=later) as ctx:
            proof = PasswordAuthenticator(self.kit.passwords, self.kit.enforcement).recall(user.id, ctx.now, "first")
            return await self.kit.sessions.start(ctx, [proof])

    async def signed_in(self) -> tuple[User, StartedSession, Browser]:
        """A user with a session in a browser."""
        user = await self.user()
        session = await self.session(user)
        return user, session, Browser(session.sso)

    def parameters(self, client: Client, **changes: str | None) -> dict[str, str]:
        """A lawful authorization request, changed; None takes a parameter away."""
        given: dict[str, str | None] = {
            "response_type": "code",
            "client_id": client.word,
            "redirect_uri": CALLBACK,
            "scope": "openid notes:read",
            "state": "the-state",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (given | changes).items() if value is not None}

    async def code(self, client: Client, session: StartedSession, **changes: str | None) -> str:
        """A code for the session, straight from the room."""
        async with self.ctx() as ctx:
            request = read(client, CALLBACK, self.parameters(client, **changes))
            return (await self.codes.issue(ctx, client, request, session.session)).reveal()

    async def exchange(
        self,
        credentials: Credentials,
        form: Mapping[str, str],
        *,
        later: timedelta = timedelta(),
        origin: Origin = HERE,
    ) -> TokenResponse:
        """What the token endpoint answers."""
        async with self.ctx(later=later, origin=origin) as ctx:
            return await self.endpoint.exchange(ctx, ISSUER, credentials, form)

    async def redeem(
        self, credentials: Credentials, code: str, *, later: timedelta = timedelta(), **changes: str
    ) -> TokenResponse:
        """A code exchanged the lawful way, changed."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return await self.exchange(credentials, form | changes, later=later)

    async def refresh(
        self,
        credentials: Credentials,
        refresh_token: Secret[str] | None,
        *,
        later: timedelta = timedelta(),
        **more: str,
    ) -> TokenResponse:
        """A refresh token used."""
        assert refresh_token is not None
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()} | more
        return await self.exchange(credentials, form, later=later)

    async def tokens(self, draft: ClientDraft = WEB) -> tuple[Client, Credentials, User, StartedSession, TokenResponse]:
        """A client, its user, and the tokens of a whole code flow."""
        client, credentials = await self.client(draft)
        user, session, _ = await self.signed_in()
        response = await self.redeem(credentials, await self.code(client, session))
        return client, credentials, user, session, response


def word(user: User) -> str:
    """`usr_…`."""
    return format_id(USER, user.id)


@pytest.fixture
async def provider(
    kit: Kit, vault: Vault, clock: Clock, entropy: Entropy, make_listener: Callable[[], Listener]
) -> AsyncGenerator[Provider]:
    journal = Journal(vault=vault, entropy=entropy)
    keys = SigningKeys(vault=vault, entropy=entropy, journal=journal)
    rotation = KeyRotation(keys=keys, revocations=kit.revocations, journal=journal)
    verifier = TokenVerifier(keys=keys, revocations=kit.revocations)
    families = RefreshFamilies(entropy=entropy, revocations=kit.revocations, journal=journal)
    codes = Codes(entropy=entropy, journal=journal, families=families)
    standing = Standing(users=kit.users, revocations=kit.revocations)
    consents = Consents(journal=journal, families=families)
    roles = GivenRoles()
    limiter = PostgresLimiter(vault=vault)
    memory = ClientMemory(listener=make_listener(), clock=clock)
    lookup = ClientLookup(memory=memory)
    spent = SpentProofs()
    fetcher = Fetcher()
    client_keys = ClientKeys(fetcher=fetcher, clock=clock)
    proofs = ClientProofs(keys=client_keys, spent=spent, authorities=Authorities())
    authentication = ClientAuthentication(lookup=lookup, limiter=limiter, journal=journal, proofs=proofs)
    pushed = PushedRequests(vault=vault, entropy=entropy)
    hints = IdTokenHints(lookup=lookup, verifier=IdTokenVerifier(keys=keys), sessions=kit.sessions)
    intake = Intake(
        lookup=lookup,
        hints=hints,
        objects=RequestObjects(keys=client_keys),
        pushed=pushed,
    )
    possession = Possession(vault=vault, spent=spent)
    issuer = TokenIssuer(keys=keys, entropy=entropy)
    claims_requests, subjects = ClaimsRequests(vault=vault), Subjects(vault=vault)
    senders = SenderConstraints(possession=possession)
    endpoint = TokenEndpoint(
        authentication=authentication,
        senders=senders,
        grants=registry(
            AuthorizationCodeGrant(
                codes=codes,
                standing=standing,
                consents=consents,
                roles=roles,
                families=families,
                claims_requests=claims_requests,
            ),
            RefreshTokenGrant(families=families, standing=standing, consents=consents, roles=roles),
            ClientCredentialsGrant(),
        ),
        issuer=issuer,
        id_tokens=IdTokens(issuer=issuer, subjects=subjects),
        journal=journal,
    )
    made = Provider(
        kit=kit,
        clock=clock,
        entropy=entropy,
        keys=keys,
        verifier=verifier,
        families=families,
        clients=Clients(
            entropy=entropy,
            journal=journal,
            families=families,
            memory=memory,
            key_rotation=rotation,
            sectors=SectorIdentifiers(fetcher=Fetcher()),
        ),
        lookup=lookup,
        consents=consents,
        codes=codes,
        authorization=Authorization(
            intake=intake,
            sessions=kit.sessions,
            devices=kit.devices,
            flows=kit.flows,
            consents=consents,
            participants=Participants(outbox=kit.outbox),
            codes=codes,
            pushed=pushed,
            vault=vault,
            entropy=entropy,
        ),
        intake=intake,
        hints=hints,
        pushed=pushed,
        push_endpoint=PushEndpoint(
            authentication=authentication, senders=senders, intake=intake, pushed=pushed, journal=journal
        ),
        authentication=authentication,
        endpoint=endpoint,
        revocation=RevocationEndpoint(
            authentication=authentication, families=families, verifier=verifier, revocations=kit.revocations
        ),
        introspection=IntrospectionEndpoint(
            authentication=authentication, verifier=verifier, families=families, issuer=issuer, subjects=subjects
        ),
        userinfo=UserinfoEndpoint(
            verifier=verifier,
            senders=Access(
                verifier=verifier,
                issuers=Issuers("https://id.example.test"),
                possession=possession,
                keys=KeyVerifier(
                    memory=KeyMemory(listener=make_listener(), clock=clock, users=kit.users),
                    revocations=kit.revocations,
                    journal=journal,
                    pace=InProcessLimiter(),
                    last_use=LastUse(),
                    tallies=Tallies(vault=vault, entropy=entropy),
                ),
            ),
            issuer=issuer,
            lookup=lookup,
            users=kit.users,
            claims_requests=claims_requests,
            subjects=subjects,
        ),
        claims_requests=claims_requests,
        subjects=subjects,
        issuer=issuer,
        rotation=rotation,
        roles=roles,
        limiter=limiter,
        spent=spent,
        proofs=proofs,
        senders=senders,
        memory=memory,
    )
    async with made.ctx() as ctx:
        await keys.create(ctx)
    yield made
    await fetcher.aclose()
