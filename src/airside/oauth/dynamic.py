"""Clients that register and manage themselves (RFC 7591, RFC 7592). Off until the tenant's policy says otherwise.

Such a client is a third party always: whoever signs in to it is asked. It never manages the tenant, never acts by
itself, and its tokens are for the audiences that the policy names, or for userinfo alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from airside.audit import Journal
from airside.core.entropy import Entropy, token
from airside.core.errors import InvalidInput, NotFound, Unauthenticated
from airside.core.ids import CLIENT, parse_id
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.identity.charging import spend
from airside.limits import REGISTRATION_ORIGIN, Limiter, origin_key
from airside.oauth import records_clients, records_registrations
from airside.oauth.client_metadata import Offer, change_of, metadata_of, offer_of, outward, read_metadata
from airside.oauth.clients import Clients
from airside.oauth.errors import InvalidClientMetadata
from airside.oauth.model import Client
from airside.oauth.registration_tokens import RegistrationTokens, token_hash
from airside.oauth.scopes import Scopes
from airside.oauth.settings import SECRET_METHODS
from airside.store import RequestContext
from airside.tenancy import TenantPolicies, TenantPolicy

UNUSED: Final = timedelta(days=30)
"""How long a client that registered itself waits for its first use."""

FORGOTTEN: Final = timedelta(days=90)
"""How long a client that came with its document is remembered after its last use: as refresh tokens live."""

NOT_THEIRS: Final = frozenset(
    {"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"}
)
"""RFC 7592 §2.2: members that an update must not have."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A client from outside, and what it is shown this once: None where it is shown nothing new."""

    client: Client
    access_token: Secret[str] | None
    secret: Secret[str] | None

    def body(self, issuer: str) -> dict[str, Json]:
        """The members of RFC 7591 §3.2.1 and RFC 7592 §3: here, and only here, secrets come out of their wrapping."""
        said = metadata_of(self.client)
        said["registration_client_uri"] = f"{issuer}/oauth2/register/{self.client.word}"
        if self.secret is not None:
            said |= {"client_secret": self.secret.reveal(), "client_secret_expires_at": 0}
        if self.access_token is not None:
            said["registration_access_token"] = self.access_token.reveal()
        return said


