"""The journal: what happened, written in the transaction that made it happen."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from airside.audit import records
from airside.audit.canonical import hashed
from airside.audit.events import Event
from airside.audit.model import Outcome, Record
from airside.audit.personal import UNSEALED, Sealed, sealed
from airside.audit.redaction import clean, clean_word, details_text
from airside.core.clock import epoch
from airside.core.entropy import Entropy
from airside.core.ids import uuid7
from airside.core.measures import Tally
from airside.core.strict_json import Json
from airside.store.context import RequestContext
from airside.vault import KEYLESS, Vault

MAX_TOLD: Final = 10_000
"""Refusals remembered in memory as already told, so that a flood of them doesn't reach the database."""


class Told(Protocol):
    """Who hears of what is recorded, in the same transaction: `notify.Tidings` writes people letters about it,
    `notify.webhooks.Subscribers` tells applications."""

    async def __call__(
        self, ctx: RequestContext, event: Event, record: Record, details: Mapping[str, Json], /
    ) -> None: ...


class Journal:
    """Writes the audit log. A change and its record commit together or not at all.

    Attributes:
        events: how often each event was committed here, by event and outcome; refusals also those that share a row.
    """

    def __init__(self, *, vault: Vault, entropy: Entropy, told: Sequence[Told] = ()) -> None:
        self._vault = vault
        self._entropy = entropy
        self._listeners = told
        self._dirty: set[UUID] = set()
        self.events = Tally()
        self._told: OrderedDict[tuple[UUID, UUID], None] = OrderedDict()

    async def record(
        self,
        ctx: RequestContext,
        event: Event,
        *,
        subject: str = "",
        outcome: Outcome = "success",
        reason: str = "",
        details: Mapping[str, Json] = {},
        personal: Mapping[str, str] = {},
        person: str = "",
        ending: bool = False,
    ) -> None:
        """Record `event` in the caller's transaction, done by `ctx.principal` to `subject`.

        `personal` (names, addresses) is stored only sealed, under the own key of `person`, the id of whom it is
        about; the address that the request came from under the key of whoever sent it. `details` is stored as it is:
        ids, counts, states.

        `ending`: something is over, and must be whether or not anything can be sealed (fail secure). Where the
        tenant's keys can't be had, its record says who, what and when, and not whence; `details` says `unsealed`.

        Raises:
            Inconsistent, Unavailable, Unopenable: the tenant's keys can't be had, and it is no ending, or there are
                personal fields, which are never left out.
            SecretInRecord: a key of `details` or `personal` names a secret. Nothing is written.
            TooLarge: `details` or `personal` over its cap.
        """
        record_id = uuid7(ctx.now, self._entropy)
        try:
            shut = await sealed(ctx, self._vault, record_id, personal, (person, subject))
        except KEYLESS:
            if not ending or personal:
                raise
            shut, details = UNSEALED, {**details, "unsealed": True}
        if ctx.principal.key_id is not None:  # the actor is its owner
            details = {**details, "by_key_id": ctx.principal.key_id}
        if ctx.incident:
            details = {**details, "incident": ctx.incident}
        draft = _draft(
            ctx,
            record_id,
            event,
            subject=clean_word(subject),
            outcome=outcome,
            reason=clean(reason),
            details=details_text(details),
            person=clean_word(person),
            shut=shut,
        )
        record = hashed(draft)
        records.insert(ctx, record)
        ctx.tx.after_commit(lambda: self._committed(ctx.tenant_id, event, outcome))
        for told in self._listeners:
            await told(ctx, event, record, details)

    async def refused(self, ctx: RequestContext, event: Event, *, reason: str) -> None:
        """Record a refusal of somebody unauthenticated, or by a limiter: one row per event, origin and minute.

        Like every record it lives or dies with the transaction: a caller that is about to raise commits it
        first (`ctx.tx.checkpoint()`), or has undone nothing else by then.
        """
        self.events.add(event.value, "refused")
        minute = ctx.now.replace(second=0, microsecond=0)
        record_id = await self._refusal_id(ctx, event, minute)
        key = (ctx.tenant_id, record_id)
        if key in self._told:
            return
        shut = await sealed(ctx, self._vault, record_id, {})
        record = hashed(_draft(ctx, record_id, event, outcome="refused", reason=clean(reason), shut=shut))
        if await records.insert_once(ctx, record):
            ctx.tx.after_commit(lambda: self._dirty.add(ctx.tenant_id))
            for told in self._listeners:
                await told(ctx, event, record, {})
        ctx.tx.after_commit(lambda: self._tell(key))

    def drain(self) -> set[UUID]:
        """The tenants that this process has journalled for since the last call."""
        dirty, self._dirty = self._dirty, set()
        return dirty

    async def _refusal_id(self, ctx: RequestContext, event: Event, minute: datetime) -> UUID:
        """A UUIDv7 of the minute whose random part is a keyed hash: the same refusal again is the same row, and
        nobody finds the address by trying all of them."""
        word = f"{event}\0{ctx.origin.address}\0{epoch(minute)}".encode(errors="replace")
        keyset = await self._vault.keyset(ctx)
        return uuid7(minute, _Given(keyset.keyed_hash("refusal", word)))

    def _committed(self, tenant_id: UUID, event: Event, outcome: Outcome) -> None:
        self._dirty.add(tenant_id)
        self.events.add(event.value, outcome)

    def _tell(self, key: tuple[UUID, UUID]) -> None:
        self._told[key] = None
        if len(self._told) > MAX_TOLD:
            self._told.popitem(last=False)


def _draft(
    ctx: RequestContext,
    record_id: UUID,
    event: Event,
    *,
    outcome: Outcome,
    reason: str,
    shut: Sealed,
    subject: str = "",
    details: str = "{}",
    person: str = "",
) -> Record:
    """A record that isn't hashed yet; the context says who, when and whence."""
    return Record(
        tenant_id=ctx.tenant_id,
        record_id=record_id,
        at=ctx.now,
        event=event.value,
        actor=clean_word(ctx.principal.subject or ctx.principal.kind),
        subject=subject,
        outcome=outcome,
        reason=reason,
        request_id=clean(ctx.request_id),
        origin=shut.origin,
        details=details,
        person=person,
        personal_sealed=shut.personal,
        leaf_hash=b"",
    )


class _Given:
    """An Entropy that always gives the same bytes: those of a hash."""

    def __init__(self, digest: bytes) -> None:
        self._digest = digest

    def bytes(self, count: int) -> bytes:
        return self._digest[:count]
