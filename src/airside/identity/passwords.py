"""Passwords: set, change, prove. A wrong password, an unknown address and a disabled user cost and say the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final, Protocol, final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy, equal
from airside.core.errors import Conflict, Inconsistent, NotFound, Unauthenticated, Unavailable
from airside.core.ids import USER, format_id, uuid7
from airside.core.proof import Mint
from airside.core.secret import Secret
from airside.identity import foreign, records, records_passwords
from airside.identity.addresses import account_word, email_indexes
from airside.identity.candidate import candidate
from airside.identity.comparison import Comparison
from airside.identity.devices import Devices
from airside.identity.hashing import HashPool
from airside.identity.kept import Kept
from airside.identity.model import Credential
from airside.identity.policy import PasswordPolicy, Policies
from airside.identity.proofs import Answer, Attempt, Contribution, Proof, demand_contribution
from airside.identity.strength import Strength, weak
from airside.limits import (
    PASSWORD_CHANGE,
    SIGNIN_ACCOUNT,
    SIGNIN_DEVICE,
    SIGNIN_DEVICE_PAIR,
    SIGNIN_ORIGIN,
    SIGNIN_PAIR,
    Demand,
    Limiter,
    origin_key,
)
from airside.store import ForeignKeyViolation
from airside.store.context import RequestContext
from airside.vault import Keyset, Vault

MAX_RESEALED: Final = 500
"""Most hashes of one table that one `reseal` takes."""

NOBODY: Final = UUID(int=0)
"""Who is asked about where an address is no user's."""

_MINT: Final = Mint("PasswordProof")


@final
@dataclass(frozen=True, slots=True)
class PasswordProof(Proof):
    """That somebody knew the password of `user_id`. Only this module makes one."""

    kind: ClassVar[str] = "password"
    amr: ClassVar[tuple[str, ...]] = ("pwd",)
    contribution: ClassVar[Contribution] = "first"

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


@dataclass(frozen=True, slots=True)
class PasswordAnswer:
    """What a sign-in form brought."""

    kind: ClassVar[str] = "password"

    email: str
    password: Secret[str]


class Gate(Protocol):
    """Whom a password lets in nowhere, however right it is."""

    async def closes(self, ctx: RequestContext, email: str, user_id: UUID) -> bool:
        """Whether nobody gets in by a password for an address like `email`, but for few, of whom `user_id` may be one.
        It takes the same questions whoever that is (N15)."""
        ...


class Barred(Unauthenticated):
    """The right password of somebody who gets in by other ways only. Who guessed it is told what a wrong one is, and
    has spent as much."""


