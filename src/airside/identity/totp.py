"""TOTP: codes of six digits that an app makes every thirty seconds (RFC 6238). Each is taken once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final, final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, Forbidden, Inconsistent, NotFound, Unauthenticated
from airside.core.ids import FACTOR, USER, format_id, uuid7
from airside.core.proof import Mint
from airside.core.secret import Secret
from airside.identity import qr, records, records_factors
from airside.identity import records_totp as rows
from airside.identity.codes import read_digits
from airside.identity.guesses import MAX_COST, Guesses
from airside.identity.model import TotpEnrolment
from airside.identity.policy import Policies
from airside.identity.proofs import Answer, Attempt, Contribution, Proof, demand_contribution
from airside.identity.records_totp import Generator
from airside.identity.recovery_codes import remove_orphaned
from airside.protocols import otp
from airside.store.context import RequestContext
from airside.vault import Vault

MAX_TOTP: Final = MAX_COST
"""Most confirmed generators of one person: a try at all of them costs a unit of the limit for each."""
ENROLMENT: Final = timedelta(minutes=15)
"""How long a generator waits for its first code."""
MAX_ACCOUNT: Final = 254
"""Bytes of the account's name that an app is told; with both names at their caps there still is a picture of them."""
MAX_ISSUER: Final = 120

_MINT: Final = Mint("TotpProof")


@final
@dataclass(frozen=True, slots=True)
class TotpProof(Proof):
    """That somebody had a generator of `user_id` in hand. Only this module makes one."""

    kind: ClassVar[str] = "totp"
    amr: ClassVar[tuple[str, ...]] = ("otp",)
    contribution: ClassVar[Contribution] = "second"

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


@dataclass(frozen=True, slots=True)
class TotpAnswer:
    """What a form brought."""

    kind: ClassVar[str] = "totp"

    code: Secret[str]


