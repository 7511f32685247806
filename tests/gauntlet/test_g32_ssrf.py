"""G32: every field whose address the server goes to, with every address that leads inside: no canary ever sees a
connection. And an allowed server that redirects inside, or answers without an end: given up in time and in memory.

The services are those of a running server, with one address outside allowed as production forbids it, so that each
field is seen to go out at all. Addresses that are refused already when they are set are as good as those that are
refused when they are gone to: what counts is the canary.
"""

import asyncio
import os
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID

import pytest

from airside.audit import Event
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import InvalidInput, Refusal
from airside.core.ids import EVENT, SESSION, format_id, uuid7
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.federation import ConnectionDraft, Documents, OidcAnswer, OidcSettings, Providers, SamlSettings
from airside.fetch import Refused
from airside.notify.webhooks import EndpointDraft, records_deliveries
from airside.oauth import ClientDraft, ClientSettings
from airside.oauth.changes import ClientChange
from airside.oauth.participants import KIND
from airside.store import Item
from airside.store.migrate import migrate, role_of
from airside.tenancy.policy import parse_policy, render_policy
from airside.vault.kms.local import LocalKek
from airside.wiring.build import Services
from tests.federation.kit import new_login
from tests.federation.test_setup import begun
from tests.fetch.test_ssrf import SPELLINGS
from tests.gauntlet.cost import MEGABYTES, Costs, settled
from tests.gauntlet.outside import Canary, Names, Outside, canary, outside
from tests.makers import MakeDatabase
from tests.oauth.signals.kit import pushed
from tests.protocols.saml.kit import pinned
from tests.running import Place, running
from tests.trips.visitor import API, NATIVE

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
SHARE = 1 if FULL else 4
SECONDS = 8
"""The longest time for one fetch that is set anywhere is five, and the machine does other things."""
FEW = 12
"""Addresses that one tenant brings: no cap of a tenant's is met before the address is."""
HOSTILE = ("huge", "endless", "slow", "packed", "headers", "silent")
NAMES = {
    "inside.example": [["127.0.0.1"]],
    "both.example": [["127.0.0.1", "93.184.215.14"]],
    "six.example": [["::1"]],
    "mapped.example": [["::ffff:127.0.0.1"]],
    "metadata.example": [["169.254.169.254"]],
    "zone.example": [["fe80::1%lo"]],
}
FLIPS = "flips.example"
"""Leads to where nobody listens when it is first asked for, and to the canary ever after."""


TOLD = "select record_id from airside.audit_record where tenant_id = %s and event = 'user:user:updated' limit 1"


@dataclass(frozen=True)
class Told:
    record_id: UUID


@dataclass
class Scene:
    """A tenant of a server that may go to `there`, and mustn't reach `canary`."""

    place: Place
    there: Outside
    canary: Canary
    names: Names


@pytest.fixture
async def scene(
    blank_database: MakeDatabase,
    tmp_path: Path,
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Scene]:
    async with canary() as inside, outside() as there, blank_database() as database:
        await migrate(database.owner, role_of(database.app))
        names = Names(socket.getaddrinfo, {name: list(answers) for name, answers in NAMES.items()})
        monkeypatch.setattr(socket, "getaddrinfo", names)
        allowed = (there.place, f"{FLIPS}:{inside.port}")
        async with running(
            database.app, tmp_path, kek=kek, clock=clock, entropy=entropy, fetch_exceptions=allowed
        ) as server:
            yield Scene(await server.tenant(), there, inside, names)


Go = Callable[[Scene, str], Awaitable[None]]


async def saml_metadata(scene: Scene, url: str) -> None:
    async with scene.place.operator() as ctx:
        await _services(scene).saml_metadata.fetch(ctx, url)


async def saml_followed(scene: Scene, url: str) -> None:
    """The address that a connection's metadata is read from again and again."""
    settings = SamlSettings("urn:x", "https://idp.example/sso", (pinned("idp").pem,), metadata_url=url)
    async with scene.place.operator() as ctx:
        connection = await _services(scene).connections.create(ctx, ConnectionDraft("X", settings))
    try:
        async with scene.place.operator() as ctx:
            await _services(scene).saml_metadata.refresh(ctx, connection)
    finally:
        async with scene.place.operator() as ctx:
            await _services(scene).connections.delete(ctx, connection.id)


