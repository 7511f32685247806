"""Who the client is: RFC 6749 §2.3 and §3.2.1. One method per request, and the answer is a proof."""

from collections import OrderedDict
from dataclasses import InitVar, dataclass
from datetime import datetime, timedelta
from typing import Final, final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.proof import Mint
from airside.identity.charging import spend
from airside.limits import TOKEN_FAILURES, Demand, Limiter, origin_key
from airside.oauth.client_lookup import ClientLookup
from airside.oauth.client_proofs import ClientProofs, Credentials, proven_by_secret
from airside.oauth.errors import InvalidClient
from airside.oauth.model import Client
from airside.oauth.settings import AuthenticationMethod
from airside.store import RequestContext

METHODS: Final[tuple[AuthenticationMethod, ...]] = (
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "none",
)
"""What is spoken on every listener; `CERTIFICATE_METHODS` only on the one that asks for certificates."""

SUSPICION: Final = timedelta(seconds=TOKEN_FAILURES.rate.period)
"""How long after a failure the next request is charged in advance: until the failure no longer counts."""

MAX_SUSPECTS: Final = 10_000
"""Clients and origins remembered as having failed; the longest quiet is forgotten."""

_MINT: Final = Mint("AuthenticatedClient")
_UNKNOWN: Final = "unknown"


@final
@dataclass(frozen=True, slots=True)
class AuthenticatedClient:
    """A client that has proven itself as far as its kind can: only `ClientAuthentication` makes one.

    `charged` says that a failure has been counted in advance.
    """

    client: Client
    demand: Demand
    charged: bool
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


class ClientAuthentication:
    """Authenticates clients at the token, revocation and introspection endpoints, and counts what fails there.

    A client and origin that have failed here within the last minute are charged in advance, and that is committed
    before anything is looked at; a success gives it back. All others are charged when they fail: otherwise every
    request of a busy backend would wait in line for the row of its own counter, twice.
    """

    def __init__(self, *, lookup: ClientLookup, limiter: Limiter, journal: Journal, proofs: ClientProofs) -> None:
        self._lookup = lookup
        self._limiter = limiter
        self._proofs = proofs
        self._journal = journal
        self._suspects: OrderedDict[tuple[UUID, str], datetime] = OrderedDict()

    async def authenticate(self, ctx: RequestContext, credentials: Credentials) -> AuthenticatedClient:
        """Prove the client. Its request then ends with `forgive` or with `charge`.

        Raises:
            InvalidClient: unknown, disabled, a wrong or used credential, or not the method it registered: never said
                which.
            Unavailable: the keys that it signs with are away.
            LimitExceeded: too many failures of this client from this origin.
        """
        client = await self._lookup.find(ctx, credentials.client_id)
        demand = _demand(ctx, client)
        charged = self._is_suspect(ctx, demand)
        if charged:
            await self._spend(ctx, demand)
        proven = await self._proofs.prove(ctx, client, credentials)
        if proven and client is not None:
            return AuthenticatedClient(client, demand, charged, _MINT)
        await self._journal.refused(ctx, Event.CLIENT_REFUSED, reason="client authentication")
        await ctx.tx.checkpoint()
        if not charged:
            await self._spend(ctx, demand)
        raise InvalidClient(challenge=credentials.method == "client_secret_basic")

    def authenticate_at_once(self, ctx: RequestContext, credentials: Credentials) -> AuthenticatedClient | None:
        """As `authenticate`, without a wait: a client in memory that hasn't failed lately and proves itself by its
        secret. None for every other: `authenticate` says what is to be said."""
        client = self._lookup.known(ctx, credentials.client_id)
        if client is None:
            return None
        demand = _demand(ctx, client)
        if self._is_suspect(ctx, demand) or not proven_by_secret(client, credentials, ctx.now):
            return None
        return AuthenticatedClient(client, demand, False, _MINT)

    async def charge(self, ctx: RequestContext, authenticated: AuthenticatedClient) -> None:
        """The request failed: count it, and commit that with whatever the request has done.

        Raises:
            LimitExceeded: one failure too many; this is then the answer.
        """
        if authenticated.charged:
            await ctx.tx.checkpoint()
        else:
            await self._spend(ctx, authenticated.demand)

    async def forgive(self, ctx: RequestContext, authenticated: AuthenticatedClient) -> None:
        """The request succeeded: it doesn't count as a failure."""
        if authenticated.charged:
            await self._limiter.refund(ctx, [authenticated.demand])

    async def _spend(self, ctx: RequestContext, demand: Demand) -> None:
        self._suspect(ctx, demand)
        await spend(ctx, self._limiter, self._journal, [demand])
        # Whatever is refused from here on, the attempt has counted; and no counter stays locked meanwhile.
        await ctx.tx.checkpoint()

    def _is_suspect(self, ctx: RequestContext, demand: Demand) -> bool:
        until = self._suspects.get((ctx.tenant_id, demand[1]))
        return until is not None and ctx.now < until

    def _suspect(self, ctx: RequestContext, demand: Demand) -> None:
        key = (ctx.tenant_id, demand[1])
        self._suspects[key] = ctx.now + SUSPICION
        self._suspects.move_to_end(key)
        if len(self._suspects) > MAX_SUSPECTS:
            self._suspects.popitem(last=False)


def _demand(ctx: RequestContext, client: Client | None) -> Demand:
    return (TOKEN_FAILURES, f"{client.word if client else _UNKNOWN} {origin_key(ctx.origin.address)}")
