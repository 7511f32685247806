"""G18 for SCIM: whom a directory deactivates is out on every node within a second of the commit: their session and
their access token; asked for by many clients on two nodes meanwhile."""

import asyncio
import os
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest

from airside.access.credentials import Presented
from airside.access.senders import Sender
from airside.admin.platform import OPERATOR
from airside.core.errors import Unauthenticated
from airside.core.ids import SESSION, USER, format_id, parse_id
from airside.core.secret import Secret
from airside.core.strict_json import Json, dumps, loads_object
from airside.federation import ConnectionDraft, OidcSettings
from airside.federation.scim.door import Scim, ScimAnswer, ScimCall
from airside.identity import PasswordAuthenticator
from airside.permissions.model import AtLeast
from airside.store import Address, RequestContext
from airside.tenancy import Draft
from airside.tokens import AccessGrant
from airside.tokens.verify import TokenRevoked
from airside.wiring.build import Services
from airside.wiring.scim_door import scim_door
from tests.federation.scim.directory import PATCH, person
from tests.gauntlet.test_g18_revocations import BOUND, PAUSE, Client, Thing, nodes

__all__ = ["nodes"]

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
ROUNDS = 200 if FULL else 10
CLIENTS = 50 if FULL else 10


@dataclass(frozen=True)
class Directory:
    """A connection's token, spoken at either node."""

    address: Address
    token: Secret[str]
    doors: dict[int, Scim] = field(default_factory=dict[int, Scim])

    async def say(self, node: Services, method: str, path: str, body: Json) -> ScimAnswer:
        call = ScimCall(
            method=method,
            base_url=node.issuers.of(self.address) + "/scim/v2",
            path=path,
            query=(),
            headers={"content-type": "application/scim+json"},
            authorization=(f"Bearer {self.token.reveal()}",),
            body=dumps(body),
        )
        door = self.doors.setdefault(id(node), scim_door(node))
        return await door.answer(lambda: node.engine.begin(self.address.tenant_id), call)

    def operator(self, node: Services) -> AbstractAsyncContextManager[RequestContext]:
        return node.engine.begin(self.address.tenant_id, principal=OPERATOR)


@dataclass(frozen=True)
class Person:
    """Somebody provisioned, signed in, with an access token."""

    directory: Directory
    user_id: UUID
    cookie: Secret[str]
    token: Secret[str]

    async def ask(self, node: Services, _at_least: AtLeast) -> bool:
        """Whether anything of theirs opens anything."""
        address = self.directory.address
        async with node.engine.begin(address.tenant_id) as ctx:
            try:
                await node.contexts.credentials.principal(ctx, address, Presented(self.token.reveal()), Sender())
            except TokenRevoked:
                pass
            else:
                return True
            try:
                return await node.sessions.find(ctx, self.cookie, "sso") is not None
            except Unauthenticated:
                return False

    async def take(self, node: Services) -> AtLeast:
        """What Entra does when somebody leaves."""
        said: Json = {"schemas": [PATCH], "Operations": [{"op": "Replace", "path": "active", "value": False}]}
        path = f"/Users/{format_id(USER, self.user_id)}"
        answer = await self.directory.say(node, "PATCH", path, said)
        assert answer.status in (200, 204), answer
        return None


async def _directory(node: Services) -> Directory:
    async with node.engine.begin(await node.platform.bootstrap(), principal=OPERATOR) as ctx:
        tenant = await node.platform.create_tenant(ctx, Draft("t-" + node.entropy.bytes(8).hex(), "Acme"))
    async with node.engine.begin(tenant.tenant_id, principal=OPERATOR) as ctx:
        settings = OidcSettings(issuer="https://idp.example.com", client_id="airside")
        connection = await node.connections.create(ctx, ConnectionDraft("Example", settings))
        _, token = await node.scim_tokens.create(ctx, connection.id, lifetime=timedelta(days=1))
    address = await node.lookup.by_tenant(tenant.tenant_id)
    assert address is not None
    return Directory(address, token)


async def _person(directory: Directory, node: Services, number: int) -> Person:
    made = await directory.say(node, "POST", "/Users", person(f"user{number}@example.com"))
    assert made.status == 201
    assert made.body is not None
    user_id = parse_id(USER, str(loads_object(made.body)["id"]))
    issuer = node.issuers.of(directory.address)
    async with node.engine.begin(directory.address.tenant_id) as ctx:
        proof = PasswordAuthenticator(node.passwords, node.enforcement).recall(user_id, ctx.now, "first")
        started = await node.sessions.start(ctx, [proof])
        grant = AccessGrant(
            format_id(USER, user_id),
            "cli_1",
            (issuer,),
            frozenset({"a"}),
            session_id=format_id(SESSION, started.session.id),
        )
        issued = await node.token_issuer.access_token(ctx, grant, issuer=issuer)
    return Person(directory, user_id, started.sso, issued.token)


@pytest.mark.gauntlet
async def test_whom_a_directory_deactivates_is_out_on_every_node(
    nodes: list[Services], capsys: pytest.CaptureFixture[str]
) -> None:
    """N18. Its mutant leaves sessions and tokens of the deactivated alone."""
    directory = await _directory(nodes[0])
    clients = [Client(nodes[number % 2]) for number in range(CLIENTS)]
    running = [asyncio.create_task(client.run()) for client in clients]
    latest, wrong_states = 0.0, 0
    try:
        for number in range(ROUNDS):
            someone = await _person(directory, nodes[number % 2], number)
            thing = Thing(someone.ask, someone.take)
            for node in nodes:
                assert await thing.asked(node)
            for client in clients:
                client.turn_to(thing)
            await asyncio.sleep(5 * PAUSE)
            await thing.take(nodes[(number + 1) % 2])
            committed = nodes[0].clock.monotonic()
            for _ in range(int(2 * BOUND / PAUSE)):
                if all(client.said_no for client in clients):
                    break
                await asyncio.sleep(PAUSE)
            await asyncio.sleep(3 * PAUSE)
            assert all(client.said_no for client in clients), "somebody is still let in"
            latest = max(latest, *(client.last_yes - committed for client in clients))
            async with directory.operator(nodes[0]) as ctx:
                wrong_states += await nodes[0].users.state(ctx, someone.user_id) != "disabled"
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    wrong = sum(client.wrong for client in clients)
    answers = sum(client.asked for client in clients)
    with capsys.disabled():
        print(
            f"\nG18 SCIM: {ROUNDS} deactivations, {CLIENTS} clients on 2 nodes, {answers} answers;"
            f" last success after the commit: {latest * 1000:.0f} ms; {wrong} yes after a no"
        )
    assert latest <= BOUND
    assert wrong == 0
    assert wrong_states == 0
