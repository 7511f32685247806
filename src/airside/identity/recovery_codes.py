"""Recovery codes: ten on a sheet of paper, each of which stands in for a lost second factor once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Forbidden, Inconsistent, NotFound, Unauthenticated
from airside.core.ids import USER, format_id
from airside.core.proof import Mint
from airside.core.secret import Secret
from airside.identity import records
from airside.identity import records_recovery as rows
from airside.identity.codes import draw_recovery, read_recovery, show_recovery
from airside.identity.guesses import Guesses
from airside.identity.policy import Policies
from airside.identity.proofs import Answer, Attempt, Contribution, Proof, demand_contribution
from airside.store.context import RequestContext
from airside.vault import Keyset, Vault

RECOVERY_CODES: Final = 10
"""Codes of one sheet."""

_NONE: Final = "\0"
"""No code: what can't be one is looked up like one and not found."""
_MINT: Final = Mint("RecoveryCodeProof")


@final
@dataclass(frozen=True, slots=True)
class RecoveryCodeProof(Proof):
    """That somebody had a code of the sheet of `user_id`. Only this module makes one.

    A look-up secret (NIST SP 800-63B-4 §3.1.2), something had, so it stands beside a password as a second factor. Its
    `amr` is RFC 8176's `otp`: a list of passwords for one use each is the oldest kind of them (RFC 2289).
    """

    kind: ClassVar[str] = "recovery_code"
    amr: ClassVar[tuple[str, ...]] = ("otp",)
    contribution: ClassVar[Contribution] = "second"

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


@dataclass(frozen=True, slots=True)
class RecoveryCodeAnswer:
    """What a form brought."""

    kind: ClassVar[str] = "recovery_code"

    code: Secret[str]


class RecoveryCodes:
    """Makes and takes recovery codes. Only keyed hashes are stored: whoever steals the table can't search for them."""

    def __init__(
        self, *, vault: Vault, entropy: Entropy, journal: Journal, guesses: Guesses, policies: Policies
    ) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._guesses = guesses
        self._policies = policies

    async def renew(self, ctx: RequestContext, user_id: UUID) -> tuple[Secret[str], ...]:
        """A new sheet of `RECOVERY_CODES`, in clear this once, as `xxxxx-xxxxx`. Every older code is worth nothing from
        now on.

        Raises:
            Forbidden: the tenant takes no such factor.
            NotFound: no such user.
        """
        if not await self._allowed(ctx):
            raise Forbidden("factor not allowed")
        if not await records.take_user(ctx, user_id):
            raise NotFound
        codes: set[str] = set()
        while len(codes) < RECOVERY_CODES:
            codes.add(draw_recovery(self._entropy))
        keyset = await self._vault.keyset(ctx)
        await rows.replace(ctx, user_id, [_hashes(keyset, user_id, code)[0] for code in codes])
        details = {"remaining": len(codes)}
        await self._journal.record(ctx, Event.RECOVERY_CODES_RENEWED, subject=format_id(USER, user_id), details=details)
        return tuple(show_recovery(code) for code in codes)

    async def remaining(self, ctx: RequestContext, user_id: UUID) -> int:
        """How many codes the person has left."""
        return await rows.remaining(ctx, user_id)

    async def prove(
        self, ctx: RequestContext, user_id: UUID, code: Secret[str], device_id: UUID | None = None
    ) -> RecoveryCodeProof:
        """Prove that `code` stands on the person's sheet. It is spent.

        Its limit is kept by origin and known device, so that no stranger's guesses close this way to anybody.

        Raises:
            LimitExceeded: too many tries. Nothing was looked up.
            Unauthenticated: a wrong or spent code, a disabled user, or a factor that the tenant doesn't take.
            Unavailable: tries can't be counted.
        """
        if not await self._allowed(ctx):
            raise Unauthenticated("factor not allowed")
        spent = await self._guesses.spend_recovery(ctx, user_id, device_id)
        hashes = _hashes(await self._vault.keyset(ctx), user_id, read_recovery(code) or _NONE)
        if not await rows.spend(ctx, user_id, hashes):
            raise Unauthenticated("wrong or spent code")
        await self._guesses.refund(ctx, spent)
        details = {"remaining": await rows.remaining(ctx, user_id)}
        await self._journal.record(ctx, Event.RECOVERY_CODE_SPENT, subject=format_id(USER, user_id), details=details)
        return RecoveryCodeProof(user_id, ctx.now, _MINT)

    async def _allowed(self, ctx: RequestContext) -> bool:
        return "recovery_code" in (await self._policies.identity(ctx)).factors


class RecoveryCodeAuthenticator:
    """Implements `Authenticator` by a recovery code, for somebody who has been proven before."""

    kind: ClassVar[str] = RecoveryCodeProof.kind

    def __init__(self, recovery_codes: RecoveryCodes) -> None:
        self._recovery_codes = recovery_codes

    async def challenge(self, ctx: RequestContext, attempt: Attempt) -> Mapping[str, str]:  # noqa: ARG002 - a plain form needs nothing
        return {}

    async def prove(self, ctx: RequestContext, attempt: Attempt, answer: Answer) -> RecoveryCodeProof:
        if not isinstance(answer, RecoveryCodeAnswer):
            raise Inconsistent("answer of another kind", kind=answer.kind)
        if attempt.user_id is None:
            raise Unauthenticated("nobody proven before")
        return await self._recovery_codes.prove(ctx, attempt.user_id, answer.code, attempt.device_id)

    def recall(self, user_id: UUID, at: datetime, contribution: Contribution) -> RecoveryCodeProof:
        demand_contribution(RecoveryCodeProof, contribution)
        return RecoveryCodeProof(user_id, at, _MINT)


async def remove_orphaned(ctx: RequestContext, journal: Journal, user_id: UUID) -> int:
    """Take the codes of somebody who has no other second factor left: there is nothing that they stand in for, and
    beside a factor of a later day the forgotten sheet would work again. How many. The caller, who has just removed a
    factor, has taken the user's row before."""
    count = await rows.remove_orphaned(ctx, user_id)
    if count:
        details = {"removed": count}
        await journal.record(ctx, Event.RECOVERY_CODES_REMOVED, subject=format_id(USER, user_id), details=details)
    return count


def _hashes(keyset: Keyset, user_id: UUID, code: str) -> list[bytes]:
    # HMAC-SHA256 under a key that the database doesn't hold, cut to 128 bits; bound to the person. The first is what a
    # new code gets, the others are what one may have from before the index key was rotated.
    return keyset.blind_indexes("recovery_code", "code_hash", user_id.bytes + code.encode())
