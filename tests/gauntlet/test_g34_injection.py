"""G34: what breaks out of SQL, filters, templates, shells, paths, headers and logs, in every parameter of every
endpoint, over the real server: nothing is evaluated, nothing tells of the machine behind, and the tenant beside is
whole. What may be stored is read back as it was.
"""

import os
import re
import statistics
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom
from typing import Any, Final

import httpx2
import pytest
from psycopg import AsyncConnection

from airside.console.entry import entry_cookie
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.strict_json import Json
from airside.federation import SetupDraft
from airside.shield import csrf
from airside.tenancy.policy import parse_policy
from airside.vault.kms.local import LocalKek
from tests.federation.scim.directory import GROUP_SCHEMA, MEDIA
from tests.gauntlet.camps import Camp, camp, never_were
from tests.gauntlet.injections import (
    FALSE,
    FORGED,
    JOINED,
    NUL,
    PAYLOADS,
    PLANTED,
    PRODUCT,
    QUOTE,
    SLEEP,
    TRUE,
    Payload,
)
from tests.gauntlet.lawful import CALLBACK
from tests.gauntlet.letters import settled
from tests.gauntlet.parameters import Keys, Parameter, Surface, is_sendable
from tests.gauntlet.test_g16_tenants_apart import digest
from tests.gauntlet.test_g25_json_everywhere import PERSONS
from tests.makers import Database
from tests.running import Running, running
from tests.surface import administrator_program, endpoints, platform_token
from tests.trips.manager import person_tokens
from tests.trips.visitor import csrf_of, visitor

FULL: Final = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
SOURCES: Final = 48
"""Loopback addresses that it comes from, so that few requests are refused for their number."""
PAIRED: Final = 6
"""One parameter of so many is asked what is true and what is false, in the short form."""
SLOWER: Final = SLEEP - 1.0
"""Seconds over what is usual that prove a sleep."""
TOLD: Final = re.compile(
    r"syntax error at or near|psycopg|SQLSTATE|unterminated quoted|invalid input syntax|invalid byte sequence"
    r"|relation \"\w+\" does not|column \"\w+\" does not|Traceback \(most recent|<class '| object at 0x"
    r"|NUL \(0x00\)|can't adapt|UndefinedError|TemplateSyntaxError|OperationalError|DataError|ProgrammingError"
    r"|root:x:0:"
)
SHUT: Final = (401, 403, 405, 429)
"""With these nobody was let in; what never was is looked for."""
EVALUATED: Final = (PRODUCT, JOINED, "1.000036000099E", "1.000036000099e")
MAILBOX: Final = "/dev/mailbox"
ENDS: Final = ("/signout", "/signout/{request}")
"""What ends the session comes last."""
CATALOGUE: Final = """
select 'r', relname from pg_class where relnamespace = any(array['airside', 'public']::regnamespace[])
union all select 'p', proname from pg_proc where pronamespace = any(array['airside', 'public']::regnamespace[])
"""


@dataclass
class Verdicts:
    """What was asked and what was wrong with what came."""

    neighbour: str
    opened: set[str] = field(default_factory=set[str])
    statuses: Counter[str] = field(default_factory=Counter[str])
    wrong: Counter[str] = field(default_factory=Counter[str])
    examples: list[str] = field(default_factory=list[str])
    times: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    refused: int = 0

    def judge(self, where: str, answer: httpx2.Response, seconds: float) -> None:
        """One answer, whatever was asked."""
        self.statuses[f"{answer.status_code // 100}xx"] += 1
        self.refused += answer.status_code == 429
        self.times.append((seconds, where))
        said = f"{answer.headers.multi_items()}\n{answer.text}"
        if answer.status_code >= 500:
            self.blame("5xx", where, answer.text)
        if PLANTED in answer.headers:
            self.blame("header planted", where, str(answer.headers))
        self.read(where, said)

    def read(self, where: str, text: str) -> None:
        """Whatever a stranger is told, by any way."""
        self.look(where, text)
        if told := TOLD.search(text):
            self.blame("told", where, f"{told[0]} in {text}")

    def look(self, where: str, text: str) -> None:
        """Whatever came out of the server, to the operator too."""
        if any(each in text for each in EVALUATED):
            self.blame("evaluated", where, text)
        if self.neighbour in text and not where.startswith(f"GET {MAILBOX}"):  # everybody's, for whoever develops
            self.blame("neighbour read", where, text)

    def blame(self, what: str, where: str, text: str) -> None:
        self.wrong[what] += 1
        self.examples.append(f"{what}: {where}: {text[:300]}")

    def slow(self) -> list[str]:
        """Who waited as long as they asked for, by the side of all others."""
        usual = statistics.median(seconds for seconds, _ in self.times)
        return [f"{where}: {seconds:.1f} s" for seconds, where in self.times if seconds > usual + SLOWER]


