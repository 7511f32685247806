"""One-time codes in the mail: six digits that are worth something in one login of one browser, five tries long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final, Protocol, final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy, equal
from airside.core.errors import Forbidden, Inconsistent, NotFound, Unauthenticated
from airside.core.ids import FACTOR, USER, format_id, uuid7
from airside.core.proof import Mint
from airside.core.secret import Secret
from airside.identity import records_email_codes as rows
from airside.identity.codes import derive_digits, read_digits
from airside.identity.guesses import Guesses
from airside.identity.policy import Policies
from airside.identity.proofs import Answer, Attempt, Contribution, Proof, demand_contribution
from airside.identity.records_email_codes import Draft
from airside.store import ForeignKeyViolation
from airside.store.context import RequestContext
from airside.vault import Vault

LIFETIME: Final = timedelta(minutes=10)
"""How long a code is good (NIST SP 800-63B-4 §3.1.3.2)."""
KIND: Final = "email_code"
"""The kind of its item in the outbox."""

_KEY: Final = "email-code"
_MINT: Final = Mint("EmailCodeProof")


class Post(Protocol):
    """Where mail is put that goes out after the commit; `store.Outbox` is one."""

    async def put(
        self, ctx: RequestContext, kind: str, *, subject: UUID | None, about: Mapping[str, str] = {}
    ) -> object:
        """Deliver a `kind` about `subject` once the transaction has committed. `about` holds ids only."""
        ...


@final
@dataclass(frozen=True, slots=True)
class EmailCodeProof(Proof):
    """That somebody reads the mail of `user_id`. Only this module makes one.

    It confirms and adds no assurance, for who reads the mail resets the password too (NIST SP 800-63B-4 §3.1.3.1). It
    has no `amr`: RFC 8176 names none for mail, and a relying party would take `otp` for the second factor that it is
    not.
    """

    kind: ClassVar[str] = "email_code"
    amr: ClassVar[tuple[str, ...]] = ()
    contribution: ClassVar[Contribution] = "confirmation"

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


@dataclass(frozen=True, slots=True)
class EmailCodeAnswer:
    """What a form brought."""

    kind: ClassVar[str] = "email_code"

    code: Secret[str]


class EmailCodes:
    """Sends codes and takes them. A code is derived from its row's id under a key of the tenant and stored nowhere."""

    def __init__(
        self,
        *,
        vault: Vault,
        entropy: Entropy,
        journal: Journal,
        guesses: Guesses,
        outbox: Post,
        policies: Policies,
    ) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._guesses = guesses
        self._outbox = outbox
        self._policies = policies

    async def ensure(self, ctx: RequestContext, flow_id: UUID, user_id: UUID, device_id: UUID | None = None) -> bool:
        """See to it that a code for this login is under way: a page that is loaded again sends none. True if one was
        sent now.

        Raises:
            Forbidden: the tenant takes no such factor.
            LimitExceeded: too many mails to that person.
            NotFound: no such user.
            Unavailable: mails can't be counted.
        """
        await self._demand_allowed(ctx)
        if await rows.is_open(ctx, flow_id, user_id):
            return False
        return await self._send(ctx, flow_id, user_id, device_id, again=False)

    async def send(self, ctx: RequestContext, flow_id: UUID, user_id: UUID, device_id: UUID | None = None) -> None:
        """Send another code for this login; the one before is worth nothing. Raises as `ensure`."""
        await self._demand_allowed(ctx)
        await self._send(ctx, flow_id, user_id, device_id, again=True)

    async def code(self, ctx: RequestContext, code_id: UUID) -> Secret[str]:
        """The six digits of a code that is under way, for whoever writes the mail.

        Raises:
            NotFound: it is spent, replaced, expired, out of tries, or never was: there is nothing to send.
        """
        if not await rows.is_live(ctx, code_id):
            raise NotFound
        return await self._derive(ctx, code_id)

    async def prove(
        self, ctx: RequestContext, flow_id: UUID, user_id: UUID, code: Secret[str], device_id: UUID | None = None
    ) -> EmailCodeProof:
        """Prove that `code` is the one that was sent for this login of this person. It is spent.

        The limit and the try are spent and committed before anything is compared; a right code gives back the limit's.

        Raises:
            LimitExceeded: too many tries at the account. Nothing was compared.
            Unauthenticated: a wrong, spent, expired or replaced code, one that had its five tries, another login's, a
                disabled user, or a factor that the tenant doesn't take.
            Unavailable: tries can't be counted.
        """
        if KIND not in (await self._policies.identity(ctx)).factors:
            raise Unauthenticated("factor not allowed")
        spent = await self._guesses.spend(ctx, user_id, device_id)
        code_id = await rows.try_once(ctx, flow_id, user_id)
        await ctx.tx.checkpoint()
        if code_id is None:
            raise Unauthenticated("no code to try")
        wanted = await self._derive(ctx, code_id)
        if not equal((read_digits(code) or "").encode(), wanted.reveal().encode()):
            raise Unauthenticated("wrong code")
        if not await rows.spend(ctx, flow_id, code_id):
            raise Unauthenticated("spent code")
        await self._guesses.refund(ctx, spent)
        return EmailCodeProof(user_id, ctx.now, _MINT)

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget the tenant's expired codes, for a timer; how many."""
        return await rows.sweep(ctx)

    async def _send(
        self, ctx: RequestContext, flow_id: UUID, user_id: UUID, device_id: UUID | None, *, again: bool
    ) -> bool:
        spent = await self._guesses.spend_mail(ctx, user_id, device_id)
        draft = Draft(flow_id, uuid7(ctx.now, self._entropy), user_id, ctx.now + LIFETIME)
        try:
            if again:
                await rows.put(ctx, draft)
            elif not await rows.put_unless_open(ctx, draft):
                # Somebody else has sent one in the meantime.
                await self._guesses.refund(ctx, spent)
                return False
        except ForeignKeyViolation:
            raise NotFound from None
        await self._outbox.put(ctx, KIND, subject=user_id, about={"code": format_id(FACTOR, draft.code_id)})
        await self._journal.record(ctx, Event.EMAIL_CODE_SENT, subject=format_id(USER, user_id))
        return True

    async def _demand_allowed(self, ctx: RequestContext) -> None:
        if KIND not in (await self._policies.identity(ctx)).factors:
            raise Forbidden("factor not allowed")

    async def _derive(self, ctx: RequestContext, code_id: UUID) -> Secret[str]:
        keyset = await self._vault.keyset(ctx)
        return Secret(derive_digits(keyset.derive(_KEY), code_id))


