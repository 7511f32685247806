"""What a foreign POST or redirect brought, until the login's own page comes for it with the login's cookie.

Whoever brings an answer shows no cookie and proves nothing: what they bring is bounded, sealed, soon forgotten and used
once, and only where a login waits for it.
"""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from datetime import datetime
from typing import ClassVar, Final, NamedTuple, final
from uuid import UUID

from airside.core.entropy import Entropy, token
from airside.core.errors import NotFound, Unauthenticated
from airside.core.ids import uuid7
from airside.core.proof import Mint
from airside.federation import records_requests as records
from airside.federation.connections import Connections
from airside.federation.model import Connection
from airside.federation.records_requests import Came
from airside.federation.requests import WORD_CHARACTERS, hash_of
from airside.federation.settings import ConnectionKind
from airside.identity import Attempt
from airside.limits import FEDERATION_ORIGIN, Limiter, origin_key
from airside.store.context import RequestContext
from airside.vault import Vault

_MINT: Final = Mint("Redeemed")


@dataclass(frozen=True, slots=True)
class SamlAnswer:
    """Names what an assertion consumer service was brought."""

    kind: ClassVar[str] = "saml"

    word: str


@dataclass(frozen=True, slots=True)
class OidcAnswer:
    """Names what a callback was brought."""

    kind: ClassVar[str] = "oidc"

    word: str


class Received(NamedTuple):
    """Which login an answer is for, and the word by which its page comes for it; empty where it has had its answer."""

    flow_id: UUID
    word: str


@final
@dataclass(frozen=True, slots=True)
class Redeemed:
    """An answer that its login waited for, spent. Only this module makes one.

    Attributes:
        connection: whose answer it is said to be; active.
        details: what was noted with the request; None for an answer that nothing asked for.
        fields: what was brought: not a word of it is verified.
    """

    connection: Connection
    details: Mapping[str, str] | None
    fields: Mapping[str, str]
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


class Answers:
    """Keeps what comes, and gives it to its login once."""

    def __init__(self, *, vault: Vault, entropy: Entropy, connections: Connections, limiter: Limiter) -> None:
        self._vault = vault
        self._entropy = entropy
        self._connections = connections
        self._limiter = limiter

    async def receive(
        self, ctx: RequestContext, kind: ConnectionKind, connection_id: UUID, word: str, fields: Mapping[str, str]
    ) -> Received:
        """Keep `fields` for the login that waits for `word` from this connection. The first answer counts.

        Raises:
            NotFound: no such active connection of that kind, or no login waits for that: never told apart.
            TooLarge: more than a sealed field holds.
        """
        if len(word) != WORD_CHARACTERS:
            raise NotFound("no word has this length")
        connection = await self._connections.active(ctx, connection_id, kind)
        flow_id = await records.flow_of(ctx, hash_of(word), connection.id)
        if flow_id is None:
            raise NotFound("nothing waits for this")
        return Received(flow_id, await self._keep(ctx, flow_id, Came(hash_of(word), connection.id, fields)))

    async def receive_unasked(
        self, ctx: RequestContext, connection_id: UUID, flow_id: UUID, fields: Mapping[str, str]
    ) -> Received:
        """Keep `fields`, which no login asked for, for one that has just begun. Whether the connection takes such
        answers is its caller's and its door's to ask.

        Raises:
            TooLarge: as `receive`.
        """
        return Received(flow_id, await self._keep(ctx, flow_id, Came(None, connection_id, fields)))

    async def redeem(self, ctx: RequestContext, attempt: Attempt, kind: ConnectionKind, word: str) -> Redeemed:
        """The answer by that word, and what its login noted, to the one caller who takes them. That they are taken, and
        a unit of the origin's limit, is committed, whatever comes of it; `forgive` gives the unit back.

        Raises:
            LimitExceeded: too many failures. Nothing was looked at.
            Unauthenticated: unknown, another login's, expired or taken, or its connection isn't active.
            Unavailable: no room to count.
        """
        await self._limiter.spend(ctx, [(FEDERATION_ORIGIN, origin_key(ctx.origin.address))])
        keyset = await self._vault.keyset(ctx)
        came = None
        if len(word) == WORD_CHARACTERS:
            came = await records.take_answer(ctx, keyset, hash_of(word), attempt.flow_id)
        details = None
        if came is not None and came.request_hash is not None:
            details = await records.take_request(ctx, keyset, came.request_hash, came.connection_id, attempt.flow_id)
        await ctx.tx.checkpoint()
        if came is None or (came.request_hash is not None and details is None):
            raise Unauthenticated("nothing of the kind waits")
        try:
            connection = await self._connections.active(ctx, came.connection_id, kind)
        except NotFound:
            raise Unauthenticated("the connection isn't active") from None
        return Redeemed(connection, details, came.fields, _MINT)

    async def forgive(self, ctx: RequestContext) -> None:
        """Give back what `redeem` spent: the answer was good."""
        await self._limiter.refund(ctx, [(FEDERATION_ORIGIN, origin_key(ctx.origin.address))])

    async def spend_assertion(
        self, ctx: RequestContext, connection: Connection, assertion_id: str, expires_at: datetime
    ) -> None:
        """Take an assertion once, for as long as it would be valid.

        Raises:
            Unauthenticated: it was taken already.
        """
        if not await records.spend_assertion(ctx, connection.id, hash_of(assertion_id), expires_at):
            raise Unauthenticated("replayed")

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget what nobody came for, for a timer; how many."""
        return await records.sweep(ctx)

    async def _keep(self, ctx: RequestContext, flow_id: UUID, came: Came) -> str:
        word = token(self._entropy)
        keyset = await self._vault.keyset(ctx)
        kept = await records.insert_answer(ctx, keyset, uuid7(ctx.now, self._entropy), hash_of(word), came, flow_id)
        return word if kept else ""