class Totp:
    """Enrols generators and takes their codes. Secrets are sealed before they are stored."""

    def __init__(
        self,
        *,
        vault: Vault,
        entropy: Entropy,
        journal: Journal,
        guesses: Guesses,
        policies: Policies,
    ) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._guesses = guesses
        self._policies = policies

    async def begin(
        self, ctx: RequestContext, user_id: UUID, account: str, issuer: str, *, factor_id: UUID | None = None
    ) -> TotpEnrolment:
        """A new generator, worth nothing until `confirm`, within `ENROLMENT`. One that was begun before and never
        confirmed is forgotten. `account` and `issuer` are what the app shows, cut at their caps; `factor_id` is the id
        that it gets, where somebody else has drawn one.

        Raises:
            Forbidden: the tenant takes no such factor.
            Conflict: the person has `MAX_TOTP` already.
            NotFound: no such user.
        """
        if not await self._allowed(ctx):
            raise Forbidden("factor not allowed")
        if not await records.take_user(ctx, user_id):
            raise NotFound
        if await rows.count(ctx, user_id) >= MAX_TOTP:
            raise Conflict("too many factors")
        secret = Secret(self._entropy.bytes(otp.SECRET_BYTES))
        made = Generator(factor_id or uuid7(ctx.now, self._entropy), secret)
        await rows.put_pending(ctx, await self._vault.persons.seals(ctx, user_id), user_id, made)
        return _shown(made, account, issuer)

    async def resume(
        self, ctx: RequestContext, user_id: UUID, factor_id: UUID, account: str, issuer: str
    ) -> TotpEnrolment:
        """What `begin` showed, once more, after a wrong code. Only whoever began it knows its id, so nobody is shown
        the secret that somebody else has seen before.

        Raises:
            NotFound: nothing of that person's waits under that id: confirmed, replaced, expired or never there.
        """
        seals = await self._vault.persons.seals(ctx, user_id)
        waiting = await rows.pending(ctx, seals, user_id, factor_id, ctx.now - ENROLMENT)
        if waiting is None:
            raise NotFound
        return _shown(waiting, account, issuer)

    async def confirm(self, ctx: RequestContext, user_id: UUID, factor_id: UUID, code: Secret[str]) -> TotpProof:
        """From now on the generator is one of the person's factors: they have shown its first code, which is spent.

        Raises:
            NotFound: nothing of that person's waits under that id: confirmed, replaced, expired or never there.
            Unauthenticated: a wrong code; the generator goes on waiting.
            Conflict: the person has `MAX_TOTP` already, or was disabled meanwhile.
            LimitExceeded: too many tries; nothing was looked at.
            Forbidden: the tenant takes no such factor.
        """
        if not await self._allowed(ctx):
            raise Forbidden("factor not allowed")
        await self._guesses.spend_enrolment(ctx, user_id)
        since = ctx.now - ENROLMENT
        waiting = await rows.pending(ctx, await self._vault.persons.seals(ctx, user_id), user_id, factor_id, since)
        if waiting is None:
            raise NotFound
        steps = _steps(ctx, waiting, read_digits(code))
        if not steps:
            raise Unauthenticated("wrong code")
        if not await records.take_user(ctx, user_id):
            raise NotFound
        if not await rows.confirm(ctx, user_id, factor_id, steps[0], since, MAX_TOTP):
            raise Conflict("confirmed already, too many factors, or a disabled user")
        await self._record(ctx, Event.TOTP_ADDED, user_id, factor_id)
        return TotpProof(user_id, ctx.now, _MINT)

    async def prove(
        self, ctx: RequestContext, user_id: UUID, code: Secret[str], device_id: UUID | None = None
    ) -> TotpProof:
        """Prove that `code` is that of one of the person's generators, now or a step of thirty seconds beside it.
        All of them are tried. The step is spent, and every older one with it.

        Limits are spent and committed before anything is compared; a right code gives back its own units.

        Raises:
            LimitExceeded: too many tries. Nothing was compared.
            Unauthenticated: a wrong or spent code, no generator, a disabled user, or a factor that the tenant doesn't
                take.
            Unavailable: tries can't be counted.
        """
        if not await self._allowed(ctx):
            raise Unauthenticated("factor not allowed")
        generators = await rows.confirmed(ctx, await self._vault.persons.seals(ctx, user_id), user_id)
        spent = await self._guesses.spend(ctx, user_id, device_id, cost=len(generators))
        typed = read_digits(code)
        matching = [(generator, step) for generator in generators for step in _steps(ctx, generator, typed)]
        # The newest first: were an older step spent, the same code would be right again at the newer one.
        for generator, step in matching:
            if await rows.spend_step(ctx, user_id, generator.factor_id, step):
                await self._guesses.refund(ctx, spent)
                return TotpProof(user_id, ctx.now, _MINT)
        raise Unauthenticated("wrong or spent code")

    async def remove(self, ctx: RequestContext, user_id: UUID, factor_id: UUID) -> None:
        """Take the generator from the person. Recovery codes go with the last factor that they stand in for.

        Raises:
            NotFound: not there, not confirmed, or not the person's.
        """
        if not await records.take_user(ctx, user_id) or not await rows.remove(ctx, user_id, factor_id):
            raise NotFound
        last = not await records_factors.has_second(ctx, user_id)
        await self._record(ctx, Event.TOTP_REMOVED, user_id, factor_id, last=last)
        await remove_orphaned(ctx, self._journal, user_id)

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget what was begun and never confirmed, for a timer; how many."""
        return await rows.sweep(ctx, ctx.now - ENROLMENT)

    async def _allowed(self, ctx: RequestContext) -> bool:
        return "totp" in (await self._policies.identity(ctx)).factors

    async def _record(self, ctx: RequestContext, event: Event, user_id: UUID, factor_id: UUID, **more: bool) -> None:
        details = {"factor": format_id(FACTOR, factor_id), **more}
        await self._journal.record(ctx, event, subject=format_id(USER, user_id), details=details)


class TotpAuthenticator:
    """Implements `Authenticator` by a code of a generator, for somebody who has been proven before."""

    kind: ClassVar[str] = TotpProof.kind

    def __init__(self, totp: Totp) -> None:
        self._totp = totp

    async def challenge(self, ctx: RequestContext, attempt: Attempt) -> Mapping[str, str]:  # noqa: ARG002 - a plain form needs nothing
        return {}

    async def prove(self, ctx: RequestContext, attempt: Attempt, answer: Answer) -> TotpProof:
        if not isinstance(answer, TotpAnswer):
            raise Inconsistent("answer of another kind", kind=answer.kind)
        if attempt.user_id is None:
            raise Unauthenticated("nobody proven before")
        return await self._totp.prove(ctx, attempt.user_id, answer.code, attempt.device_id)

    def recall(self, user_id: UUID, at: datetime, contribution: Contribution) -> TotpProof:
        demand_contribution(TotpProof, contribution)
        return TotpProof(user_id, at, _MINT)


def _steps(ctx: RequestContext, generator: Generator, typed: str | None) -> list[int]:
    # What can't be a code is compared like one, and is none.
    return otp.matching_steps(generator.secret.reveal(), otp.step_at(ctx.now), typed or "")


def _shown(generator: Generator, account: str, issuer: str) -> TotpEnrolment:
    secret = generator.secret.reveal()
    uri = otp.uri(secret, _cut(account, MAX_ACCOUNT), _cut(issuer, MAX_ISSUER))
    return TotpEnrolment(generator.factor_id, Secret(otp.base32(secret)), Secret(uri), Secret(qr.svg(uri)))


def _cut(text: str, size: int) -> str:
    return text.encode("utf-8", "ignore")[:size].decode("utf-8", "ignore")
