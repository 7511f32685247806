"""A password's proof of the tests' own making, for the pure rules."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from airside.core.proof import Mint
from airside.identity import Proof
from airside.identity.proofs import Contribution

_MINT = Mint("PasswordLike")


@dataclass(frozen=True, slots=True)
class PasswordLike(Proof):
    kind: ClassVar[str] = "password"
    amr: ClassVar[tuple[str, ...]] = ("pwd",)
    contribution: ClassVar[Contribution] = "first"

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)

    @classmethod
    def given(cls, user_id: UUID, at: datetime) -> Self:
        return cls(user_id, at, _MINT)