class Crowd:
    """Clients that come from many addresses, in turn."""

    def __init__(self, clients: list[httpx2.AsyncClient], clock: Clock, verdicts: Verdicts) -> None:
        self._clients = clients
        self._clock = clock
        self._turn = 0
        self.verdicts = verdicts

    async def ask(self, surface: Surface, at: Parameter, payload: Payload) -> httpx2.Response:
        """The answer, judged. A stream that doesn't end by itself is left after its head."""
        self._turn += 1
        http = self._clients[self._turn % len(self._clients)]
        began = self._clock.monotonic()
        answer = await http.send(surface.request(http, at, payload.text), stream=True)
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            await answer.aclose()
            answer = httpx2.Response(answer.status_code, headers={}, content=b"")
        else:
            await answer.aread()
        http.cookies.clear()
        where = f"{at} {payload.family} {payload.text[:40]!r}"
        self.verdicts.judge(where, answer, self._clock.monotonic() - began)
        if at.where in ("query", "form", "json", "header") and answer.status_code not in SHUT:
            self.verdicts.opened.add(str(at.endpoint))
        return answer


@pytest.fixture
async def server(
    scratch: Database, tmp_path: Path, kek: LocalKek, clock: Clock, entropy: Entropy
) -> AsyncIterator[Running]:
    """On a database of its own, whose catalogue nobody else adds to."""
    async with running(scratch.app, tmp_path, kek=kek, clock=clock, entropy=entropy) as started:
        yield started


async def _keys(server: Running, own: Camp) -> tuple[Keys, dict[str, str]]:
    """Everything that opens doors in the camp, and ids beside the camp's."""
    place, services = own.place, server.services
    async with place.operator() as ctx:
        version = (await services.policies.stored(ctx)).version
        open_to_all: dict[str, Json] = {"registration": "open", "audiences": ["https://api.example.test"]}
        await services.policies.change(ctx, version, parse_policy({"clients": open_to_all, "signup": "open"}))
        _, link = await services.setup_admin.create(ctx, SetupDraft("Probe", "it@probe.example", provisions=True))
        domain = await services.domains.add(ctx, "probed.example.com")
    rights = [f"{each}:{verb}" for each in ("connections", "users", "incidents") for verb in ("read", "write")]
    _, person = await person_tokens(place, await place.user("administrator"), *rights)
    async with server.client() as http:
        answer = await http.post(f"{place.issuer}/oauth2/register", json={"redirect_uris": [CALLBACK]})
        assert answer.status_code == 201, answer.text
        registered = answer.json()
        group = await http.post(
            f"{place.issuer}/scim/v2/Groups",
            json={"schemas": [GROUP_SCHEMA], "displayName": "g34"},
            headers={"authorization": f"Bearer {own.scim_token}", "content-type": MEDIA},
        )
        http.headers["cookie"] = "; ".join(f"{name}={value}" for name, value in own.session_cookies.items())
        account = await http.get(f"{place.issuer}/account")
    forms: dict[str, str] = dict.fromkeys(("/account", "/consent", "/device", "/signout"), csrf_of(account))
    cookies, flow = dict(own.session_cookies), ""
    async with visitor(place) as browser:
        flowing = await browser.get(f"{place.issuer}/signin")
        forms["/signin"], flow = csrf_of(flowing), str(flowing.url).rpartition("/")[2].partition("?")[0]
        entered = await browser.get(link.reveal())
        done = await browser.http.post(
            f"{place.issuer}/setup",
            data={"token": link.reveal().rpartition("=")[2], "csrf_token": csrf_of(entered)},
            headers={"origin": server.url},
        )
        assert done.status_code in (200, 303), done.text
        steps = await browser.get(f"{place.issuer}/setup/provider")
        forms |= {"/setup": csrf_of(entered), "/setup/": csrf_of(steps)}
        cookies = {cookie.name: cookie.value or "" for cookie in browser.http.cookies.jar} | cookies
    secret = cookies[entry_cookie(place.tenant_id)].encode()
    forms |= {f"/{name}": csrf.issue(secret, f"entry {name}") for name in ("recover", "signup", "invitation", "verify")}
    registration = registered["registration_access_token"]
    tokens: dict[str, str] = {
        "/platform/": await platform_token(server),
        "/t/{slug}/scim/": own.scim_token,
        **dict.fromkeys(PERSONS, str(person["access_token"])),
        **{f"{method} /t/{{slug}}/oauth2/register/{{client_id}}": registration for method in ("GET", "PUT", "DELETE")},
        "POST /t/{slug}/oauth2/register": "",
    }
    ids = {"flow": flow, "domain_id": domain.word, "client_id": registered["client_id"]}
    ids["group_id"] = group.json()["id"]
    clients = {"": await administrator_program(place), "/par": (registered["client_id"], registered["client_secret"])}
    keys = Keys(own.token, tokens, forms, cookies, clients, server.url)
    return keys, ids


async def _surface(server: Running, own: Camp) -> Surface:
    keys, more = await _keys(server, own)
    ids = {**own.ids, **more, "slug": own.place.slug, "client": own.ids["client_id"]}
    ids |= {"connection": own.ids["connection_id"], "scope": "probe"}
    async with server.client() as http:
        api = (await http.get("/openapi.json")).json()
    return Surface(api, keys, ids, {**never_were(server, own), "slug": "nowhere"})