class Registrations:
    """Registers clients from outside, and lets each manage itself and no other."""

    def __init__(
        self,
        *,
        entropy: Entropy,
        journal: Journal,
        limiter: Limiter,
        policies: TenantPolicies,
        clients: Clients,
        scopes: Scopes,
        tokens: RegistrationTokens,
    ) -> None:
        self._entropy = entropy
        self._journal = journal
        self._limiter = limiter
        self._policies = policies
        self._clients = clients
        self._scopes = scopes
        self._tokens = tokens

    async def enabled(self, ctx: RequestContext) -> bool:
        """Whether there is anything here at all."""
        return (await self._policies.current(ctx)).clients.registration != "closed"

    async def register(
        self, ctx: RequestContext, issuer: str, presented: str | None, body: Mapping[str, Json]
    ) -> Registered:
        """A new client. `presented` is the bearer token of the request.

        Raises:
            NotFound: nobody registers clients from outside here.
            Unauthenticated: the policy asks for a token, or one is presented, and it is good for nothing.
            InvalidRedirectUri, InvalidClientMetadata, UnapprovedSoftwareStatement: what RFC 7591 §3.2.2 calls it.
            LimitExceeded: too many from this origin.
        """
        policy = await self._enter(ctx)
        if presented is None and policy.clients.registration == "token":
            raise Unauthenticated("a registration token is needed")
        draft = read_metadata(body, await self._offer(ctx, issuer, policy))
        try:
            lawful = await self._clients.judge(ctx, draft)
        except InvalidInput as cause:
            raise outward(cause) from cause
        # A draft that isn't lawful costs no use; one that is costs it in the transaction that keeps the client.
        if presented is not None and not await self._tokens.spend(ctx, presented):
            raise Unauthenticated("no registration token", presented=True)
        client, secret = await self._clients.insert(ctx, lawful, origin="registration")
        access_token = Secret(token(self._entropy))
        await records_registrations.insert_registration(ctx, client.client_id, token_hash(access_token.reveal()))
        return Registered(client, access_token, secret)

    async def read(self, ctx: RequestContext, word: str, presented: str | None) -> Registered:
        """The client `word`, to itself (RFC 7592 §2.1). Its secret was shown, and isn't known here any more.

        Raises:
            NotFound: nobody registers clients from outside here.
            Unauthenticated: not its token; or the client is gone or disabled (N18): never said which.
            LimitExceeded: too many from this origin.
        """
        await self._enter(ctx)
        client, _ = await self._own(ctx, word, presented)
        return Registered(client, None, None)

    async def replace(
        self, ctx: RequestContext, issuer: str, word: str, presented: str | None, body: Mapping[str, Json]
    ) -> Registered:
        """The client as `body` describes it, whole: what isn't named has its default (RFC 7592 §2.2). It manages itself
        with another token from now on; of several who try at once with the old one, one has it.

        Raises:
            as `read` and `register`.
        """
        policy = await self._enter(ctx)
        client, held = await self._own(ctx, word, presented)
        if body.get("client_id") != client.word or NOT_THEIRS & body.keys():
            raise InvalidClientMetadata("client_id")
        access_token = Secret(token(self._entropy))
        if not await records_registrations.rotate(ctx, client.client_id, held, token_hash(access_token.reveal())):
            raise Unauthenticated("not its token any more", presented=True)
        draft = read_metadata(body, await self._offer(ctx, issuer, policy))
        if draft.public is not client.public:
            raise InvalidClientMetadata("token_endpoint_auth_method")
        try:
            after = await self._clients.update(ctx, client.client_id, change_of(draft))
        except InvalidInput as cause:
            raise outward(cause) from cause
        due = after.settings.token_endpoint_auth_method in SECRET_METHODS and not after.secrets
        secret = await self._clients.rotate_secret(ctx, after.client_id) if due else None
        return Registered(after, access_token, secret)

    async def remove(self, ctx: RequestContext, word: str, presented: str | None) -> None:
        """The client is gone, with all it holds (RFC 7592 §2.3).

        Raises:
            as `read`.
        """
        await self._enter(ctx)
        client, held = await self._own(ctx, word, presented)
        if not await records_registrations.remove(ctx, client.client_id, held):
            raise Unauthenticated("not its token any more", presented=True)
        await self._clients.delete(ctx, client.client_id)

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget clients from outside that nobody has used; how many."""
        return await records_clients.sweep_unused(ctx, ctx.now - UNUSED, ctx.now - FORGOTTEN)

    async def _enter(self, ctx: RequestContext) -> TenantPolicy:
        policy = await self._policies.current(ctx)
        if policy.clients.registration == "closed":
            raise NotFound("registration")
        await spend(ctx, self._limiter, self._journal, [(REGISTRATION_ORIGIN, origin_key(ctx.origin.address))])
        await ctx.tx.checkpoint()
        return policy

    async def _own(self, ctx: RequestContext, word: str, presented: str | None) -> tuple[Client, bytes]:
        if presented is None:
            raise Unauthenticated("a registration access token is needed")
        held = token_hash(presented)
        try:
            client_id = parse_id(CLIENT, word)
        except InvalidInput:
            raise Unauthenticated("no such client", presented=True) from None
        known = await records_registrations.holds(ctx, client_id, held)
        client = await records_clients.find_client(ctx, client_id) if known else None
        if client is None or client.state != "active":
            raise Unauthenticated("not its token", presented=True)
        return client, held

    async def _offer(self, ctx: RequestContext, issuer: str, policy: TenantPolicy) -> Offer:
        return offer_of(issuer, policy, await self._scopes.offered(ctx))