async def setup_portal(scene: Scene, url: str) -> None:
    """Typed by whoever was invited."""
    _, secret = await begun(scene.place)
    async with scene.place.operator() as ctx:
        access = await _services(scene).setups.enter(ctx, secret)
        await _services(scene).setup_portal.metadata_at(ctx, access, url)


async def issuer(scene: Scene, url: str) -> None:
    await _sign_in(scene, OidcSettings(issuer=url, client_id="x"))


async def token_endpoint(scene: Scene, url: str) -> None:
    await _sign_in(scene, _explicit(scene, token_endpoint=url))


async def keys_of_tokens(scene: Scene, url: str) -> None:
    settings = _explicit(scene, jwks_uri=url)
    services = _services(scene)
    providers = Providers(documents=Documents(fetcher=services.fetcher, clock=services.clock))
    async with scene.place.operator() as ctx:
        metadata = await providers.metadata(ctx, settings)
        await providers.verified(ctx, settings, metadata, lambda _: None)


async def userinfo(scene: Scene, url: str) -> None:
    """GitHub's kind: whoever it is, is said there alone."""
    settings = OidcSettings(
        issuer="https://github.com/login/oauth",
        client_id="x",
        preset="github",
        token_endpoint_auth_method="client_secret_post",
        scopes=("read:user",),
        authorization_endpoint="https://github.example/authorize",
        token_endpoint=scene.there.url("/token"),
        userinfo_endpoint=url,
    )
    await _sign_in(scene, settings)


async def sector(scene: Scene, url: str) -> None:
    settings = ClientSettings(sector_identifier_uri=url, subject_type="pairwise")
    await scene.place.client(replace(NATIVE, settings=settings))


async def client_keys(scene: Scene, url: str) -> None:
    settings = ClientSettings(jwks_uri=url, token_endpoint_auth_method="private_key_jwt")
    draft = ClientDraft("X", False, frozenset({"client_credentials"}), audiences=(API,), settings=settings)
    client, _ = await scene.place.client(draft)
    async with scene.place.operator() as ctx:
        await _services(scene).client_keys.current(ctx, client)


async def client_document(scene: Scene, url: str) -> None:
    services = _services(scene)
    async with scene.place.operator() as ctx:
        stored = await services.policies.stored(ctx)
        hosts: Json = {"document_hosts": [urlsplit(url).netloc], "audiences": [API]}
        policy = parse_policy(render_policy(stored.policy) | {"clients": hosts})
        await services.policies.change(ctx, stored.version, policy)
    async with scene.place.operator() as ctx:
        await services.client_documents.find(ctx, url)


async def logout(scene: Scene, url: str) -> None:
    settings = ClientSettings(backchannel_logout_uri=url)
    client, _ = await scene.place.client(replace(NATIVE, settings=settings))
    user = await scene.place.user()
    session = uuid7(_services(scene).clock.now(), _services(scene).entropy)
    about = {"client": client.word, "session": format_id(SESSION, session)}
    now = _services(scene).clock.now()
    item = Item(session, KIND, user.id, about, 0, created_at=now, claimed_until=now)
    receipt = await _services(scene).back_channel.carry(scene.place.tenant_id, item)
    if receipt.outcome == "refused":
        raise Refused("not told")


async def webhook(scene: Scene, url: str) -> None:
    """A message by hand: those in the outbox are the server's own to send."""
    services = _services(scene)
    async with scene.place.operator() as ctx:
        endpoint, _ = await services.webhooks.create(ctx, EndpointDraft(url, ["session:*"]))
        await services.journal.record(ctx, Event.USER_UPDATED, subject="usr_x")
        (record,) = await ctx.tx.all(Told, TOLD, (ctx.tenant_id,))
        records_deliveries.insert(ctx, endpoint.endpoint_id, record.record_id, Event.USER_UPDATED)
    now = services.clock.now()
    about = {"endpoint": endpoint.word, "event": format_id(EVENT, record.record_id)}
    item = Item(record.record_id, "webhook", None, about, 0, created_at=now, claimed_until=now)
    receipt = await services.webhook_sending.carry(scene.place.tenant_id, item)
    if receipt.outcome != "taken":
        raise Refused("not told")


