"""The job as it runs: woken by the commit, on every node, through a mail server's absence."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final, Protocol
from uuid import UUID, uuid4

import pytest

from airside.audit import Journal
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.identity import Users
from airside.notify import Delivery, Letter, Letters, Mailbox, Mailer, Receipt, RoomSources, Smtp
from airside.store import Engine, Listener, Outbox
from airside.transport import DevelopmentCertificates
from airside.vault import Vault
from tests.makers import Database, EngineFactory
from tests.notify.kit import Rooms
from tests.notify.server import post, trusting
from tests.running import free_port

SENDER: Final = "no-reply@id.example.com"
PROMPT: Final = 3.0
"""Seconds: far less than until the next sweep."""


class Node:
    """A process that delivers, and puts."""

    def __init__(self, engine: Engine, outbox: Outbox, users: Users, rooms: Rooms, tenant_id: UUID) -> None:
        self.rooms = rooms
        self._engine = engine
        self._outbox = outbox
        self._users = users
        self._tenant_id = tenant_id

    async def user(self, email: str = "ada@example.com") -> UUID:
        async with self._engine.begin(self._tenant_id) as ctx:
            return (await self._users.create(ctx, email, "Ada")).id

    async def put(self, user_id: UUID) -> None:
        async with self._engine.begin(self._tenant_id) as ctx:
            await self._outbox.put(ctx, "password_changed", subject=user_id)


class Run(Protocol):
    def __call__(
        self, mailer: Mailer | None, others: Iterable[UUID] | None = None
    ) -> AbstractAsyncContextManager[Node]:
        """A node whose rounds go over `others`, or over the one tenant there is."""
        ...


class Counted:
    """Implements `Mailer` in front of another."""

    def __init__(self, inner: Mailer) -> None:
        self._inner = inner
        self.count = 0

    async def send(self, letter: Letter) -> Receipt:
        self.count += 1
        return await self._inner.send(letter)


@pytest.fixture
def node(
    database: Database, engine_factory: EngineFactory, vault: Vault, clock: Clock, entropy: Entropy, tenant_id: UUID
) -> Run:
    @asynccontextmanager
    async def make(mailer: Mailer | None, others: Iterable[UUID] | None = None) -> AsyncGenerator[Node]:
        journal, rooms, listener = Journal(vault=vault, entropy=entropy), Rooms(), Listener(database.app, clock=clock)
        users, outbox = Users(vault=vault, entropy=entropy, journal=journal), Outbox(entropy=entropy)
        async with engine_factory() as engine:
            delivery = Delivery(
                engine=engine,
                listener=listener,
                clock=clock,
                outbox=outbox,
                journal=journal,
                sources=RoomSources(users=users, letterheads=rooms, links=rooms, codes=rooms, occasions=rooms),
                letters=Letters(public_url="https://id.example.com"),
                mailer=mailer or Mailbox(),
            )

            async def tenants() -> Iterable[UUID]:
                return [tenant_id] if others is None else others

            await listener.start()
            running = asyncio.create_task(delivery.run(tenants)) if mailer else None
            yield Node(engine, outbox, users, rooms, tenant_id)
            if running:
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running
            await listener.stop()

    return make


async def _until(done: Callable[[], bool], seconds: float = PROMPT) -> None:
    for _ in range(int(seconds * 100)):
        if done():
            return
        await asyncio.sleep(0.01)
    assert done()


async def test_commit_wakes_delivery(node: Run) -> None:
    mailbox = Mailbox()
    async with node(mailbox) as desk:
        user = await desk.user()
        await asyncio.sleep(0.3)  # the sweep at the start is over
        await desk.put(user)
        await _until(lambda: len(mailbox.letters()) == 1)


async def test_news_does_not_wait_for_the_round_over_all_tenants(node: Run) -> None:
    """A round over a hundred thousand takes long; whoever has a letter now doesn't stand behind them."""
    looked = 0

    def crowd() -> Iterator[UUID]:
        nonlocal looked
        for looked in range(1, 100_001):  # noqa: B007 - read below
            yield uuid4()

    mailbox = Mailbox()
    async with node(mailbox, crowd()) as desk:
        await desk.put(await desk.user())
        await _until(lambda: len(mailbox.letters()) == 1)
        assert 0 < looked < 100_000


async def test_what_was_put_before_the_start_is_found(node: Run) -> None:
    """Nobody heard of it: the process that would have died."""
    mailbox = Mailbox()
    async with node(None) as desk:
        user = await desk.user()
        await desk.put(user)
    async with node(mailbox):
        await _until(lambda: len(mailbox.letters()) == 1)


async def test_letters_of_a_suspended_tenant_wait_until_it_is_back(node: Run) -> None:
    mailbox = Mailbox()
    async with node(mailbox) as desk:
        user = await desk.user()
        desk.rooms.open = False
        await desk.put(user)
        await asyncio.sleep(0.5)
        assert mailbox.letters() == []
        desk.rooms.open = True
        await desk.put(user)
        await _until(lambda: len(mailbox.letters()) == 2)


async def test_two_nodes_that_hear_the_same_news_send_one_letter(node: Run) -> None:
    mailbox = Mailbox()
    sent = Counted(mailbox)
    async with node(sent) as desk, node(sent):
        user = await desk.user()
        for _ in range(12):
            await desk.put(user)
        await _until(lambda: len(mailbox.letters()) == 12)
        await asyncio.sleep(0.3)
    assert sent.count == 12


async def test_mail_server_that_comes_back_is_handed_everything(
    node: Run, certificates: DevelopmentCertificates
) -> None:
    """G12, small: away at first, then there, then away and back again."""
    port = free_port()
    async with post(certificates, "tls", port) as first:
        smtp = Smtp(first.at(), sender=SENDER, tls=trusting(certificates))
    async with node(smtp) as desk:
        user = await desk.user()
        for _ in range(5):
            await desk.put(user)
        await asyncio.sleep(0.5)
        async with post(certificates, "tls", port) as server:
            await _until(lambda: len(server.envelopes) == 5, 15.0)
        await desk.put(user)
        await asyncio.sleep(0.5)
        async with post(certificates, "tls", port, known=server):
            await _until(lambda: len(server.envelopes) == 6, 15.0)
