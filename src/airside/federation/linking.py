"""Who a foreign subject is here.

An external identity is a connection and a subject, never an e-mail address (N17): an address can be another's tomorrow,
and a provider says whatever it likes. An account that is there is linked only where its domain is the tenant's own,
proven and bound to this connection, or where its person proves themselves here in the same login.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final, final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, Inconsistent, InvalidInput, LimitExceeded, NotFound, Unauthenticated
from airside.core.ids import CONNECTION, IDENTITY, USER, format_id, parse_id, uuid7
from airside.core.principal import Assurance
from airside.core.proof import Mint
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.federation import records_identities as records
from airside.federation import records_sessions
from airside.federation.answers import Answers, Redeemed
from airside.federation.connections import Connections
from airside.federation.model import (
    MAX_SUBJECT,
    Connection,
    Domains,
    ExternalClaims,
    ExternalIdentity,
    Mapped,
    Mappings,
    Membership,
    PendingLink,
    Provisioned,
)
from airside.identity import Attempt, Proof, Users
from airside.identity.proofs import Contribution
from airside.store.context import RequestContext
from airside.vault import Vault

FEDERATED: Final = "fed"
"""No RFC's method, and what is customary: somebody else vouched."""
MAX_METHODS: Final = 8
MAX_HINT: Final = 4 * 1024
"""Characters of an ID token that is kept: a longer one fits into no address."""
LEEWAY: Final = timedelta(seconds=30)
"""Between a provider's clock and ours."""
OURS: Final = (Inconsistent, LimitExceeded)
"""What isn't the answer's fault, whatever it is met in: it goes through a door as it is."""
_MAX_METHOD: Final = 32
_WEIGHTS: Final[Mapping[Assurance, Contribution]] = {"aal1": "first", "aal2": "multi", "aal3": "hardware"}
_MINT: Final = Mint("LinkedProof")


@dataclass(frozen=True, slots=True)
class LinkedProof(Proof):
    """That a provider's genuine answer named a subject who is `user_id` here. Only this module makes one.

    Attributes:
        connection_id: through which connection.
        identity_id: as which external identity.
        counts_as: what it contributes: `first`, unless the connection's mapping says more.
        told: the authentication methods that go on into our tokens.
        foreign: what the provider calls its own session.
        hint: the ID token that it would know that by, sealed; empty where there is none.
    """

    amr: ClassVar[tuple[str, ...]] = (FEDERATED,)
    contribution: ClassVar[Contribution] = "first"

    connection_id: UUID
    identity_id: UUID
    counts_as: Contribution
    told: tuple[str, ...]
    foreign: str
    hint: bytes = b""

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)

    @property
    def weight(self) -> Contribution:
        return self.counts_as

    @property
    def methods(self) -> tuple[str, ...]:
        return self.told

    def memory(self) -> dict[str, Json]:
        return {
            "connection": format_id(CONNECTION, self.connection_id),
            "identity": format_id(IDENTITY, self.identity_id),
            "told": list(self.told),
            "foreign": self.foreign,
            "hint": base64.b64encode(self.hint).decode(),
        }


@final
@dataclass(frozen=True, slots=True)
class SamlProof(LinkedProof):
    """As `LinkedProof`, by an assertion."""

    kind: ClassVar[str] = "saml"

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


@final
@dataclass(frozen=True, slots=True)
class OidcProof(LinkedProof):
    """As `LinkedProof`, by an ID token or a profile."""

    kind: ClassVar[str] = "oidc"

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


PROOFS: Final[Mapping[str, type[SamlProof] | type[OidcProof]]] = {"saml": SamlProof, "oidc": OidcProof}


class NotLinked(Unauthenticated):
    """The answer is genuine, and its subject nobody here. The login remembers it, for who proves themselves next."""