class Passwords:
    """Sets, changes and proves passwords, and takes over hashes that other systems made of them."""

    def __init__(
        self,
        *,
        vault: Vault,
        limiter: Limiter,
        hashes: HashPool,
        journal: Journal,
        entropy: Entropy,
        policies: Policies,
        strength: Strength,
        devices: Devices,
    ) -> None:
        self._vault = vault
        self._limiter = limiter
        self._hashes = hashes
        self._comparison = Comparison(hashes)
        self._journal = journal
        self._entropy = entropy
        self._policies = policies
        self._strength = strength
        self._devices = devices

    async def check(self, ctx: RequestContext, password: Secret[str], words: Sequence[str] = ()) -> None:
        """Return if `password` may be somebody's whose address, names and tenant `words` are: for who isn't a user yet.
        What was done in `ctx` before is committed.

        Raises:
            InvalidInput: it isn't good enough; `weakness` in its data says why (`strength.Weakness`).
            Unavailable: too much is waiting to be hashed.
        """
        await self._strength.check(ctx, password, words)

    async def choose(self, ctx: RequestContext, password: Secret[str], words: Sequence[str] = ()) -> Kept:
        """The hash of `password`, for `give`, if it may be somebody's whose address, names and tenant `words` are: for
        who isn't a user yet. No connection is held while hashing. What was done in `ctx` before is committed.

        Raises: as `check`.
        """
        await self._strength.check(ctx, password, words)
        return Kept(await self._hashes.hash(ctx.tenant_id, candidate(password)))

    async def choose_for(
        self,
        ctx: RequestContext,
        user_id: UUID,
        password: Secret[str],
        *,
        words: Sequence[str] = (),
        refuse_former: bool = False,
    ) -> Kept:
        """As `choose`, for a user: `words` are names beside theirs and their address. `refuse_former` is for who sets
        their own (recovery) and refuses the present and the last `PasswordPolicy.history` passwords; for an
        administrator it would answer guesses at them.

        Raises:
            InvalidInput, Unavailable: as `check`.
            NotFound: no such user.
        """
        user = await records.user(ctx, self._vault, user_id)
        if user is None:
            raise NotFound
        policy = (await self._policies.identity(ctx)).password
        past = await self._past(ctx, user_id, policy.history) if refuse_former and policy.history else []
        await ctx.tx.checkpoint()
        await self._strength.judge(ctx, policy, password, (user.email, user.name, *words))
        await self._refuse_used(ctx, past, password)
        return Kept(await self._hashes.hash(ctx.tenant_id, candidate(password)))

    async def give(self, ctx: RequestContext, user_id: UUID, chosen: Kept, *, own: bool = False) -> None:
        """Make the password that was `chosen` the user's only one. Sessions live on: `Sessions.end_all` is the caller's
        to say. `own`: by the link that recovers their account.

        Raises:
            NotFound: no such user.
        """
        keyset = await self._vault.keyset(ctx)
        policy = (await self._policies.identity(ctx)).password
        before = await records_passwords.credential_of(ctx, keyset, user_id)
        try:
            await records_passwords.set_password(ctx, keyset, user_id, chosen)
        except ForeignKeyViolation:
            raise NotFound from None
        await self._after(ctx, keyset, user_id, None if before is None else before.kept, policy, own=own)

    async def set(
        self, ctx: RequestContext, user_id: UUID, password: Secret[str], *, words: Sequence[str] = ()
    ) -> None:
        """`choose_for`, and `give` what it is. What was done in `ctx` before is committed, whatever is refused.

        Raises: as these.
        """
        await self.give(ctx, user_id, await self.choose_for(ctx, user_id, password, words=words))

    async def change(
        self, ctx: RequestContext, user_id: UUID, old: Secret[str], new: Secret[str], *, words: Sequence[str] = ()
    ) -> PasswordProof:
        """Put `new` in place of `old`, and prove it at once: proofs of the old one start no session any more.

        A wrong `old` is a guess: the limit is spent and committed before anything is compared, and given back by a
        right one. No connection is held while hashing. What was done in `ctx` before is committed with them.

        Raises:
            LimitExceeded: too many wrong old ones, or too much waiting to be hashed. Nothing was compared.
            Unauthenticated: wrong old password, or a user who has none, is disabled or unknown.
            InvalidInput: `new` isn't good enough, is `old`, or was used before; `weakness` in its data says why.
            Conflict: another change was faster.
            Unavailable: no room to hash or to count.
        """
        self._hashes.admit(ctx.tenant_id, known=True)
        keyset = await self._vault.keyset(ctx)
        policy = (await self._policies.identity(ctx)).password
        before = await records_passwords.credential_of(ctx, keyset, user_id)
        user = await records.user(ctx, self._vault, user_id)
        past = await records_passwords.former(ctx, keyset, user_id, policy.history)
        spent = [(PASSWORD_CHANGE, format_id(USER, user_id))]
        await self._limiter.spend(ctx, spent)
        await ctx.tx.checkpoint()
        kept = self._comparison.nobody(keyset) if before is None else before.kept
        matches = await self._matches(ctx, kept, old, spent)
        if before is None or user is None or user.state != "active" or not matches:
            await self._journal.refused(ctx, Event.PASSWORD_CHANGE_REFUSED, reason="wrong_credentials")
            await ctx.tx.checkpoint()
            raise Unauthenticated("wrong credentials")
        await self._limiter.refund(ctx, spent)
        await ctx.tx.checkpoint()
        if equal(candidate(old), candidate(new)):
            raise weak("used_before")
        await self._strength.judge(ctx, policy, new, (user.email, user.name, *words))
        await self._refuse_used(ctx, past, new)
        fresh = Kept(await self._hashes.hash(ctx.tenant_id, candidate(new)))
        if not await records_passwords.change_password(ctx, keyset, before, fresh):
            raise Conflict("password changed meanwhile")
        await self._after(ctx, keyset, user_id, before.kept, policy)
        return PasswordProof(user_id, ctx.now, _MINT)

    async def is_due(self, ctx: RequestContext, user_id: UUID) -> bool:
        """Whether the user's next sign-in asks for another password: one was demanded, or it is older than the tenant
        allows. False where they have none."""
        due = await records_passwords.due(ctx, user_id)
        if due is None:
            return False
        changed_at, demanded = due
        days = (await self._policies.identity(ctx)).password.max_age_days
        return demanded or (days is not None and ctx.now - changed_at >= timedelta(days=days))

    async def demand_change(self, ctx: RequestContext, user_id: UUID) -> None:
        """Have the user's next sign-in ask for another password.

        Raises:
            NotFound: no such user, or one without a password.
        """
        if not await records_passwords.demand_change(ctx, user_id):
            raise NotFound
        await self._journal.record(ctx, Event.PASSWORD_CHANGE_DEMANDED, subject=format_id(USER, user_id))

    async def import_hash(self, ctx: RequestContext, user_id: UUID, stored: str) -> None:
        """Take over the hash that another system kept of the user's password; `foreign.read` says which spellings.
        It is verified as that system did, and gives way to our own at the first sign-in.

        Raises:
            InvalidInput: no hash that is known, canonical, and neither too weak nor too costly.
            NotFound: no such user.
        """
        foreign.read(stored)
        keyset = await self._vault.keyset(ctx)
        try:
            await records_passwords.set_password(ctx, keyset, user_id, Kept(stored, imported=True))
        except ForeignKeyViolation:
            raise NotFound from None
        await self._journal.record(ctx, Event.PASSWORD_IMPORTED, subject=format_id(USER, user_id))

    async def export_hash(self, ctx: RequestContext, user_id: UUID) -> Secret[str] | None:
        """The hash of the user's password, as `import_hash` takes it; None where there is none."""
        found = await records_passwords.credential_of(ctx, await self._vault.keyset(ctx), user_id)
        return None if found is None else Secret(found.kept.text)

    async def reseal(self, ctx: RequestContext) -> int:
        """After the tenant's data key was rotated, seal hashes again that an older one sealed, and such as were never
        sealed: up to `MAX_RESEALED` present and as many former ones; how many. 0 says that the old key can go."""
        return await records_passwords.reseal(ctx, await self._vault.keyset(ctx), MAX_RESEALED)

    async def prove(
        self,
        ctx: RequestContext,
        email: str,
        password: Secret[str],
        device_id: UUID | None = None,
        *,
        gate: Gate | None = None,
    ) -> PasswordProof:
        """Prove that `password` is that of the user with `email`.

        A `device_id` (from `Devices.recognise`) that this user is known by guesses on a budget of its own, so that
        strangers who use up theirs keep nobody out. Limits are spent and committed before anything is compared, so
        no refusal gives them back; a success gives back its own unit of those that count failures. Between the two
        no connection is held. What was done in `ctx` before is committed with them.

        Raises:
            LimitExceeded: too many attempts, or too much waiting to be hashed. Nothing was compared.
            Unauthenticated: wrong password, unknown or disabled user, or one whom the `gate` bars: the same statements,
                the same work, and nothing given back: a limit that a right password leaves as it was would tell it.
            Unavailable: no room to hash or to count.
        """
        signed_in = ctx.principal.kind == "user"
        self._hashes.admit(ctx.tenant_id, known=signed_in or device_id is not None)
        keyset = await self._vault.keyset(ctx)
        indexes = email_indexes(keyset, email)
        known = await self._devices.admits(ctx, indexes, device_id)
        self._hashes.admit(ctx.tenant_id, known=signed_in or known)
        attempt, *failures = _demands(ctx, account_word(keyset, email), device_id if known else None)
        await self._limiter.spend(ctx, [attempt, *failures])
        credential = await records_passwords.credential(ctx, keyset, indexes)
        person = NOBODY if credential is None else credential.user_id
        barred = gate is not None and await gate.closes(ctx, email, person)
        await ctx.tx.checkpoint()
        kept = self._comparison.nobody(keyset) if credential is None else credential.kept
        matches = await self._matches(ctx, kept, password, [attempt, *failures])
        if credential is None or not matches:
            raise Unauthenticated("wrong credentials")
        if barred:
            raise Barred("another way only")
        await self._limiter.refund(ctx, failures)
        await self._renew(ctx, keyset, credential, password)
        return PasswordProof(credential.user_id, ctx.now, _MINT)

    async def _matches(self, ctx: RequestContext, kept: Kept, password: Secret[str], spent: Sequence[Demand]) -> bool:
        """Whether it is the one; what was `spent` is given back where there was no room to compare."""
        try:
            return await self._comparison.matches(ctx.tenant_id, kept, password)
        except Unavailable:
            await self._limiter.refund(ctx, spent)
            await ctx.tx.checkpoint()
            raise

    async def _renew(self, ctx: RequestContext, keyset: Keyset, proven: Credential, password: Secret[str]) -> None:
        """Hash a proven password anew where its hash isn't today's, or seal the hash again where its key isn't."""
        kept = proven.kept
        if kept.imported or self._hashes.is_outdated(kept.text):
            await ctx.tx.checkpoint()
            kept = Kept(await self._hashes.hash(ctx.tenant_id, candidate(password)))
        elif not kept.stale:
            return
        await records_passwords.replace_hash(ctx, keyset, proven.user_id, proven.row, kept)

    async def _past(self, ctx: RequestContext, user_id: UUID, history: int) -> list[Kept]:
        """The user's present password and as many former ones."""
        keyset = await self._vault.keyset(ctx)
        present = await records_passwords.credential_of(ctx, keyset, user_id)
        former = await records_passwords.former(ctx, keyset, user_id, history)
        return [*([] if present is None else [present.kept]), *former]

    async def _refuse_used(self, ctx: RequestContext, past: Sequence[Kept], password: Secret[str]) -> None:
        for kept in past:
            if await self._comparison.matches(ctx.tenant_id, kept, password):
                raise weak("used_before")

    async def _after(
        self,
        ctx: RequestContext,
        keyset: Keyset,
        user_id: UUID,
        before: Kept | None,
        policy: PasswordPolicy,
        *,
        own: bool = False,
    ) -> None:
        """What follows when somebody has another password."""
        history_id = uuid7(ctx.now, self._entropy)
        await records_passwords.remember(ctx, keyset, history_id, user_id, before, policy.history)
        details = {"first": before is None, "recovery": own}
        await self._journal.record(ctx, Event.PASSWORD_SET, subject=format_id(USER, user_id), details=details)


