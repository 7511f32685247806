"""Security events are pushed (RFC 8935): signed, at least once, in order for each subject."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from airside.audit import AuditLog, Event, search_for
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.ids import EVENT, USER, format_id, uuid7
from airside.core.secret import Secret
from airside.notify.webhooks.sending import BACK_OFF
from airside.oauth import ClientDraft
from airside.oauth.signals import Stream, StreamChange, StreamDraft
from airside.oauth.signals.listening import AT_ONCE
from airside.protocols.secevent import EVENTS, TOKEN_CLAIMS_CHANGE
from airside.vault.kms.local import LocalKek
from tests.makers import MakeDatabase
from tests.notify.webhooks.kit import House, Tenant, house

TAKEN, AWAY = "202 Accepted", "503 Service Unavailable"
PATH = "/events"


@pytest.fixture(scope="module")
async def transmitter(
    blank_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
) -> AsyncIterator[House]:
    async with house(blank_database, tmp_path_factory.mktemp("certificates"), kek, clock, entropy) as made:
        yield made


@dataclass(frozen=True)
class Count:
    items: int


@dataclass(frozen=True)
class Scene:
    """A tenant with one client, whose stream is pushed to the receiver."""

    tenant: Tenant
    client_id: UUID
    client: str
    stream: Stream

    @property
    def answers(self) -> dict[str, list[str]]:
        return self.tenant.house.receiver.statuses

    @property
    def heard(self) -> list[str]:
        return [body.decode() for path, _, body in self.tenant.house.receiver.heard if path == PATH]

    async def happens(self, subject: str) -> None:
        services = self.tenant.services
        async with services.engine.begin(self.tenant.id) as ctx:
            await services.journal.record(ctx, Event.PASSWORD_SET, subject=subject, details={"first": False})

    async def deliver(self) -> int:
        """Try whatever is due now."""
        count = 0
        while tried := await self.tenant.services.signal_sending.deliver(self.tenant.id):
            count += tried
        return count

    async def jwks(self) -> Any:
        services = self.tenant.services
        async with services.engine.begin(self.tenant.id) as ctx:
            return await services.keys.jwks(ctx)

    async def subjects(self) -> list[str]:
        """Of whom was told, each token verified by joserfc."""
        keys = KeySet.import_key_set(await self.jwks())
        told = [jwt.decode(token, keys, algorithms=["RS256"]).claims for token in self.heard]
        assert all(claims["aud"] == self.client for claims in told)
        return [claims["sub_id"]["sub"] for claims in told]

    async def records(self, subject: str) -> list[str]:
        """What the log has of the subject, in the order of its happening."""
        services = self.tenant.services
        async with services.engine.begin(self.tenant.id) as ctx:
            wanted = search_for(subject=subject)
            found = await AuditLog(vault=services.vault).search(ctx, wanted, None, 9, opening=False)
        return [format_id(EVENT, each.record.record_id) for each in reversed(found)]

    async def txns(self) -> list[str]:
        """What was heard, as the log calls it."""
        keys = KeySet.import_key_set(await self.jwks())
        return [jwt.decode(token, keys, algorithms=["RS256"]).claims["txn"] for token in self.heard]

    async def waiting(self) -> int:
        """Items that are to leave."""
        async with self.tenant.services.engine.begin(self.tenant.id) as ctx:
            found = await ctx.tx.one(
                Count,
                "select count(*) as items from airside.outbox where tenant_id = %s and way = 'signal'",
                (self.tenant.id,),
            )
        assert found is not None
        return found.items

    async def set_status(self, status: Any) -> None:
        services = self.tenant.services
        async with services.engine.begin(self.tenant.id) as ctx:
            await services.signal_streams.set_status(ctx, self.client_id, self.stream.stream_id, status, "")


@pytest.fixture
async def scene(transmitter: House) -> Scene:
    transmitter.receiver.heard.clear()
    transmitter.receiver.statuses.clear()
    transmitter.receiver.statuses[PATH] = [TAKEN]
    tenant = await transmitter.tenant()
    services = tenant.services
    async with services.engine.begin(tenant.id) as ctx:
        draft = ClientDraft("Receiver", False, frozenset({"client_credentials"}), audiences=("https://x.example",))
        client, _ = await services.clients.create(ctx, draft)
        url = f"{transmitter.receiver.url}{PATH}"
        wanted = StreamDraft("push", url, Secret("Bearer of-the-receiver"), EVENTS)
        stream = await services.signal_streams.create(ctx, client.client_id, wanted)
    return Scene(tenant, client.client_id, client.word, stream)


def somebody(scene: Scene) -> str:
    return format_id(USER, uuid7(scene.tenant.house.clock.now(), scene.tenant.services.entropy))


async def test_event_arrives_signed_with_what_its_receiver_wants_to_be_shown(scene: Scene) -> None:
    user = somebody(scene)
    await scene.happens(user)
    assert await scene.deliver() == 1
    assert await scene.subjects() == [user]
    (head,) = [head.decode().lower() for path, head, _ in scene.tenant.house.receiver.heard if path == PATH]
    assert "content-type: application/secevent+jwt" in head
    assert "authorization: bearer of-the-receiver" in head
    assert await scene.deliver() == 0


async def test_receiver_away_gets_everything_later_in_order_for_each_subject_under_the_same_ids(scene: Scene) -> None:
    one, other = somebody(scene), somebody(scene)
    scene.answers[PATH] = [AWAY, AWAY, TAKEN]
    for subject in (one, one, other, one):
        await scene.happens(subject)
        scene.tenant.house.clock.advance(0.01)
    for pause in BACK_OFF[:3]:
        await scene.deliver()
        scene.tenant.house.clock.advance(pause.total_seconds())
    await scene.deliver()
    keys = KeySet.import_key_set(await scene.jwks())
    claims = [jwt.decode(token, keys, algorithms=["RS256"]).claims for token in scene.heard]
    told = list(dict.fromkeys((each["sub_id"]["sub"], each["txn"], each["jti"]) for each in claims))
    assert len(told) == 4, "the same token at every try"
    happened = [txn for subject, txn, _ in told if subject == one]
    assert happened == await scene.records(one)


async def test_roles_that_changed_twice_in_one_transaction_are_pushed_once_as_they_ended(scene: Scene) -> None:
    user, services = somebody(scene), scene.tenant.services
    async with services.engine.begin(scene.tenant.id) as ctx:
        for roles in (["basic"], ["basic", "editors"]):
            await services.journal.record(ctx, Event.ROLE_ASSIGNED, subject=f"user:{user}", details={"roles": [*roles]})
    await scene.deliver()
    keys = KeySet.import_key_set(await scene.jwks())
    (claims,) = [jwt.decode(token, keys, algorithms=["RS256"]).claims for token in scene.heard]
    assert claims["events"][TOKEN_CLAIMS_CHANGE]["claims"] == {"roles": ["basic", "editors"]}


async def test_answer_that_isnt_202_takes_nothing_and_400_is_a_dead_letter(scene: Scene) -> None:
    scene.answers[PATH] = ["200 OK", "400 Bad Request"]
    await scene.happens(somebody(scene))
    assert await scene.deliver() == 1
    scene.tenant.house.clock.advance(BACK_OFF[0].total_seconds())
    assert await scene.deliver() == 1
    services = scene.tenant.services
    async with services.engine.begin(scene.tenant.id) as ctx:
        wanted = search_for(event=Event.SIGNAL_ABANDONED.value)
        (found,) = await AuditLog(vault=services.vault).search(ctx, wanted, None, 9, opening=False)
    assert found.record.subject == scene.stream.word
    assert await scene.deliver() == 0


async def test_paused_stream_holds_and_tells_in_order_when_it_is_enabled(scene: Scene) -> None:
    user = somebody(scene)
    await scene.set_status("paused")
    for _ in range(3):
        await scene.happens(user)
    await scene.deliver()
    assert scene.heard == []
    await scene.set_status("enabled")
    await scene.deliver()
    assert await scene.subjects() == [user] * 3


async def test_what_came_while_it_was_paused_and_what_was_held_arrive_in_order(scene: Scene) -> None:
    """One was tried meanwhile and held, the other waits for its turn."""
    user = somebody(scene)
    await scene.set_status("paused")
    await scene.happens(user)
    await scene.deliver()
    scene.tenant.house.clock.advance(1)
    await scene.happens(user)
    scene.tenant.house.clock.advance(1)
    await scene.set_status("enabled")
    await scene.deliver()
    assert await scene.txns() == await scene.records(user)


async def test_all_that_was_held_is_told_however_much_it_is(scene: Scene) -> None:
    await scene.set_status("paused")
    async with scene.tenant.services.engine.begin(scene.tenant.id) as ctx:
        await ctx.tx.run(
            "insert into airside.signal_event (tenant_id, stream_id, event_id, kind, subject, session, data, txn,"
            " state, created_at) select %s, %s, gen_random_uuid(), %s, 'usr_' || n, '', '{}', '', 'held', %s"
            " from generate_series(1, %s) n returning 1",
            (scene.tenant.id, scene.stream.stream_id, EVENTS[0], ctx.now, 2 * AT_ONCE + 1),
        )
    await scene.set_status("enabled")
    assert await scene.waiting() == 2 * AT_ONCE + 1


async def test_pausing_again_and_again_puts_nothing_twice(scene: Scene) -> None:
    """N13."""
    scene.answers[PATH] = [AWAY]
    for _ in range(5):
        await scene.happens(somebody(scene))
    await scene.deliver()
    for _ in range(3):
        await scene.set_status("paused")
        await scene.set_status("enabled")
    assert await scene.waiting() == 5


async def test_event_that_is_on_its_way_while_all_are_put_anew_is_taken_once(scene: Scene) -> None:
    """Its item is gone by the time its receiver answers."""
    services, user = scene.tenant.services, somebody(scene)
    await scene.happens(user)
    async with services.engine.begin(scene.tenant.id) as ctx:
        (item,) = await services.outbox.take(ctx, limit=1, lease=timedelta(minutes=1), way="signal")
    await scene.set_status("paused")
    await scene.set_status("enabled")
    receipt = await services.signal_sending.carry(scene.tenant.id, item)
    async with services.engine.begin(scene.tenant.id) as ctx:
        await services.signal_sending.tried(ctx, item, receipt)
        assert not await services.outbox.done(ctx, item)
    assert await scene.deliver() == 1
    assert (await scene.subjects(), await scene.waiting()) == ([user], 0)


@pytest.mark.parametrize("how", ["disabled stream", "disabled client", "deleted stream"])
async def test_whoever_is_told_nothing_any_more_is_told_nothing(how: str, scene: Scene) -> None:
    """N18."""
    await scene.happens(somebody(scene))
    services = scene.tenant.services
    if how == "disabled stream":
        await scene.set_status("disabled")
    else:
        async with services.engine.begin(scene.tenant.id) as ctx:
            if how == "disabled client":
                await services.clients.disable(ctx, scene.client_id)
            else:
                await services.signal_streams.delete(ctx, scene.client_id, scene.stream.stream_id)
    await scene.deliver()
    assert scene.heard == []


async def test_what_waited_for_polls_is_pushed_when_the_receiver_asks_for_that(scene: Scene) -> None:
    services, user = scene.tenant.services, somebody(scene)

    async def change(draft: StreamDraft) -> None:
        async with services.engine.begin(scene.tenant.id) as ctx:
            await services.signal_streams.update(ctx, scene.client_id, scene.stream.stream_id, StreamChange(draft))

    await change(StreamDraft("poll"))
    await scene.happens(user)
    await scene.deliver()
    assert scene.heard == []
    await change(StreamDraft("push", scene.stream.url))
    await scene.deliver()
    assert await scene.subjects() == [user]
