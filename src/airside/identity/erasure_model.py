"""A person on their way out. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol
from uuid import UUID

from airside.store.context import RequestContext

ErasureState = Literal["waiting", "closed", "erased"]
"""`waiting` is out of use and can be cancelled; `closed` has nothing left to prove themselves with, and goes when a
mail has told them; `erased` has no key and no rows any more."""

DEFAULT_GRACE: Final = timedelta(days=30)
"""How long an erasure waits where a tenant says nothing."""
MAX_GRACE: Final = timedelta(days=365)
"""How long it may wait."""


@dataclass(frozen=True, slots=True)
class PersonErasure:
    """That a person is to be erased, or has been. From `due_at` on nobody cancels it. `certificate` is the signed
    one, once there is one."""

    requested_at: datetime
    requested_by: str
    due_at: datetime
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
