"""Whether whoever gave something away still holds it: asked again when it is taken."""

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import CLIENT, USER, parse_id
from airside.identity import Users
from airside.store.context import RequestContext
from airside.tenancy.members import Members

OPERATORS = "operator"


class Stateful(Protocol):
    """What is active or isn't."""

    @property
    def state(self) -> str: ...


class ClientStates(Protocol):
    """Where an application that invited somebody is looked up; oauth's `Clients` is one."""

    async def get(self, ctx: RequestContext, client_id: UUID) -> Stateful:
        """Raises: NotFound."""
        ...


class Inviters:
    """Asks users, clients and operators for what they gave."""

    def __init__(self, *, users: Users, members: Members, clients: ClientStates) -> None:
        self._users = users
        self._members = members
        self._clients = clients

    async def hold(self, ctx: RequestContext, subject: str, relations: Iterable[str]) -> bool:
        """Whether `subject` is there, active, and has all of `relations` to the tenant, until this transaction ends."""
        wanted = frozenset(relations)
        held = await self._members.held(ctx, subject, wanted)
        return held == wanted and await self._is_active(ctx, subject)

    async def _is_active(self, ctx: RequestContext, subject: str) -> bool:
        kind, _, word = subject.partition(":")
        if kind == OPERATORS:
            return True
        try:
            if kind == "user":
                return await self._users.stays_active(ctx, parse_id(USER, word))
            return kind == "client" and (await self._clients.get(ctx, parse_id(CLIENT, word))).state == "active"
        except (InvalidInput, NotFound):
            return False