class PasswordAuthenticator:
    """Implements `Authenticator` by a password."""

    kind: ClassVar[str] = PasswordProof.kind

    def __init__(self, passwords: Passwords, gate: Gate) -> None:
        self._passwords = passwords
        self._gate = gate

    async def challenge(self, ctx: RequestContext, attempt: Attempt) -> Mapping[str, str]:  # noqa: ARG002 - a plain form needs nothing
        return {}

    async def prove(self, ctx: RequestContext, attempt: Attempt, answer: Answer) -> PasswordProof:
        if not isinstance(answer, PasswordAnswer):
            raise Inconsistent("answer of another kind", kind=answer.kind)
        proof = await self._passwords.prove(ctx, answer.email, answer.password, attempt.device_id, gate=self._gate)
        if attempt.user_id is not None and attempt.user_id != proof.user_id:
            raise Unauthenticated("proof of somebody else")
        return proof

    def recall(self, user_id: UUID, at: datetime, contribution: Contribution) -> PasswordProof:
        demand_contribution(PasswordProof, contribution)
        return PasswordProof(user_id, at, _MINT)


def _demands(ctx: RequestContext, account: str, known: UUID | None) -> list[Demand]:
    """What a guess is counted on: the attempt, then what counts failures only."""
    origin = origin_key(ctx.origin.address)
    if known is None:
        return [(SIGNIN_PAIR, f"{account} {origin}"), (SIGNIN_ORIGIN, origin), (SIGNIN_ACCOUNT, account)]
    place = f"{account} {known.hex}"
    return [(SIGNIN_DEVICE_PAIR, place), (SIGNIN_DEVICE, place)]
