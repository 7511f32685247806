"""Proofs of the tests' own making, of the kinds that real authenticators give, for the pure rules."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from airside.core.proof import Mint
from airside.identity import Proof
from airside.identity.proofs import Contribution

_MINT = Mint("Like")


@dataclass(frozen=True, slots=True)
class Like(Proof):
    """Base of them."""

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)

    @classmethod
    def given(cls, user_id: UUID, at: datetime) -> Self:
        return cls(user_id, at, _MINT)


@dataclass(frozen=True, slots=True)
class PasswordLike(Like):
    kind: ClassVar[str] = "password"
    amr: ClassVar[tuple[str, ...]] = ("pwd",)
    contribution: ClassVar[Contribution] = "first"

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


@dataclass(frozen=True, slots=True)
class TotpLike(Like):
    kind: ClassVar[str] = "totp"
    contribution: ClassVar[Contribution] = "second"

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


@dataclass(frozen=True, slots=True)
class RecoveryLike(Like):
    kind: ClassVar[str] = "recovery_code"
    contribution: ClassVar[Contribution] = "second"

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


@dataclass(frozen=True, slots=True)
class MailLike(Like):
    kind: ClassVar[str] = "email_code"
    contribution: ClassVar[Contribution] = "confirmation"

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


@dataclass(frozen=True, slots=True)
class PasskeyLike(Like):
    kind: ClassVar[str] = "passkey"
    contribution: ClassVar[Contribution] = "multi"

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


@dataclass(frozen=True, slots=True)
class KeyLike(Like):
    kind: ClassVar[str] = "passkey"
    contribution: ClassVar[Contribution] = "hardware"

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


LIKES: tuple[type[Like], ...] = (PasswordLike, TotpLike, RecoveryLike, MailLike, PasskeyLike, KeyLike)