class Linking:
    """From a verified answer to a proof."""

    def __init__(
        self,
        *,
        vault: Vault,
        entropy: Entropy,
        journal: Journal,
        users: Users,
        members: Membership,
        connections: Connections,
        answers: Answers,
        domains: Domains,
        mappings: Mappings,
        provisioned: Provisioned | None = None,
    ) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._users = users
        self._members = members
        self._connections = connections
        self._answers = answers
        self._domains = domains
        self._mappings = mappings
        self._provisioned = provisioned

    async def prove(
        self,
        ctx: RequestContext,
        attempt: Attempt,
        redeemed: Redeemed,
        claims: ExternalClaims,
        *,
        hint: Secret[str] | None = None,
    ) -> LinkedProof:
        """The proof that lies in `claims`, which the door found to be what `redeemed` brought; `hint` is the ID token
        that they came in, for signing out by it.

        Raises:
            NotLinked: the subject is nobody here, and may be told how to become somebody.
            Unauthenticated: the connection was disabled meanwhile, the user is disabled, the subject is no name, or
                the login renews a session and the provider doesn't say that it has asked the person anew (N12).
        """
        try:
            connection = await self._connections.active(ctx, redeemed.connection.id, redeemed.connection.kind)
        except NotFound:
            raise Unauthenticated("the connection isn't active any more") from None
        if not 0 < len(claims.subject) <= MAX_SUBJECT:
            raise Unauthenticated("no subject")
        mapped = await self._mappings.of(ctx, connection, claims)
        identity = await self._known(ctx, connection, claims)
        if identity is None and attempt.user_id is None:
            identity = await self._first_sight(ctx, connection, claims, mapped)
        if identity is None:
            await self._remember(ctx, attempt, connection, claims)
            raise NotLinked("nobody here")
        if not await self._users.stays_active(ctx, identity.user_id):
            await self.refuse(ctx, connection, "user_disabled")
            raise Unauthenticated("user not active")
        if _is_stale(attempt, claims):
            await self.refuse(ctx, connection, "stale")
            raise Unauthenticated("proven elsewhere too long ago")
        await records.used(ctx, identity.id)
        if self._provisioned is None or not await self._provisioned.follow(ctx, connection, identity.user_id):
            await self._mappings.apply(ctx, connection, identity.user_id, mapped)
        await self._answers.forgive(ctx)
        proof = _proof(connection, identity, mapped, claims, ctx.now)
        return replace(proof, mint=_MINT, hint=await self._sealed(ctx, identity, hint))

    async def _sealed(self, ctx: RequestContext, identity: ExternalIdentity, hint: Secret[str] | None) -> bytes:
        if hint is None or len(hint.reveal()) > MAX_HINT:
            return b""
        seals = await self._vault.persons.seals(ctx, identity.user_id)
        return records_sessions.seal_hint(seals, identity.id, hint.reveal())

    async def refuse(self, ctx: RequestContext, connection: Connection, reason: str) -> None:
        """Write down why an answer of `connection` counts for nothing, which its page doesn't say, and commit it. How
        many rows that makes is bounded by the limit that `Answers.redeem` spends."""
        await self._journal.record(
            ctx, Event.FEDERATION_REFUSED, subject=connection.word, outcome="refused", reason=reason
        )
        await ctx.tx.checkpoint()

    async def pending(self, ctx: RequestContext, flow_id: UUID) -> tuple[Connection, ExternalClaims] | None:
        """Who waits in this login to be linked, and by which connection; None for nobody."""
        found = await records.pending(ctx, await self._vault.keyset(ctx), flow_id)
        if found is None:
            return None
        try:
            return await self._connections.get(ctx, found.connection_id), found.claims
        except NotFound:
            return None

    async def adopt(self, ctx: RequestContext, flow_id: UUID, user_id: UUID) -> ExternalIdentity | None:
        """The subject that waits in this login is its user from now on, who has proven themselves in it; None where
        nobody waits, or it has become somebody else meanwhile."""
        keyset = await self._vault.keyset(ctx)
        found = await records.pending(ctx, keyset, flow_id, take=True)
        if found is None:
            return None
        try:
            connection = await self._connections.get(ctx, found.connection_id)
            connection = await self._connections.active(ctx, connection.id, connection.kind)
        except NotFound:
            return None
        return await self._link(ctx, connection, found.claims.subject, user_id, "own_proof")

    async def stands(self, ctx: RequestContext, proof: LinkedProof) -> bool:
        """Whether what `proof` came by is as it was then: its connection active without a break, its identity the
        user's. Both stay so until this transaction ends, so that whoever takes them away misses no session."""
        return await self._connections.stands(ctx, proof.connection_id, proof.at) and await records.stands(
            ctx, proof.identity_id, proof.user_id
        )

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget those who waited for longer than a login lives, for a timer; how many."""
        return await records.sweep(ctx)

    async def _known(
        self, ctx: RequestContext, connection: Connection, claims: ExternalClaims
    ) -> ExternalIdentity | None:
        return await records.by_subject(ctx, self._vault, connection.id, claims.subject)

    async def _first_sight(
        self, ctx: RequestContext, connection: Connection, claims: ExternalClaims, mapped: Mapped
    ) -> ExternalIdentity | None:
        known = None if self._provisioned is None else await self._provisioned.known_as(ctx, connection, claims.subject)
        if known is not None:
            return await self._link(ctx, connection, claims.subject, known, "provisioned")
        if not mapped.email:
            return None
        covered = claims.email_verified is not False and await self._domains.covers(ctx, connection.id, mapped.email)
        there = await self._users.find_by_email(ctx, mapped.email)
        if there is not None:
            if not covered:
                # The account may be this very subject's, made in another tab since it was looked for.
                return await self._known(ctx, connection, claims)
            return await self._link(ctx, connection, claims.subject, there.id, "verified_domain")
        if not connection.creates_users or not (covered or _vouched(connection, claims)):
            return None
        try:
            user = await self._users.create(ctx, mapped.email, mapped.name or "", verified=True)
        except (Conflict, InvalidInput):
            # Somebody was quicker, perhaps this very subject's other tab; or the provider's words are no address.
            return await self._known(ctx, connection, claims)
        await self._members.grant(ctx, f"user:{format_id(USER, user.id)}", "member")
        await self._record(ctx, Event.IDENTITY_CREATED_USER, user.id, connection)
        return await self._link(ctx, connection, claims.subject, user.id, "created")

    async def _link(
        self, ctx: RequestContext, connection: Connection, subject: str, user_id: UUID, by: str
    ) -> ExternalIdentity | None:
        keyset = await self._vault.indexing(ctx)
        identity = ExternalIdentity(
            uuid7(ctx.now, self._entropy), connection.id, user_id, subject, created_at=ctx.now, last_used_at=ctx.now
        )
        if await records.insert(ctx, keyset, await self._vault.persons.seals(ctx, user_id), identity):
            await self._record(ctx, Event.IDENTITY_LINKED, user_id, connection, by=by)
            return identity
        there = await records.by_subject(ctx, self._vault, connection.id, subject)
        return there if there is not None and there.user_id == user_id else None

    async def _remember(
        self, ctx: RequestContext, attempt: Attempt, connection: Connection, claims: ExternalClaims
    ) -> None:
        pending = PendingLink(connection.id, claims)
        await records.replace_pending(ctx, await self._vault.keyset(ctx), attempt.flow_id, pending)
        await self.refuse(ctx, connection, "not_linked")

    async def _record(
        self, ctx: RequestContext, event: Event, user_id: UUID, connection: Connection, **details: str
    ) -> None:
        await self._journal.record(
            ctx, event, subject=format_id(USER, user_id), details={"connection": connection.word, **details}
        )


class LinkedDoor:
    """What both doors share: how a proof that the login flow stored is made again."""

    kind: ClassVar[str]

    def recall(self, user_id: UUID, at: datetime, contribution: Contribution) -> Proof:  # noqa: ARG002 - as the Protocol
        """Never without its memory.

        Raises:
            Inconsistent: always.
        """
        raise Inconsistent("a linked proof without its memory", kind=self.kind)

    def recollect(self, user_id: UUID, at: datetime, contribution: Contribution, memory: Mapping[str, Json]) -> Proof:
        """Implements `Recollecting`."""
        connection, identity, told = memory.get("connection"), memory.get("identity"), memory.get("told")
        foreign, hint = memory.get("foreign"), memory.get("hint", "")
        if not (isinstance(connection, str) and isinstance(identity, str) and isinstance(foreign, str)):
            raise Inconsistent("a linked proof without its memory", kind=self.kind)
        if not isinstance(hint, str):
            raise Inconsistent("a linked proof without its memory", kind=self.kind)
        if contribution not in _WEIGHTS.values() or not isinstance(told, list):
            raise Inconsistent("stored proof of another weight", kind=self.kind)
        return PROOFS[self.kind](
            user_id,
            at,
            _MINT,
            connection_id=parse_id(CONNECTION, connection),
            identity_id=parse_id(IDENTITY, identity),
            counts_as=contribution,
            told=tuple(method for method in told if isinstance(method, str)),
            foreign=foreign,
            hint=base64.b64decode(hint),
        )


def _is_stale(attempt: Attempt, claims: ExternalClaims) -> bool:
    """A provider's own session, which may be old or somebody else's by now, renews none of ours."""
    if attempt.renew_since is None:
        return False
    return claims.authenticated_at is None or claims.authenticated_at < attempt.renew_since - LEEWAY


def _proof(
    connection: Connection, identity: ExternalIdentity, mapped: Mapped, claims: ExternalClaims, now: datetime
) -> LinkedProof:
    weight = _WEIGHTS.get(mapped.assurance)
    if weight is None:
        raise Inconsistent("a mapping to no assurance", assurance=mapped.assurance)
    return PROOFS[connection.kind](
        identity.user_id,
        now,
        _MINT,
        connection_id=connection.id,
        identity_id=identity.id,
        counts_as=weight,
        told=_told(claims, mapped.assurance),
        foreign=claims.session_index,
    )


def _told(claims: ExternalClaims, assurance: Assurance) -> tuple[str, ...]:
    """The provider's own words only where the mapping counts them for something: `mfa` in a token of ours says that
    somebody believed it."""
    if assurance == "aal1":
        return (FEDERATED,)
    words = (word for word in claims.amr if 0 < len(word) <= _MAX_METHOD and word.isascii() and word.isprintable())
    return tuple(dict.fromkeys((FEDERATED, *words)))[:MAX_METHODS]


def _vouched(connection: Connection, claims: ExternalClaims) -> bool:
    """Whether the address is its person's own, as far as the provider and the tenant say: else whoever writes another's
    address into a profile elsewhere would wait here in an account of their name."""
    if claims.email_verified is None:
        return connection.settings.email_trusted
    return claims.email_verified
