"""Messages leave signed, at least once, in order for each subject, again for a day; then they are dead letters."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import pytest

from airside.audit import Event
from airside.core.errors import Conflict, NotFound
from airside.core.ids import TENANT, format_id, uuid7
from airside.notify.consumer import LEASE
from airside.notify.webhooks.model import FAILING, KEPT
from airside.notify.webhooks.sending import BACK_OFF
from airside.protocols.webhook import WebhookRefused, parse_secret, verify
from tests.notify.webhooks.kit import Tenant, headers_of

EVENTS = "select event, subject, details from airside.audit_record where tenant_id = %s and event like 'webhook:%%'"


@dataclass(frozen=True)
class Told:
    event: str
    subject: str
    details: str


def _fail(tenant: Tenant, path: str, answer: str = "500 No") -> None:
    tenant.house.receiver.statuses[path] = [answer]


async def test_message_says_what_happened_and_nothing_of_a_person(tenant: Tenant) -> None:
    _, secret = await tenant.endpoint("/a")
    async with tenant.services.engine.begin(tenant.id) as ctx:
        user = await tenant.services.users.create(ctx, "ada@example.com", "Ada Lovelace")
        await tenant.services.users.set_state(ctx, user.id, "disabled")
    await tenant.deliver()
    messages = {json.loads(each.body)["type"]: each for each in tenant.heard("/a", secret)}
    assert messages.keys() >= {"user:user:created", "user:user:deactivated"}
    told = json.loads(messages["user:user:created"].body)
    assert set(told) == {"type", "timestamp", "data"}
    assert told["data"]["subject"] == format_id("usr", user.id)
    assert told["data"]["tenant"] == format_id(TENANT, tenant.id)
    assert messages["user:user:created"].id.startswith("evt_")
    for _, head, body in tenant.house.receiver.heard:
        assert b"ada" not in (head + body).lower()
        assert headers_of(head)["content-type"] == "application/json"


async def test_only_who_listens_hears(tenant: Tenant) -> None:
    _, users = await tenant.endpoint("/users", ["user:*"])
    _, sessions = await tenant.endpoint("/sessions", ["session:*", "user:user:erased"])
    other = await tenant.house.tenant()
    _, foreign = await other.endpoint("/foreign", ["*"])
    await tenant.happens("usr_1")
    await tenant.happens("usr_1", Event.SESSION_STARTED)
    await tenant.deliver()
    await other.deliver()
    assert len(tenant.heard("/users", users)) == len(tenant.heard("/sessions", sessions)) == 1
    assert [each for each in tenant.heard("/foreign", foreign) if b"usr_1" in each.body] == []


async def test_nothing_is_told_of_what_was_rolled_back(tenant: Tenant) -> None:
    _, secret = await tenant.endpoint("/a")
    with pytest.raises(RuntimeError):
        async with tenant.services.engine.begin(tenant.id) as ctx:
            await tenant.services.journal.record(ctx, Event.USER_UPDATED, subject="usr_1")
            raise RuntimeError
    await tenant.deliver()
    assert tenant.heard("/a", secret) == []


async def test_failure_holds_later_messages_of_the_same_subject_and_no_others(tenant: Tenant) -> None:
    endpoint, secret = await tenant.endpoint("/a")
    tenant.house.receiver.statuses["/a"] = ["500 No", "200 OK"]
    await tenant.happens("usr_1", Event.USER_CREATED)
    assert await tenant.deliver() == 1
    await tenant.happens("usr_1", Event.USER_DEACTIVATED)
    await tenant.happens("usr_1", Event.USER_ERASED)
    await tenant.happens("usr_2")
    assert await tenant.deliver() == 1
    assert b"usr_2" in tenant.heard("/a", secret)[-1].body
    tenant.house.clock.advance(BACK_OFF[0].total_seconds())
    assert await tenant.deliver() == 3
    told = [json.loads(each.body)["type"] for each in tenant.heard("/a", secret) if b"usr_1" in each.body]
    assert told == ["user:user:created", "user:user:created", "user:user:deactivated", "user:user:erased"]
    assert Counter(each.state for each in await tenant.deliveries(endpoint)) == {"delivered": 4}


async def test_endpoint_that_is_away_holds_up_no_other(tenant: Tenant) -> None:
    _fail(tenant, "/away")
    await tenant.endpoint("/away")
    _, secret = await tenant.endpoint("/there")
    await tenant.happens("usr_1")
    await tenant.happens("usr_1")
    await tenant.deliver()
    assert len(tenant.heard("/there", secret)) == 2


async def test_message_is_tried_for_a_day_then_a_dead_letter_and_sent_again_on_demand(tenant: Tenant) -> None:
    _fail(tenant, "/away", "503 Away")
    endpoint, secret = await tenant.endpoint("/away")
    await tenant.happens("usr_1", Event.USER_CREATED)
    tenant.house.clock.advance(0.001)  # or nobody can say which is the newer one
    await tenant.happens("usr_1", Event.USER_ERASED)
    for pause in BACK_OFF:
        assert await tenant.deliver() == 1
        tenant.house.clock.advance(pause.total_seconds() - 0.001)
        assert await tenant.deliver() == 0
        tenant.house.clock.advance(0.001)
    await tenant.deliver()
    assert sum(BACK_OFF, timedelta()) > timedelta(hours=24)
    later, first = await tenant.deliveries(endpoint)
    assert (first.state, first.attempts, first.status) == ("dead", len(BACK_OFF) + 1, 503)
    assert (later.state, later.attempts) == ("waiting", 1)
    tenant.house.receiver.statuses["/away"] = ["200 OK"]
    tenant.house.receiver.heard.clear()
    async with tenant.services.engine.begin(tenant.id) as ctx:
        assert await tenant.services.webhook_deliveries.replay(ctx, endpoint.endpoint_id) == 1
    tenant.house.clock.advance(BACK_OFF[0].total_seconds())
    await tenant.deliver()
    assert {each.id for each in tenant.heard("/away", secret)} == {first.word, later.word}
    assert Counter(each.state for each in await tenant.deliveries(endpoint)) == {"delivered": 2}
    async with tenant.services.engine.begin(tenant.id) as ctx:
        with pytest.raises(NotFound):
            await tenant.services.webhook_deliveries.replay(ctx, endpoint.endpoint_id, first.record_id)


async def test_of_fifty_replays_at_once_one_sends(tenant: Tenant) -> None:
    _fail(tenant, "/a", "410 Gone")
    endpoint, _ = await tenant.endpoint("/a")
    await tenant.happens("usr_1")
    await tenant.deliver()
    async with tenant.services.engine.begin(tenant.id) as ctx:
        await tenant.services.webhooks.set_state(ctx, endpoint.endpoint_id, "active")
    (dead,) = await tenant.deliveries(endpoint)

    async def replay() -> int:
        async with tenant.services.engine.begin(tenant.id) as ctx:
            return await tenant.services.webhook_deliveries.replay(ctx, endpoint.endpoint_id, dead.record_id)

    said = await asyncio.gather(*(replay() for _ in range(50)), return_exceptions=True)
    assert Counter(type(each) for each in said) == {int: 1, NotFound: 49}


async def test_each_try_has_the_same_id_and_body_and_a_time_of_its_own(tenant: Tenant) -> None:
    tenant.house.receiver.statuses["/a"] = ["500 No", "200 OK"]
    _, secret = await tenant.endpoint("/a")
    await tenant.happens("usr_1")
    await tenant.deliver()
    tenant.house.clock.advance(3600)
    await tenant.deliver()
    (one, first), (two, second) = [(headers_of(head), body) for _, head, body in tenant.house.receiver.heard]
    assert (first, one["webhook-id"]) == (second, two["webhook-id"])
    assert int(two["webhook-timestamp"]) - int(one["webhook-timestamp"]) == 3600
    with pytest.raises(WebhookRefused):
        verify([parse_secret(secret.reveal())], one, first, now=tenant.house.clock.now())


async def test_while_the_secret_is_changed_messages_carry_both_signatures(tenant: Tenant) -> None:
    endpoint, old = await tenant.endpoint("/a")
    async with tenant.services.engine.begin(tenant.id) as ctx:
        changed, new = await tenant.services.webhooks.rotate(ctx, endpoint.endpoint_id, overlap=timedelta(hours=1))
    assert changed.previous_until == tenant.house.clock.now() + timedelta(hours=1)
    await tenant.happens("usr_1")
    await tenant.deliver()
    assert len(tenant.heard("/a", old)) == len(tenant.heard("/a", new)) == 1
    tenant.house.receiver.heard.clear()
    tenant.house.clock.advance(3600)
    await tenant.happens("usr_1")
    await tenant.deliver()
    assert len(tenant.heard("/a", new)) == 1
    with pytest.raises(WebhookRefused):
        tenant.heard("/a", old)


async def test_disabled_endpoint_hears_nothing_and_what_waited_is_kept(tenant: Tenant) -> None:
    """N18."""
    endpoint, secret = await tenant.endpoint("/a")
    await tenant.happens("usr_1")
    async with tenant.services.engine.begin(tenant.id) as ctx:
        await tenant.services.webhooks.set_state(ctx, endpoint.endpoint_id, "disabled")
    await tenant.happens("usr_2")
    await tenant.deliver()
    assert tenant.heard("/a", secret) == []
    (waited,) = await tenant.deliveries(endpoint)
    assert waited.state == "dead"
    async with tenant.services.engine.begin(tenant.id) as ctx:
        with pytest.raises(Conflict):
            await tenant.services.webhook_deliveries.replay(ctx, endpoint.endpoint_id)
        await tenant.services.webhooks.set_state(ctx, endpoint.endpoint_id, "active")
        await tenant.services.webhook_deliveries.replay(ctx, endpoint.endpoint_id)
    await tenant.deliver()
    assert [each.id for each in tenant.heard("/a", secret)] == [waited.word]


async def test_endpoint_that_fails_for_days_is_disabled_and_it_is_recorded(tenant: Tenant) -> None:
    _fail(tenant, "/a")
    endpoint, _ = await tenant.endpoint("/a")
    await tenant.happens("usr_1")
    await tenant.deliver()
    assert (await tenant.state(endpoint)).failing_since == tenant.house.clock.now()
    tenant.house.clock.advance(FAILING.total_seconds())
    await tenant.deliver()
    assert (await tenant.state(endpoint)).state == "disabled"
    recorded = await _recorded(tenant)
    assert ("webhook:endpoint:disabled", endpoint.word) in [(event, subject) for event, subject, _ in recorded]


async def test_endpoint_that_takes_one_message_is_not_failing(tenant: Tenant) -> None:
    tenant.house.receiver.statuses["/a"] = ["500 No", "204 No Content"]
    endpoint, _ = await tenant.endpoint("/a")
    await tenant.happens("usr_1")
    await tenant.deliver()
    await tenant.happens("usr_2")
    await tenant.deliver()
    assert (await tenant.state(endpoint)).failing_since is None


async def test_endpoint_that_says_it_is_gone_is_disabled_at_once(tenant: Tenant) -> None:
    """410, as the standard says."""
    _fail(tenant, "/a", "410 Gone")
    endpoint, _ = await tenant.endpoint("/a")
    await tenant.happens("usr_1")
    await tenant.deliver()
    assert (await tenant.state(endpoint)).state == "disabled"
    assert [each.state for each in await tenant.deliveries(endpoint)] == ["dead"]


async def test_redirect_is_not_followed(tenant: Tenant) -> None:
    _fail(tenant, "/a", "307 Elsewhere")
    endpoint, _ = await tenant.endpoint("/a")
    await tenant.happens("usr_1")
    await tenant.deliver()
    assert [path for path, _, _ in tenant.house.receiver.heard] == ["/a"]
    assert [each.state for each in await tenant.deliveries(endpoint)] == ["waiting"]


async def test_deleted_endpoint_leaves_nothing_behind(tenant: Tenant) -> None:
    endpoint, secret = await tenant.endpoint("/a")
    await tenant.happens("usr_1")
    async with tenant.services.engine.begin(tenant.id) as ctx:
        await tenant.services.webhooks.delete(ctx, endpoint.endpoint_id)
    await tenant.deliver()
    assert tenant.heard("/a", secret) == []
    async with tenant.services.engine.begin(tenant.id) as ctx:
        with pytest.raises(NotFound):
            await tenant.services.webhooks.get(ctx, endpoint.endpoint_id)
        assert await tenant.services.outbox.next_due(ctx, way="webhook") is None


async def test_test_is_sent_to_the_one_endpoint_whatever_it_listens_to(tenant: Tenant) -> None:
    endpoint, secret = await tenant.endpoint("/a", ["session:*"])
    _, other = await tenant.endpoint("/b", ["*"])
    async with tenant.services.engine.begin(tenant.id) as ctx:
        await tenant.services.webhooks.test(ctx, endpoint.endpoint_id)
    await tenant.deliver()
    (message,) = tenant.heard("/a", secret)
    assert json.loads(message.body)["type"] == "webhook:endpoint:tested"
    assert [each for each in tenant.heard("/b", other) if b":tested" in each.body] == []


async def test_that_a_message_was_given_up_is_no_message(tenant: Tenant) -> None:
    """Two that are away would tell of each other for ever."""
    _fail(tenant, "/a", "410 Gone")
    await tenant.endpoint("/a", ["*"])
    _, secret = await tenant.endpoint("/b", ["*"])
    await tenant.happens("usr_1")
    await tenant.deliver()
    assert "webhook:delivery:abandoned" in [event for event, _, _ in await _recorded(tenant)]
    assert [each for each in tenant.heard("/b", secret) if b":abandoned" in each.body] == []


async def test_item_whose_holder_died_is_taken_by_another(tenant: Tenant) -> None:
    """At least once: a lease, never a lock. Meanwhile nobody overtakes it."""
    _, secret = await tenant.endpoint("/a")
    await tenant.happens("usr_1", Event.USER_CREATED)
    await tenant.happens("usr_1", Event.USER_ERASED)
    async with tenant.services.engine.begin(tenant.id) as ctx:
        assert len(await tenant.services.outbox.take(ctx, way="webhook", limit=10, lease=LEASE)) == 1
    assert await tenant.deliver() == 0
    tenant.house.clock.advance(LEASE.total_seconds())
    assert await tenant.deliver() == 2
    told = [json.loads(each.body)["type"] for each in tenant.heard("/a", secret)]
    assert told == ["user:user:created", "user:user:erased"]


async def test_refusals_of_strangers_are_told_too(tenant: Tenant) -> None:
    _, secret = await tenant.endpoint("/a", ["signin:user:refused"])
    for _ in range(2):
        async with tenant.services.engine.begin(tenant.id) as ctx:
            await tenant.services.journal.refused(ctx, Event.SIGNIN_REFUSED, reason="credentials")
    await tenant.deliver()
    assert len(tenant.heard("/a", secret)) == 1


async def test_what_became_of_old_messages_is_forgotten_and_what_waits_is_not(tenant: Tenant) -> None:
    endpoint, _ = await tenant.endpoint("/a")
    await tenant.happens("usr_1")
    await tenant.deliver()
    tenant.house.clock.advance(KEPT.total_seconds() + 1)
    await tenant.happens("usr_2")
    async with tenant.services.engine.begin(tenant.id) as ctx:
        assert await tenant.services.webhook_deliveries.sweep(ctx) == 1
    assert [each.state for each in await tenant.deliveries(endpoint)] == ["waiting"]


async def test_foreign_endpoint_is_not_there(tenant: Tenant) -> None:
    """N20."""
    other = await tenant.house.tenant()
    endpoint, _ = await other.endpoint("/b")
    async with tenant.services.engine.begin(tenant.id) as ctx:
        for refused in (
            tenant.services.webhooks.get(ctx, endpoint.endpoint_id),
            tenant.services.webhooks.test(ctx, endpoint.endpoint_id),
            tenant.services.webhooks.delete(ctx, endpoint.endpoint_id),
            tenant.services.webhook_deliveries.list(ctx, endpoint.endpoint_id),
            tenant.services.webhook_deliveries.replay(
                ctx, endpoint.endpoint_id, uuid7(ctx.now, tenant.services.entropy)
            ),
        ):
            with pytest.raises(NotFound):
                await refused


async def _recorded(tenant: Tenant) -> list[tuple[str, str, str]]:
    async with tenant.services.engine.begin(tenant.id) as ctx:
        return [(row.event, row.subject, row.details) for row in await ctx.tx.all(Told, EVENTS, (tenant.id,))]
