"""A person on their way out. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from airside.store.context import RequestContext

ErasureState = Literal["closed", "erased"]
"""`closed` has nothing left to prove themselves with, and goes when a mail has told them; `erased` has no key and no
rows any more."""


@dataclass(frozen=True, slots=True)
class PersonErasure:
    """That a person is to be erased, or has been. `certificate` is the signed one, once there is one."""

    requested_at: datetime
    requested_by: str
    state: ErasureState
    certificate: str | None


@dataclass(frozen=True, slots=True)
class ErasedPerson:
    """Whose key is destroyed in this transaction; `had_key` is False where they had none of their own, as accounts from
    before there were such."""

    user_id: UUID
    requested_at: datetime
    had_key: bool


class Certifier(Protocol):
    """Who signs that a person was erased."""

    async def certify(self, ctx: RequestContext, erased: ErasedPerson) -> str:
        """The certificate, signed for the context's tenant as of now."""
        ...
