"""A test sign-in: the whole way to the provider and back, by the very doors of the login; nobody is signed in by it.

Its request waits under the invitation's id instead of a login's: no login has that id, so what comes back can't get
into one, and only the holder of the invitation's secret takes it (N06, N11).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.errors import Conflict, NotFound, Unauthenticated
from airside.federation import records_setup as records
from airside.federation.connections import Connections
from airside.federation.model import AnswerRefused, Connection, Departure, Examining, ExternalClaims, Mapped, Mappings
from airside.federation.setup import SetupAccess
from airside.federation.setup_model import MAX_ATTRIBUTES, MAX_SHOWN, MAX_VALUES, SetupTest
from airside.federation.setup_portal import SetupPortal
from airside.store.context import RequestContext
from airside.vault import Vault

_LOST: Final = "nothing_waits"


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Implements `Attempt`: of nobody."""

    flow_id: UUID
    user_id: UUID | None = None
    device_id: UUID | None = None
    renew_since: datetime | None = None


class SetupTrials:
    """Leads away and keeps what came back, to be looked at."""

    def __init__(
        self,
        *,
        vault: Vault,
        journal: Journal,
        portal: SetupPortal,
        connections: Connections,
        mappings: Mappings,
        doors: Sequence[Examining],
    ) -> None:
        self._vault = vault
        self._journal = journal
        self._portal = portal
        self._connections = connections
        self._mappings = mappings
        self._doors: Mapping[str, Examining] = {door.kind: door for door in doors}

    def offers(self, kind: str) -> bool:
        """Whether connections of that kind can be tried."""
        return kind in self._doors

    async def lead(self, ctx: RequestContext, access: SetupAccess) -> Departure:
        """Where the browser goes.

        Raises:
            Conflict: nothing is set up yet.
            LimitExceeded: too many of these.
            Unavailable, InvalidInput: the provider can't be asked.
            Forbidden: too many are under way.
        """
        connection = await self._connection(ctx, access)
        await self._portal.probed(ctx, access)
        return await self._doors[connection.kind].lead(ctx, _Attempt(access.setup.id), connection)

    async def is_under_way(self, ctx: RequestContext, flow_id: UUID) -> bool:
        """Whether what came back for `flow_id` is for a test."""
        return await records.is_under_way(ctx, flow_id)

    async def take(self, ctx: RequestContext, access: SetupAccess, kind: str, word: str) -> SetupTest:
        """Look at what came back, once, and keep what is to be seen of it.

        Raises:
            NotFound: no such kind of answer, or the invitation is over.
            Conflict: nothing is set up.
            LimitExceeded: too many failures.
        """
        connection = await self._connection(ctx, access)
        door = self._doors.get(kind)
        if door is None or connection.kind != kind:
            raise NotFound("answer")
        try:
            claims = await door.examine(ctx, _Attempt(access.setup.id), word)
            test = _shown(ctx, claims, await self._mappings.of(ctx, connection, claims))
        except AnswerRefused as refusal:
            test = _refused(ctx, refusal)
        except Unauthenticated:
            test = SetupTest(ctx.now, refusal=_LOST)
        if not await records.keep_test(ctx, await self._vault.keyset(ctx), access.setup.id, test):
            raise NotFound("setup")
        details = {"connection": connection.word, "refusal": test.refusal}
        await self._journal.record(ctx, Event.SETUP_TESTED, subject=access.setup.word, details=details)
        return test

    async def _connection(self, ctx: RequestContext, access: SetupAccess) -> Connection:
        found = await self._portal.connection(ctx, access)
        if found is None or found.kind not in self._doors:
            raise Conflict("nothing is set up yet")
        return found


def _shown(ctx: RequestContext, claims: ExternalClaims, mapped: Mapped) -> SetupTest:
    return SetupTest(
        at=ctx.now,
        subject=_short(claims.subject),
        email=_short(mapped.email),
        name=_short(mapped.name or ""),
        attributes=_attributes(claims.attributes),
        groups=tuple(_short(group) for group in mapped.groups[:MAX_ATTRIBUTES]),
        roles=tuple(sorted(mapped.roles)[:MAX_ATTRIBUTES]),
    )


def _refused(ctx: RequestContext, refusal: AnswerRefused) -> SetupTest:
    seen = refusal.seen
    return SetupTest(
        ctx.now,
        refusal=refusal.reason,
        claims={name: _short(text) for name, text in list(seen.claims.items())[:MAX_ATTRIBUTES]},
        attributes=_attributes(seen.attributes),
    )


def _attributes(given: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    names = sorted(given)[:MAX_ATTRIBUTES]
    return {_short(name): tuple(_short(value) for value in given[name][:MAX_VALUES]) for name in names}


def _short(text: str) -> str:
    """Cut, and without what steers a terminal or a line's direction instead of being read."""
    text = "".join(each if each.isprintable() else "�" for each in text[: MAX_SHOWN + 1])
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
