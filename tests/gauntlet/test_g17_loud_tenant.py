"""G17: one tenant at twenty times its load leaves the others their time, and costs them no request.

Quiet and loud phases take turns in one run, so that whatever else the machine does meets both; what is compared is the
99th percentile of the others' answers. How fast the machine is makes no difference.
"""

import asyncio
import json
import os
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode, urlsplit

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.permissions import TupleKey
from airside.store.migrate import migrate, role_of
from tests.gauntlet.openloop import Apart, Caller, Seen, apart
from tests.limits.test_plans import on_plan
from tests.makers import Database, MakeDatabase
from tests.process import serving
from tests.running import Place
from tests.surface import administrator_program
from tests.trips.visitor import token_request

FULL = bool(os.environ.get("AIRSIDE_GAUNTLET_FULL"))
TURNS = 20 if FULL else 5
"""Pairs of a quiet phase and a loud one."""
SECONDS = 3.0 if FULL else 1.0
OTHERS = 4
LOAD = 25.0
"""Requests a second of one tenant."""
TIMES = 20
RATE, BURST = 50, 10
"""What its plan gives the loud one: twice the load."""
MOST = 2.0
MODEL = "model\n  schema 1.1\ntype user\ntype doc\n  relations\n    define viewer: [user]\n"


async def requests_of(place: Place) -> list[bytes]:
    """What a tenant's applications ask all day: a permission, whether a token is good, a token, a list."""
    services, host = place.server.services, urlsplit(place.server.url).netloc
    async with place.operator() as ctx:
        store = await services.permissions.stores.create(ctx, "drive")
        await services.permissions.models.write(ctx, store.id, MODEL)
        await services.permissions.tuples.write(ctx, store.id, writes=[TupleKey("user:anne", "viewer", "doc:1")])
    program = await administrator_program(place)
    answer = await token_request(place, {"grant_type": "client_credentials"}, auth=program)
    token = str(answer.json()["access_token"])
    basic = "Basic " + b64encode(":".join(program).encode()).decode()

    def request(method: str, path: str, credential: str, kind: str = "", body: str = "") -> bytes:
        head = f"{method} {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: {credential}\r\n"
        if kind:
            head += f"content-type: {kind}\r\ncontent-length: {len(body)}\r\n"
        return (head + "\r\n" + body).encode()

    form, at = "application/x-www-form-urlencoded", f"/t/{place.slug}"
    question = json.dumps({"tuple_key": {"user": "user:anne", "relation": "viewer", "object": "doc:1"}})
    return [
        request("POST", f"/stores/{store.id}/check", f"Bearer {token}", "application/json", question),
        request("POST", f"{at}/oauth2/introspect", basic, form, urlencode({"token": token})),
        request("POST", f"{at}/oauth2/token", basic, form, "grant_type=client_credentials"),
        request("GET", f"{at}/api/v1/users", f"Bearer {token}"),
    ]


@dataclass
class Crowd:
    """Four who ask for what they always do, and one who may ask for more."""

    others: list[Caller]
    loud: Apart

    async def phase(self, rate: float, seen: Seen) -> Seen:
        """Everybody asks for a while; what the loud one saw, at `rate`."""
        async with asyncio.TaskGroup() as group:
            for other in self.others:
                group.create_task(other.ask(LOAD, SECONDS, seen))
            loud = group.create_task(self.loud.ask(rate, SECONDS))
        return loud.result()


@pytest.fixture
async def crowd(blank_database: MakeDatabase, tmp_path: Path, clock: Clock, entropy: Entropy) -> AsyncIterator[Crowd]:
    """At the real server, the loud one on a plan, all of them warm."""
    async with AsyncExitStack() as stack:
        scratch: Database = await stack.enter_async_context(blank_database())
        await migrate(scratch.owner, role_of(scratch.app))
        server = await stack.enter_async_context(
            serving(scratch.app, tmp_path, lambda _: None, clock=clock, entropy=entropy, log_level="warning")
        )
        places = [await server.tenant() for _ in range(1 + OTHERS)]
        await on_plan(places[0], rate=RATE, burst=BURST)
        port, authority = urlsplit(server.url).port, str(server.certificates.ca)
        assert port is not None
        loud = await apart(port, authority, await requests_of(places[0]))
        stack.push_async_callback(loud.end)
        others = [Caller(port, authority, await requests_of(place)) for place in places[1:]]
        for other in others:
            await other.connect()
        made = Crowd(others, loud)
        await made.phase(LOAD, Seen())
        yield made


@pytest.mark.gauntlet
@pytest.mark.alone
async def test_others_do_not_notice_a_loud_tenant(crowd: Crowd, capsys: pytest.CaptureFixture[str]) -> None:
    """G17. Its mutant counts, and turns nobody away."""
    quiet, loud, refused = Seen(), Seen(), Counter[int]()
    silent = 0
    for _ in range(TURNS):
        await crowd.phase(LOAD, quiet)
        heard = await crowd.phase(LOAD * TIMES, loud)
        refused += heard.statuses
        silent += heard.silent
    before, after = (quantiles(seen.took, n=100)[98] for seen in (quiet, loud))
    with capsys.disabled():
        print(
            f"\nG17: {OTHERS} tenants at {LOAD:.0f} requests a second, a fifth at {TIMES} times that in {TURNS} of"
            f" {2 * TURNS} phases: its {sum(refused.values())} were answered {dict(sorted(refused.items()))};"
            f" the others' {len(quiet.took)} and {len(loud.took)} took {before * 1000:.1f} ms and"
            f" {after * 1000:.1f} ms at the 99th percentile, {after / before:.2f} times as long,"
            f" {sum((quiet.statuses + loud.statuses).values()) - (quiet.statuses + loud.statuses)[200]} errors"
        )
    assert set(quiet.statuses + loud.statuses) == {200}
    assert set(refused) == {200, 429}
    assert silent == 0
    assert refused[200] >= RATE * SECONDS * TURNS * 0.9
    assert after <= MOST * before