class EmailCodeAuthenticator:
    """Implements `Authenticator` by a code in the mail, for somebody who has been proven before."""

    kind: ClassVar[str] = EmailCodeProof.kind

    def __init__(self, email_codes: EmailCodes) -> None:
        self._email_codes = email_codes

    async def challenge(self, ctx: RequestContext, attempt: Attempt) -> Mapping[str, str]:
        """A code is under way when this returns: sent now, unless one is already. Raises as `EmailCodes.ensure`, and
        `Unauthenticated` where nobody was proven before."""
        if attempt.user_id is None:
            raise Unauthenticated("nobody proven before")
        await self._email_codes.ensure(ctx, attempt.flow_id, attempt.user_id, attempt.device_id)
        return {}

    async def prove(self, ctx: RequestContext, attempt: Attempt, answer: Answer) -> EmailCodeProof:
        if not isinstance(answer, EmailCodeAnswer):
            raise Inconsistent("answer of another kind", kind=answer.kind)
        if attempt.user_id is None:
            raise Unauthenticated("nobody proven before")
        return await self._email_codes.prove(ctx, attempt.flow_id, attempt.user_id, answer.code, attempt.device_id)

    def recall(self, user_id: UUID, at: datetime, contribution: Contribution) -> EmailCodeProof:
        demand_contribution(EmailCodeProof, contribution)
        return EmailCodeProof(user_id, at, _MINT)