async def signal(scene: Scene, url: str) -> None:
    """A security event by hand, as `webhook`."""
    if (await pushed(scene.place, url)).outcome != "taken":
        raise Refused("not told")


FIELDS: Mapping[str, Go] = {
    each.__name__: each
    for each in (
        *(saml_metadata, saml_followed, setup_portal, issuer, token_endpoint, keys_of_tokens),
        *(userinfo, sector, client_keys, client_document, logout, webhook, signal),
    )
}


async def _sign_in(scene: Scene, settings: OidcSettings) -> None:
    services, login = _services(scene), new_login()
    door = next(each for each in services.federated_doors if each.kind == "oidc")
    async with scene.place.operator() as ctx:
        draft = ConnectionDraft("X", settings, client_secret=Secret("a secret"))
        connection = await services.connections.create(ctx, draft)
    async with scene.place.operator() as ctx:
        away = await door.lead(ctx, login, connection)
    fields = {"code": "c", "state": parse_qs(urlsplit(away.url).query)["state"][0]}
    async with scene.place.operator() as ctx:
        received = await services.federation_answers.receive(ctx, "oidc", connection.id, fields["state"], fields)
    async with scene.place.operator() as ctx:
        await door.prove(ctx, login, OidcAnswer(received.word))


def _explicit(scene: Scene, **changes: Any) -> OidcSettings:
    """Without discovery."""
    usual: dict[str, Any] = {
        "issuer": "https://idp.example",
        "client_id": "x",
        "authorization_endpoint": "https://idp.example/authorize",
        "token_endpoint": scene.there.url("/token"),
        "jwks_uri": scene.there.url("/keys"),
    }
    whole: dict[str, Any] = usual | changes
    return OidcSettings(**whole)


def _services(scene: Scene) -> Services:
    return scene.place.server.services


async def apart(scene: Scene) -> Scene:
    """The same, with a tenant of its own."""
    return replace(scene, place=await scene.place.server.tenant())


async def go(own: Scene, name: str, url: str) -> str:
    """Put `url` into the field and have it gone to; what came of it."""
    began = time.monotonic()
    try:
        await FIELDS[name](own, url)
    except Refusal as refusal:
        assert time.monotonic() - began < SECONDS, (name, url)
        return type(refusal).__name__
    assert time.monotonic() - began < SECONDS, (name, url)
    return "no refusal"


def inside(port: int) -> list[str]:
    """Every spelling of an address that leads to the canary."""
    hosts = [f"{host}:{port}" for host in (*SPELLINGS, *NAMES)]
    tricks = [
        f"https://idp.example@127.0.0.1:{port}/",
        f"https://idp.example:443@127.0.0.1:{port}/",
        f"https://127.0.0.1:{port}#@idp.example/",
        f"https://127.0.0.1:{port}\\@idp.example/",
        f"https://idp.example\\@127.0.0.1:{port}/",
        f"https://127.0.0.1:{port}%2f@idp.example/",
        f"https://１２７.0.0.1:{port}/",
        f"https://127。0。0。1:{port}/",
        f"https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/",
        f"https://127.0.0.1:{port}\t/",
        f"https://127.0.0.1%00.idp.example:{port}/",
        f"HTTPS://LOCALHOST:{port}/",
        f"//127.0.0.1:{port}/",
        f"gopher://127.0.0.1:{port}/_x",
        f"ftp://127.0.0.1:{port}/x",
        f"file://127.0.0.1:{port}/etc/passwd",
        f"unix://127.0.0.1:{port}/x",
        f"dict://127.0.0.1:{port}/x",
        f"jar:https://127.0.0.1:{port}!/x",
    ]
    return [f"https://{host}/x" for host in hosts] + [f"http://{host}/x" for host in hosts] + tricks