def _payloads(at: Parameter, dice: Random) -> Iterator[Payload]:
    """What this parameter is given, apart from what is compared."""
    rest = [each for each in PAYLOADS if each not in (QUOTE, NUL, TRUE, FALSE)]
    yield QUOTE
    if at.where in ("query", "form", "json"):
        yield NUL
    chosen = rest if FULL else dice.sample(rest, 0 if at.where == "door" else 1)
    yield from (each for each in chosen if is_sendable(at, each.text))


def _shape(answer: httpx2.Response) -> tuple[int, int, int]:
    """What differs where one answer holds more rows than the other."""
    return answer.status_code, answer.text.count("{"), answer.text.count("<")


async def _told_apart(crowd: Crowd, surface: Surface, at: Parameter) -> str:
    """What is true and what is false, answered differently: each time, for what was made by the first may refuse the
    second."""
    told = ""
    for _ in range(2):
        true, false = [await crowd.ask(surface, at, each) for each in (TRUE, FALSE)]
        if _shape(true) == _shape(false) or 429 in (true.status_code, false.status_code):
            return ""
        told = f"{true.text[:140]} / {false.text[:140]}"
    return told


async def _catalogue(dsn: str) -> set[tuple[Any, ...]]:
    async with await AsyncConnection.connect(dsn, autocommit=True) as connection:
        return set(await (await connection.execute(CATALOGUE)).fetchall())


async def _letters(http: httpx2.AsyncClient) -> set[str]:
    """Where the letters are that were sent."""
    return set(re.findall(rf'href="({MAILBOX}/[^"]+)"', (await http.get(MAILBOX)).text))


async def _every_parameter(crowd: Crowd, surface: Surface, server: Running, dice: Random) -> tuple[int, int]:
    """Ask everything; how many endpoints and parameters there were."""
    known = sorted(endpoints(server), key=lambda each: (each.template.endswith(ENDS), each))
    parameters = [at for endpoint in known for at in surface.parameters(endpoint)]
    for at in parameters:
        for payload in _payloads(at, dice):
            await crowd.ask(surface, at, payload)
        paired = at.where not in ("door", "header") and (FULL or dice.randrange(PAIRED) == 0)
        if paired and (told := await _told_apart(crowd, surface, at)):
            crowd.verdicts.blame("pair told apart", str(at), told)
    return len(known), sum(len(at.steps) if at.where == "header" else 1 for at in parameters)


@pytest.mark.gauntlet
async def test_nothing_is_evaluated_anywhere(
    server: Running, scratch: Database, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every parameter of every endpoint; in the short form each gets a quote and a sample."""
    seed = SystemRandom().getrandbits(32)
    own, beside = await camp(server), await camp(server)
    surface = await _surface(server, own)
    await settled(scratch.superuser, [own.place.tenant_id, beside.place.tenant_id])
    until, things = clock.now(), await _catalogue(scratch.superuser)
    before = await digest(scratch.superuser, beside.place, until)
    verdicts = Verdicts(beside.canary)
    async with AsyncExitStack() as stack:
        sources = [f"127.0.1.{each}" for each in range(1, SOURCES + 1)]
        clients = [await stack.enter_async_context(server.client(source=each)) for each in sources]
        crowd, letters = Crowd(clients, clock, verdicts), await _letters(clients[0])
        known, parameters = await _every_parameter(crowd, surface, server, Random(seed))
        for letter in await _letters(clients[0]) - letters:
            verdicts.read(letter, (await clients[0].get(letter)).text)
    log = capsys.readouterr()
    verdicts.look("the log", log.out + log.err)
    if any(line.lstrip("\x1b[0123456789;m").startswith(FORGED) for line in (log.out + log.err).splitlines()):
        verdicts.blame("log forged", "the log", log.out)
    after = await digest(scratch.superuser, beside.place, until)
    changed = [name for name in before if after[name] != before[name]]
    planted = await _catalogue(scratch.superuser) - things
    asked, slow = sum(verdicts.statuses.values()), verdicts.slow()
    with capsys.disabled():
        print(
            f"\nG34: {len(PAYLOADS)} payloads, {known} endpoints, {len(verdicts.opened)} of them let in,"
            f" {parameters} parameters, {asked} requests {dict(sorted(verdicts.statuses.items()))};"
            f" {verdicts.wrong['evaluated']} evaluated, {verdicts.wrong['told']} errors told, {len(slow)} slow,"
            f" {verdicts.refused} refused for their number, neighbour {changed or 'whole'} (seed {seed})"
        )
    assert not verdicts.wrong, f"{dict(verdicts.wrong)}\n" + "\n".join(verdicts.examples[:20])
    assert not slow, slow[:10]
    assert not changed
    assert not planted
    assert verdicts.refused < asked / 20
    assert len(PAYLOADS) >= 80
    assert known >= 200
    assert len(verdicts.opened) >= known * 0.9
    assert verdicts.statuses["2xx"] >= asked / 20
