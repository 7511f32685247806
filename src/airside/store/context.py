"""The RequestContext: one tenant, one transaction, one principal, one moment.

Every stateful verb takes it first. It can't be built without a tenant, so no verb can forget one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias, TypeVar
from uuid import UUID

from msgspec import Struct

from airside.core.principal import Origin, Principal

Row = TypeVar("Row")
Other = TypeVar("Other")
Params: TypeAlias = Sequence[Any]
Statement: TypeAlias = tuple[str, Params]
Query: TypeAlias = tuple[type[Row], str, Params]
Joined: TypeAlias = Callable[[Sequence[Params]], Sequence[Statement]]
"""Makes the statements that store rows together."""


class Transaction(Protocol):
    """A transaction that opens at its first statement, with the tenant already set in it.

    Rows come back as frozen dataclasses whose fields carry the names of the selected columns.
    """

    async def one(self, row: type[Row], sql: str, params: Params = ()) -> Row | None:
        """The only row, or None. More than one is `Inconsistent`."""
        ...

    async def all(self, row: type[Row], sql: str, params: Params = ()) -> list[Row]:
        """Every row."""
        ...

    async def two(self, first: Query[Row], second: Query[Other]) -> tuple[list[Row], list[Other]]:
        """The rows of two queries in one flush. The second sees what was committed while the first waited for a
        lock."""
        ...

    async def run(self, sql: str, params: Params = ()) -> int:
        """Execute; how many rows it touched. For single use, this number is the answer."""
        ...

    async def run_many(self, statements: Sequence[Statement]) -> list[int]:
        """Several statements in one flush; rows touched by each."""
        ...

    def put_off(self, statements: Sequence[Statement]) -> None:
        """Statements whose answers nobody waits for. They leave, in order, before the next statement or with the
        commit, and one that is refused then makes an `Inconsistent` of whatever they left with."""
        ...

    def put_off_row(self, joined: Joined, row: Params) -> None:
        """As `put_off`, for a row that may leave together with others: `joined` is given all that waited."""
        ...

    async def notify(self, channel: str, payload: str) -> None:
        """Tell listeners of `channel`, at commit."""
        ...

    async def checkpoint(self) -> None:
        """Commit what has been done and give the connection back; the next statement opens a new transaction.

        For work that must survive a later refusal (a spent limit), and before waiting on anything slow
        (a password hash), so that nobody sleeps holding a connection or a lock.
        """
        ...

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` once the transaction has committed; never if it rolls back."""
        ...


class RequestContext(Struct, frozen=True):
    """One tenant, one transaction, one principal, one moment, a request id and an origin.

    `incident` names what is being responded to (`inc_…`), if anything is: every record of this request says so.
    """

    tenant_id: UUID
    tx: Transaction
    principal: Principal
    now: datetime
    request_id: str
    origin: Origin
    incident: str = ""

    def known_as(self, principal: Principal) -> "RequestContext":
        """The same request, now that it is known who asks: the same transaction and moment."""
        return RequestContext(self.tenant_id, self.tx, principal, self.now, self.request_id, self.origin, self.incident)

    def under(self, incident: str) -> "RequestContext":
        """The same request, as part of responding to `incident`."""
        return RequestContext(self.tenant_id, self.tx, self.principal, self.now, self.request_id, self.origin, incident)


@dataclass(frozen=True, slots=True)
class PlatformContext:
    """What stands outside every tenant: only platform tables are visible. `reason` goes to the log."""

    tx: Transaction
    reason: str
    now: datetime
