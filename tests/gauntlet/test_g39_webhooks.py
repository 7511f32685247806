"""G39: an application that fails half the time, and is away for a day: each message arrives at least once, none is
lost, those of one subject come in their order, every one is signed, and what was taken isn't taken again.

The application listens over TLS; the clock is moved. The standard's own library signs every message once more and has
to come to the same: its `verify` would read the machine's clock. The SDK's verifier judges freshness and replays.
"""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from standardwebhooks import Webhook

from airside.audit import Event
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.secret import Secret
from airside.notify.webhooks import Endpoint
from airside.protocols.webhook import TOLERANCE, WebhookRefused
from airside.sdk import WebhookReplayed, WebhookVerifier
from airside.vault.kms.local import LocalKek
from tests.makers import MakeDatabase
from tests.notify.webhooks.kit import House, Tenant, headers_of, house

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
SEED = 39
SUBJECTS = 40 if FULL else 6
EVENTS = 24 if FULL else 4
"""Of each subject: half of them before the outage, half in it."""
AWAY = timedelta(hours=24)
PATH = "/hooks"
TAKEN, FAILED = "200 OK", "500 No"
ENOUGH = 100_000
"""Answers; nobody asks for so many."""


@dataclass
class Application:
    """Takes each message that it answers with 200."""

    tenant: Tenant
    endpoint: Endpoint
    verifier: WebhookVerifier
    library: Webhook
    taken: list[tuple[str, int, str]] = field(default_factory=list[tuple[str, int, str]])
    """Subject, number and id of each, in the order in which they came first."""
    read: int = 0
    unsigned: int = 0
    again: int = 0
    replays: int = 0

    def fails(self, first: int, chance: Random) -> None:
        """The `first` messages, then half of all."""
        answers = [FAILED] * first + [FAILED if chance.random() < 0.5 else TAKEN for _ in range(ENOUGH)]
        self.tenant.house.receiver.statuses[PATH] = answers

    def read_post(self) -> None:
        """What has come since."""
        receiver = self.tenant.house.receiver
        while self.read < len(receiver.answered):
            (_, head, body), answer = receiver.heard[self.read], receiver.answered[self.read]
            self.read += 1
            headers = headers_of(head)
            self.unsigned += not self._signed(headers, body)
            if answer == TAKEN:
                self._take(headers, body)

    def _take(self, headers: dict[str, str], body: bytes) -> None:
        try:
            with self.verifier.taking(headers, body) as event:
                details = event.data["details"]
                assert isinstance(details, dict)
                if all(event.id != known for _, _, known in self.taken):
                    self.taken.append((str(event.data["subject"]), int(str(details["number"])), event.id))
        except WebhookReplayed:
            self.again += 1
        except WebhookRefused:
            return
        try:
            with self.verifier.taking(headers, body):
                self.replays += 1
        except WebhookReplayed:
            pass

    def _signed(self, headers: dict[str, str], body: bytes) -> bool:
        at = datetime.fromtimestamp(int(headers.get("webhook-timestamp", "0")), UTC)
        expected = self.library.sign(headers.get("webhook-id", ""), at, body.decode())
        return expected in headers.get("webhook-signature", "").split(" ")


@pytest.fixture
async def application(
    blank_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
) -> AsyncIterator[Application]:
    async with house(blank_database, tmp_path_factory.mktemp("certificates"), kek, clock, entropy) as made:
        yield await _application(made)


async def _application(made: House) -> Application:
    tenant = await made.tenant()
    endpoint, secret = await tenant.endpoint(PATH)
    return Application(tenant, endpoint, _verifier(made, secret), Webhook(secret.reveal()))


def _verifier(made: House, secret: Secret[str]) -> WebhookVerifier:
    return WebhookVerifier(secret.reveal(), clock=made.clock)


@pytest.mark.gauntlet
async def test_no_message_is_lost_or_overtakes_another(
    application: Application, capsys: pytest.CaptureFixture[str]
) -> None:
    tenant, clock, chance = application.tenant, application.tenant.house.clock, Random(SEED)
    application.fails(SUBJECTS, chance)
    for number in range(EVENTS // 2):
        await _happen(tenant, number)
    await _deliver(application, None)

    tenant.house.receiver.statuses[PATH] = ["503 Away"]
    over = clock.now() + AWAY
    for number in range(EVENTS // 2, EVENTS):
        await _happen(tenant, number)
        await _deliver(application, clock.now() + AWAY / EVENTS)
    await _deliver(application, over)
    clock.advance((over - clock.now()).total_seconds())

    application.fails(0, chance)
    await _deliver(application, None)
    dead = await _replay(application)
    made, ids = SUBJECTS * EVENTS, {message_id for _, _, message_id in application.taken}
    overtaken = _overtaken([each for each in application.taken if each[2] not in dead])
    with capsys.disabled():
        print(
            f"\nG39: seed {SEED}, {made} messages of {SUBJECTS} subjects, {application.read} tries, half of them failed"
            f" and a day away: {made - len(ids)} lost, {overtaken} overtaken, {application.unsigned} unsigned,"
            f" {application.replays} replays taken; {len(dead)} dead letters sent again"
        )
    assert len(ids) == made
    assert (overtaken, application.unsigned, application.replays) == (0, 0, 0)
    assert application.read > made
    await _demand_stale_is_refused(application)


async def _happen(tenant: Tenant, number: int) -> None:
    for subject in range(SUBJECTS):
        async with tenant.services.engine.begin(tenant.id) as ctx:
            details = {"number": number}
            await tenant.services.journal.record(ctx, Event.USER_UPDATED, subject=f"usr_{subject}", details=details)


async def _deliver(application: Application, until: datetime | None) -> None:
    """Whatever falls due until then, each when it does; or everything."""
    tenant = application.tenant
    while True:
        await tenant.deliver()
        application.read_post()
        async with tenant.services.engine.begin(tenant.id) as ctx:
            due = await tenant.services.outbox.next_due(ctx, way="webhook")
        if due is None or (until is not None and due > until):
            return
        tenant.house.clock.advance(max(0.0, (due - tenant.house.clock.now()).total_seconds()) + 0.001)


async def _replay(application: Application) -> set[str]:
    """Dead letters, sent again until there are none; which they were."""
    tenant, dead = application.tenant, set[str]()
    while True:
        async with tenant.services.engine.begin(tenant.id) as ctx:
            verbs, endpoint_id = tenant.services.webhook_deliveries, application.endpoint.endpoint_id
            found = {each.word for each in await verbs.list(ctx, endpoint_id, state="dead")}
            if not found:
                return dead
            await verbs.replay(ctx, endpoint_id)
        dead |= found
        await _deliver(application, None)


def _overtaken(taken: list[tuple[str, int, str]]) -> int:
    """Messages that came after a later one of their subject."""
    last, count = dict[str, int](), 0
    for subject, number, _ in taken:
        count += number < last.get(subject, -1)
        last[subject] = max(number, last.get(subject, -1))
    return count


async def _demand_stale_is_refused(application: Application) -> None:
    """Whoever recorded a message has five minutes, and in these it is known."""
    head, body = application.tenant.house.receiver.heard[-1][1:]
    application.tenant.house.clock.advance(TOLERANCE.total_seconds() + 1)
    with pytest.raises(WebhookRefused), application.verifier.taking(headers_of(head), body):
        pytest.fail("taken")
