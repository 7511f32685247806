"""Endpoints: where a tenant's applications hear of events. Who may is `admin`'s to ask."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.limits import UNBOUNDED, WEBHOOKS, Quotas
from airside.notify.webhooks import records, records_deliveries
from airside.notify.webhooks.model import (
    MAX_ENDPOINTS,
    MAX_OVERLAP,
    MAX_PAGE,
    Endpoint,
    EndpointChange,
    EndpointDraft,
    EndpointState,
    lawful_description,
    lawful_events,
    lawful_url,
)
from airside.notify.webhooks.subscribers import Subscribers
from airside.protocols.webhook import new_secret
from airside.store.context import RequestContext
from airside.store.queues import queue_for
from airside.vault import Vault


class Endpoints:
    """The endpoints of the context's tenant. Their secrets are sealed before they are stored."""

    def __init__(
        self,
        *,
        vault: Vault,
        entropy: Entropy,
        journal: Journal,
        subscribers: Subscribers,
        quotas: Quotas = UNBOUNDED,
        exceptions: frozenset[str] = frozenset(),
    ) -> None:
        """`exceptions` are the `host:port` that may be spoken with although they aren't public."""
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._subscribers = subscribers
        self._quotas = quotas
        self._exceptions = exceptions

    async def create(self, ctx: RequestContext, draft: EndpointDraft) -> tuple[Endpoint, Secret[str]]:
        """A new endpoint and its secret, shown this once.

        Raises:
            InvalidInput: the draft isn't lawful; `pointer` names the field.
            Conflict: the tenant has `MAX_ENDPOINTS`.
            QuotaExceeded: the tenant's plan has no room for another.
        """
        endpoint = Endpoint(
            endpoint_id=uuid7(ctx.now, self._entropy),
            url=lawful_url(draft.url, self._exceptions),
            description=lawful_description(draft.description),
            events=lawful_events(draft.events),
            state="active",
            previous_until=None,
            failing_since=None,
            created_at=ctx.now,
        )
        await self._quotas.demand(ctx, WEBHOOKS, lambda ctx, _: records.count(ctx))
        await queue_for(ctx, "webhook endpoint")
        if await records.count(ctx) >= MAX_ENDPOINTS:
            raise Conflict("too many webhook endpoints", max_endpoints=MAX_ENDPOINTS)
        secret = new_secret(self._entropy)
        await records.insert(ctx, await self._vault.keyset(ctx), endpoint, secret)
        await self._changed(ctx, Event.WEBHOOK_CREATED, endpoint)
        return endpoint, secret

    async def get(self, ctx: RequestContext, endpoint_id: UUID) -> Endpoint:
        """Raises:
        NotFound: not there, or not this tenant's.
        """
        return _found(await records.find(ctx, endpoint_id))

    async def list(self, ctx: RequestContext, after: UUID | None = None, limit: int = MAX_PAGE) -> list[Endpoint]:
        """In the order of their making, after the one named, at most `limit` (1 to `MAX_PAGE`).

        Raises:
            InvalidInput: a limit out of range.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInput("page size out of range", pointer="limit", max=MAX_PAGE)
        return await records.page(ctx, after, limit)

    async def update(self, ctx: RequestContext, endpoint_id: UUID, change: EndpointChange) -> Endpoint:
        """Change an endpoint; what waits goes to where it is now.

        Raises:
            NotFound: not there, or not this tenant's.
            InvalidInput: what it would become isn't lawful; `pointer` names the field.
        """
        before = await self._held(ctx, endpoint_id)
        description = before.description if change.description is None else lawful_description(change.description)
        after = replace(
            before,
            url=before.url if change.url is None else lawful_url(change.url, self._exceptions),
            description=description,
            events=before.events if change.events is None else lawful_events(change.events),
        )
        if after != before:
            await records.update(ctx, after)
            await self._changed(ctx, Event.WEBHOOK_UPDATED, after)
        return after

    async def rotate(
        self, ctx: RequestContext, endpoint_id: UUID, *, overlap: timedelta
    ) -> tuple[Endpoint, Secret[str]]:
        """Another secret, shown this once. For `overlap`, messages are signed with both; a secret from before the last
        signs nothing any more.

        Raises:
            NotFound: not there, or not this tenant's.
            InvalidInput: an overlap out of range.
        """
        if not timedelta() <= overlap <= MAX_OVERLAP:
            raise InvalidInput(f"at most {MAX_OVERLAP.days} days are expected", pointer="overlap_hours")
        endpoint = await self._held(ctx, endpoint_id)
        keyset = await self._vault.keyset(ctx)
        previous, *_ = await records.secrets(ctx, keyset, endpoint_id)
        secret, until = new_secret(self._entropy), ctx.now + overlap
        await records.set_secrets(ctx, keyset, endpoint_id, secret, previous, until)
        details = {"overlap": int(overlap.total_seconds())}
        await self._journal.record(ctx, Event.WEBHOOK_SECRET_ROTATED, subject=endpoint.word, details=details)
        return replace(endpoint, previous_until=until), secret

    async def set_state(
        self, ctx: RequestContext, endpoint_id: UUID, state: EndpointState, *, reason: str = ""
    ) -> Endpoint:
        """Disable: nothing is sent there from the commit on (N18), and what waits becomes dead letters. Enable: it
        hears of what happens from now on; dead letters are sent when somebody asks for it.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        endpoint = await self._held(ctx, endpoint_id)
        if await records.set_state(ctx, endpoint_id, state):
            event = Event.WEBHOOK_DISABLED if state == "disabled" else Event.WEBHOOK_ENABLED
            await self._changed(ctx, event, endpoint, why=reason)
        return replace(endpoint, state=state, failing_since=None)

    async def delete(self, ctx: RequestContext, endpoint_id: UUID) -> None:
        """Take it away, with everything that was to be told there.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        endpoint = await self._held(ctx, endpoint_id)
        await records_deliveries.forget(ctx, endpoint_id)
        await records.delete(ctx, endpoint_id)
        await self._changed(ctx, Event.WEBHOOK_DELETED, endpoint)

    async def test(self, ctx: RequestContext, endpoint_id: UUID) -> None:
        """Send it an event of its own, whatever it listens to.

        Raises:
            NotFound: not there, or not this tenant's.
            Conflict: it is disabled.
        """
        endpoint = await self.get(ctx, endpoint_id)
        if endpoint.state != "active":
            raise Conflict("the endpoint is disabled")
        await self._journal.record(ctx, Event.WEBHOOK_TESTED, subject=endpoint.word)

    async def _held(self, ctx: RequestContext, endpoint_id: UUID) -> Endpoint:
        return _found(await records.find(ctx, endpoint_id, lock=True))

    async def _changed(self, ctx: RequestContext, event: Event, endpoint: Endpoint, **more: str) -> None:
        await self._subscribers.changed(ctx)
        details = {"events": " ".join(endpoint.events), **more}
        await self._journal.record(ctx, event, subject=endpoint.word, details=details)


def _found(endpoint: Endpoint | None) -> Endpoint:
    if endpoint is None:
        raise NotFound("webhook endpoint")
    return endpoint
