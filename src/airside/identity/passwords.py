"""Passwords: set one, prove one. A wrong password, an unknown address and a disabled user cost and say the same."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.errors import Inconsistent, InvalidInput, NotFound, Unauthenticated
from airside.core.ids import USER, format_id
from airside.core.proof import Mint
from airside.core.secret import Secret
from airside.identity import records
from airside.identity.email import MAX_EMAIL, normalise
from airside.identity.hashing import HashPool
from airside.identity.proofs import Answer, Attempt, Contribution, Proof, demand_contribution
from airside.limits import SIGNIN_ACCOUNT, SIGNIN_ORIGIN, SIGNIN_PAIR, Limiter, origin_key
from airside.store import ForeignKeyViolation
from airside.store.context import RequestContext
from airside.vault import Keyset, Vault

MIN_PASSWORD_LENGTH: Final = 8
"""Characters (NIST SP 800-63B-4 §3.1.1.2, with a second factor in reach)."""
MAX_PASSWORD_BYTES: Final = 256
"""Bytes of UTF-8, checked before anything is computed."""

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


class Passwords:
    """Sets and proves passwords."""

    def __init__(self, *, vault: Vault, limiter: Limiter, hashes: HashPool, journal: Journal) -> None:
        self._vault = vault
        self._limiter = limiter
        self._hashes = hashes
        self._journal = journal

    async def set(self, ctx: RequestContext, user_id: UUID, password: Secret[str]) -> None:
        """Make `password` the user's only one. Sessions live on: `Sessions.end_all` is the caller's to say.

        Raises:
            InvalidInput: shorter than `MIN_PASSWORD_LENGTH`, longer than `MAX_PASSWORD_BYTES`, or no text.
            NotFound: no such user.
            Unavailable: too much is waiting to be hashed.
        """
        stored = await self._hashes.hash(_acceptable(password))
        try:
            await records.set_password(ctx, user_id, stored)
        except ForeignKeyViolation:
            raise NotFound from None
        await self._journal.record(ctx, Event.PASSWORD_SET, subject=format_id(USER, user_id))

    async def prove(self, ctx: RequestContext, email: str, password: Secret[str]) -> PasswordProof:
        """Prove that `password` is that of the user with `email`.

        Limits are spent and committed before anything is compared, so no refusal gives them back; a success gives
        back the two that count failures. Between the two no connection is held. What was done in `ctx` before is
        committed with them.

        Raises:
            LimitExceeded: too many attempts, or too much waiting to be hashed. Nothing was compared.
            Unauthenticated: wrong password, unknown or disabled user: the same statements, the same work.
            Unavailable: no room to hash or to count.
        """
        self._hashes.admit(known=ctx.principal.kind == "user")
        index = email_index(await self._vault.keyset(ctx), email)
        account, origin = index.hex(), origin_key(ctx.origin.address)
        failures = ((SIGNIN_ORIGIN, origin), (SIGNIN_ACCOUNT, account))
        await self._limiter.spend(ctx, [(SIGNIN_PAIR, f"{account} {origin}"), *failures])
        credential = await records.credential(ctx, index)
        await ctx.tx.checkpoint()
        stored = self._hashes.dummy if credential is None else credential.hash
        matches = await self._hashes.verify(stored, _candidate(password))
        if credential is None or not matches:
            raise Unauthenticated("wrong credentials")
        await self._limiter.refund(ctx, failures)
        if self._hashes.is_outdated(stored):
            fresh = await self._hashes.hash(_candidate(password))
            await records.replace_password(ctx, credential.user_id, stored, fresh)
        return PasswordProof(credential.user_id, ctx.now, _MINT)


class PasswordAuthenticator:
    """Implements `Authenticator` by a password."""

    kind: ClassVar[str] = PasswordProof.kind

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords

    async def challenge(self, ctx: RequestContext, attempt: Attempt) -> Mapping[str, str]:  # noqa: ARG002 - a plain form needs nothing
        return {}

    async def prove(self, ctx: RequestContext, attempt: Attempt, answer: Answer) -> PasswordProof:
        if not isinstance(answer, PasswordAnswer):
            raise Inconsistent("answer of another kind", kind=answer.kind)
        proof = await self._passwords.prove(ctx, answer.email, answer.password)
        if attempt.user_id is not None and attempt.user_id != proof.user_id:
            raise Unauthenticated("proof of somebody else")
        return proof

    def recall(self, user_id: UUID, at: datetime, contribution: Contribution) -> PasswordProof:
        demand_contribution(PasswordProof, contribution)
        return PasswordProof(user_id, at, _MINT)


def email_index(keyset: Keyset, email: str) -> bytes:
    """The blind index of `email`; of what is no address at all, one that no account can have."""
    try:
        key = normalise(email).encode()
    except InvalidInput:
        key = b"\0" + email[:MAX_EMAIL].encode("utf-8", "replace")
    return keyset.blind_index("user_account", "email", key)


def _acceptable(password: Secret[str]) -> bytes:
    text = password.reveal()
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        raise InvalidInput("password isn't text", pointer="password") from None
    if len(text) < MIN_PASSWORD_LENGTH:
        raise InvalidInput("password too short", pointer="password", min_length=MIN_PASSWORD_LENGTH)
    if size > MAX_PASSWORD_BYTES:
        raise InvalidInput("password too long", pointer="password", max_bytes=MAX_PASSWORD_BYTES)
    return _candidate(password)


def _candidate(password: Secret[str]) -> bytes:
    # NFKC, so that one password typed on two keyboards is one (NIST SP 800-63B-4 §3.1.1.2). A guess over the cap is
    # cut: it can't be anybody's password, and costs what every guess costs.
    text = password.reveal()
    cut = text if len(text) <= MAX_PASSWORD_BYTES else text[:MAX_PASSWORD_BYTES] + "\0"
    return unicodedata.normalize("NFKC", cut).encode("utf-8", "replace")