@pytest.mark.gauntlet
async def test_no_field_leads_inside(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """N28: private, loopback, link-local, mapped, translated, spelt in every way, by hostile names, by redirects."""
    reached = {name: await _reaches(scene, name) for name in FIELDS}
    assert [name for name, does in reached.items() if not does] == [], "a field that goes nowhere proves nothing"
    addresses = inside(scene.canary.port)
    brought = [*addresses[::SHARE], *(f"https://{name}:{scene.canary.port}/y" for name in NAMES)]
    led = [scene.there.url(f"/to?to={quote(url, safe='')}") for url in brought]
    said, own = Counter[str](), scene
    for name in FIELDS:
        for number, url in enumerate((*brought, *led)):
            own = await apart(scene) if number % FEW == 0 else own
            said[await go(own, name, url)] += 1
    with capsys.disabled():
        print(
            f"\nG32: {len(FIELDS)} fields, {len(brought)} addresses inside, each straight and by a redirect:"
            f" {scene.canary.visits} connections to the canary; {dict(said.most_common())}"
        )
    assert scene.canary.visits == 0


@pytest.mark.gauntlet
async def test_no_name_is_asked_twice(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """N28, DNS rebinding: the address that was judged is the one that is dialled."""
    asked = list[int]()
    for name in FIELDS:
        scene.names.turn(FLIPS, [["127.0.0.9"], ["127.0.0.1"]])
        # An address of its own: what one field has just failed to fetch, another that reads the same doesn't ask for.
        await go(await apart(scene), name, f"https://{FLIPS}:{scene.canary.port}/{name}")
        asked.append(scene.names.asked[FLIPS])
    with capsys.disabled():
        print(f"\nG32 rebinding: {len(FIELDS)} fields, a name asked {asked} times, {scene.canary.visits} inside")
    assert scene.canary.visits == 0
    assert set(asked) == {1}


@pytest.mark.gauntlet
@pytest.mark.alone  # it measures
async def test_hostile_answers_end_in_time_and_in_memory(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """N28, G35: endless, slow, packed and silent answers, to every field."""
    costs, slowest = Costs(), 0.0
    settled()
    for kind in HOSTILE:
        own = {name: await apart(scene) for name in FIELDS}
        began = time.monotonic()
        with costs.meeting(kind, 0):
            await asyncio.gather(*(go(each, name, scene.there.url(f"/{kind}/{name}")) for name, each in own.items()))
        slowest = max(slowest, time.monotonic() - began)
    dearest = max(cost.megabytes for cost in costs.each)
    with capsys.disabled():
        print(
            f"\nG32 hostile answers: {len(FIELDS)} fields at once, each of {len(HOSTILE)}: the longest"
            f" {slowest:.1f} s, all together {dearest:.1f} MB at the most, {scene.there.sent / 2**20:.0f} MB sent"
        )
    assert dearest < MEGABYTES
    assert scene.canary.visits == 0


async def test_nobody_waits_for_a_client_whose_document_is_looked_at(scene: Scene) -> None:
    """N28: neither its row nor a connection is held while a stranger's server is silent."""
    client, _ = await scene.place.client(NATIVE)
    clients = _services(scene).client_admin

    async def change(**changes: Any) -> None:
        async with scene.place.operator() as ctx:
            await clients.update(ctx, client.client_id, ClientChange(**changes))

    url = scene.there.url("/silent")
    looking = asyncio.create_task(change(settings={"sector_identifier_uri": url, "subject_type": "pairwise"}))
    for _ in range(300):
        if scene.there.visits:
            break
        await asyncio.sleep(0.01)
    await change(name="Other")
    assert not looking.done()
    with pytest.raises(InvalidInput):
        await looking


async def _reaches(scene: Scene, name: str) -> bool:
    """Whether the field goes anywhere: to the server outside, by https where it takes nothing else."""
    before = scene.there.visits
    await go(await apart(scene), name, scene.there.url(f"/x/{name}"))
    if scene.there.visits == before:
        await go(await apart(scene), name, f"https://{scene.there.place}/x/{name}")
    return scene.there.visits > before
