"""G23, G35 at the door: what forgers and bombers bring to the assertion consumer service of a running server, and the
page of the login that waits for it. Nobody is let in; each costs less than 100 ms and 50 MB; the journal says why, and
no page does.

The cost is that of the whole process, which is the browser too. The provider, its keys and the logins are live: of each
forged answer, only what is forged is wrong.
"""

import os
import re
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from airside.protocols.saml import CertificateRefused, PinnedCertificate, read_certificate, write_post
from tests.gauntlet.cost import Costs, settled
from tests.protocols.saml.attacks import attacks
from tests.protocols.saml.bombs import bombs
from tests.protocols.saml.forgeries import FORGERIES, Forgery
from tests.protocols.saml.kit import WAYS, Answer, Encryption, encrypted, in_assertion, in_response, pinned, rsa_key
from tests.running import Place
from tests.trips.saml_provider import Provider, connected
from tests.trips.visitor import FORM, Visitor
from tests.vectors.test_saml import Case, cases

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
SHARE = 1 if FULL else 5
"""One of so many of the transforms and of the corpus is brought."""
VICTIM = "the-administrator"
TELLING = re.compile(r"saml_|signature|assertion|audience|recipient|certificate|digest|replay", re.IGNORECASE)
LONGEST = 1024 * 1024
"""Sixteen times what a form may have. More of the same is refused as soon, and its sending isn't the door's cost."""
PART = 16 * 1024
TRIES = 3
PATIENCE = 40
"""Answers from one address: the limit of failed ones is 60 an hour."""

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")

Make = Callable[[Answer], bytes]


@dataclass
class Door:
    """One connection's assertion consumer service, and browsers that come to it one after another."""

    provider: Provider
    ours: rsa.RSAPublicKey
    costs: Costs = field(default_factory=Costs)
    accepted: list[str] = field(default_factory=list[str])
    told: list[str] = field(default_factory=list[str])
    brought: int = 0
    at_once: int = 0
    """Refused before a login was asked: no login waits, or over a cap."""

    async def bring(self, browser: Visitor, name: str, make: Make) -> None:
        """To a login that has just begun; what was asked is answered, but forged. What was dear is brought again: this
        process does other things too, and what is dear is so each time."""
        for attempt in range(TRIES):
            if attempt:
                self.costs.each.pop()
            asked = await self.provider.leave(browser)
            document = make(self.provider.answer(asked["ID"]))
            fields = {"SAMLResponse": write_post(document), "RelayState": asked["RelayState"]}
            await self.post(browser, name, urlencode(fields))
            if not self.costs.each[-1].dear:
                return

    async def post(self, browser: Visitor, name: str, content: str) -> None:
        """What a browser brings, and goes on with."""
        body = content.encode()[:LONGEST]
        with self.costs.meeting(name, len(body)):
            sent = await browser.http.post(
                f"{self.provider.address}/acs",
                content=_in_parts(body),  # so that a long one costs its sender nothing that is counted
                headers={**FORM, "origin": "https://idp.example"},
            )
            page = sent
            if sent.status_code == 303:
                page = await browser.get(f"{self.provider.place.server.url}{sent.headers['location']}")
        self.brought += 1
        self.at_once += sent.status_code != 303
        if not page.is_client_error or await self.provider.signed_in(browser):
            self.accepted.append(f"{name}: {page.status_code}")
        assert page.status_code != 429, "the limit was met, not the door"
        self.told += [f"{name}: {found[0]}" for found in [TELLING.search(page.text)] if found]

    @asynccontextmanager
    async def browser(self, number: int) -> AsyncGenerator[Visitor]:
        """From an address of its own, so that failures of others aren't counted against it."""
        async with self.provider.place.server.client(source=f"127.23.{number // 250}.{number % 250 + 1}") as http:
            yield Visitor(self.provider.place, http)

    async def bring_all(self, forged: list[tuple[str, Make]], start: int = 0) -> None:
        """Each by a browser that others were brought by, too."""
        for begin in range(0, len(forged), PATIENCE):
            async with self.browser(start + begin // PATIENCE) as browser:
                for name, make in forged[begin : begin + PATIENCE]:
                    await self.bring(browser, name, make)

    async def demand_nothing_came_of_it(self) -> Counter[str]:
        """Nobody was let in, no page told why, the journal did, each time; nothing cost too much."""
        reasons = await self.provider.reasons()
        assert self.accepted == []
        assert self.told == []
        assert self.costs.over == []
        assert len(reasons) == self.brought - self.at_once, "a refusal without its reason"
        return Counter(reasons)


async def _in_parts(content: bytes) -> AsyncGenerator[bytes]:
    for start in range(0, len(content), PART):
        yield content[start : start + PART]


async def door(place: Place, **settings: object) -> Door:
    provider = await connected(place, **settings)
    async with place.operator() as ctx:
        [key] = (await place.server.services.saml_party.keys(ctx, provider.connection)).decryption
    return Door(provider, key.public_key())


def transforms(way: str, ours: rsa.RSAPublicKey) -> Iterator[tuple[str, Make]]:
    """Every transform of `attacks`, of an answer that isn't written yet."""

    def good(answer: Answer) -> bytes:
        if way == "encrypted":
            return encrypted(answer, rsa_key("idp"), ours, Encryption())
        return WAYS[way](answer, rsa_key("idp"))

    for name, _ in attacks(good(Answer()), VICTIM):
        if (way, name) != ("encrypted", "changed"):  # which finds no name to change there
            yield f"{name} ({way})", lambda answer, name=name: dict(attacks(good(answer), VICTIM))[name]


def everything(ours: rsa.RSAPublicKey) -> list[tuple[str, Make]]:
    """What is brought: every forgery, and a share of the transforms."""
    forged = [each for way in (*WAYS, "encrypted") for each in transforms(way, ours)]
    return forged[::SHARE] + [(name, _forged(make, ours)) for name, make in FORGERIES.items()]


def _forged(make: Forgery, ours: rsa.RSAPublicKey) -> Make:
    return lambda answer: make(answer, ours)


def _always(document: bytes) -> Make:
    return lambda _: document


async def positive(here: Door, number: int) -> None:
    """The same door lets in who isn't forged, so what it refuses it refuses for what is wrong with it."""
    for way, write in (*WAYS.items(), ("encrypted", None)):
        async with here.browser(number) as browser:
            asked = await here.provider.leave(browser)
            answer = here.provider.answer(asked["ID"])
            document = (
                encrypted(answer, rsa_key("idp"), here.ours, Encryption())
                if write is None
                else write(answer, rsa_key("idp"))
            )
            fields = {"SAMLResponse": write_post(document), "RelayState": asked["RelayState"]}
            sent = await here.provider.post("acs", fields)
            await browser.onward(await browser.get(f"{here.provider.place.server.url}{sent.headers['location']}"))
            assert await here.provider.signed_in(browser), way


@pytest.mark.gauntlet
@pytest.mark.alone  # it measures
async def test_nothing_forged_is_let_in(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """N01, N02, N05, N23, N24, N25, N26, N37: wrapping, comments, ids, foreign keys, algorithms, and genuine answers
    that are for somebody else."""
    here = await door(place)
    await connected(place, entity_id="https://other.example/metadata", certificates=(pinned("other idp").pem,))
    await positive(here, 249)
    brought = everything(here.ours)
    settled()
    await here.bring_all(brought)
    await positive(here, 249)
    why = await here.demand_nothing_came_of_it()
    with capsys.disabled():
        print(
            f"\nG23 at the door: {len(brought)} forged answers brought, {len(here.accepted)} let in,"
            f" {here.costs}; why, by the journal: {dict(why.most_common())}"
        )
    assert here.at_once == 0
    assert len(why) >= 10


@pytest.mark.gauntlet
@pytest.mark.alone  # it measures
async def test_nothing_brought_again_or_elsewhere_is_let_in(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """N11, N20, N25: replay, into the same login and another, at another connection and another tenant, in another
    browser; and forms that are no answer."""
    here, beside, far = await door(place), await door(place), await door(await place.server.tenant())
    unasked = await door(place, idp_initiated=True)
    async with here.browser(0) as browser:
        asked = await here.provider.leave(browser)
        document = in_response(here.provider.answer(asked["ID"]), rsa_key("idp"))
        bare = in_assertion(here.provider.answer(None, destination=None), rsa_key("idp"))
        genuine = urlencode({"SAMLResponse": write_post(document), "RelayState": asked["RelayState"]})
        sent = await here.provider.post(
            "acs", {"SAMLResponse": write_post(document), "RelayState": asked["RelayState"]}
        )
        address = f"{place.server.url}{sent.headers['location']}"
        async with here.browser(1) as thief:
            stolen = await thief.http.get(address)
            assert stolen.is_client_error
            await here.post(thief, "brought by another", genuine)
        await browser.onward(await browser.get(address))
        assert await here.provider.signed_in(browser)
    async with here.browser(2) as browser:
        await here.post(browser, "brought again", genuine)
        for name, content in (
            ("no answer", f"RelayState={asked['RelayState']}"),
            ("no form", document.decode()),
            ("two answers", f"{genuine}&SAMLResponse={write_post(document)[:40]}"),
            ("two states", f"{genuine}&RelayState=x"),
            ("over the cap", f"SAMLResponse={'A' * 2_000_000}&RelayState={asked['RelayState']}"),
        ):
            await here.post(browser, name, content)
        for other in (here, beside, far, unasked):
            await other.bring(browser, "replayed", _always(document))
            await other.bring(browser, "another's", _always(bare))
        once = in_assertion(unasked.provider.answer(None), rsa_key("idp"))
        fields = urlencode({"SAMLResponse": write_post(once)})
        first = await unasked.provider.post("acs", {"SAMLResponse": write_post(once)})
        assert first.status_code == 303
    async with here.browser(3) as browser:
        sent = await browser.http.post(
            f"{unasked.provider.address}/acs", content=fields, headers={**FORM, "origin": "https://idp.example"}
        )
        await browser.onward(await browser.get(f"{place.server.url}{sent.headers['location']}"))
        assert await unasked.provider.signed_in(browser)
    async with here.browser(4) as browser:
        await unasked.post(browser, "unasked, a second time", fields)
        await unasked.post(browser, "another's, unasked", urlencode({"SAMLResponse": write_post(document)}))
    everyone = (here, beside, far, unasked)
    with capsys.disabled():
        print(
            f"\nG23 again and elsewhere: {sum(len(each.costs.each) for each in everyone)} brought,"
            f" {sum(len(each.accepted) for each in everyone)} let in; {sum(each.at_once for each in everyone)} refused"
            f" before a login; why, by the journal: {dict(Counter(await here.provider.reasons()))}"
        )
    assert [each.accepted for each in everyone] == [[]] * 4
    assert [each.told for each in everyone] == [[]] * 4
    assert [each.costs.over for each in everyone] == [[]] * 4


@pytest.mark.gauntlet
@pytest.mark.alone  # it measures
async def test_no_bomb_is_dear_at_the_door(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """G35, N26: into a login that waits."""
    seed = int(os.environ.get("AIRSIDE_SEED", "35"))
    here, chance = await door(place), Random(seed)
    brought = [(name, _always(document)) for _ in range(20 if FULL else 2) for name, document in bombs(chance)]
    await positive(here, 249)
    settled()
    await here.bring_all(brought)
    why = await here.demand_nothing_came_of_it()
    with capsys.disabled():
        print(
            f"\nG35 at the door: {len(brought)} bombs (seed {seed}), {len(here.accepted)} let in, {here.costs};"
            f" {here.at_once} refused by the cap of a form; why, by the journal: {dict(why)}"
        )


@pytest.mark.gauntlet
@pytest.mark.alone  # it measures
async def test_nothing_of_the_corpus_is_let_in(
    place: Place, data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """G23: third-party messages, hostile and not, each at a connection that pins the key which is said to have made it
    (where that can be pinned) and expects its issuer. The good among them are for others, and of other years."""
    tried = cases(data("saml"))[::SHARE]
    doors: dict[tuple[str, str], Door] = {}
    unpinned = 0
    for number, case in enumerate(tried):
        certificate = _pinnable(case)
        unpinned += certificate is None
        pem = (certificate or pinned("idp")).pem
        key = (case.context.issuer, pem)
        if key not in doors:
            tenant = await place.server.tenant()
            doors[key] = await door(tenant, entity_id=case.context.issuer, certificates=(pem,))
        await doors[key].bring_all([(case.name, _always(case.document))], start=500 + number // PATIENCE)
    reasons = Counter[str]()
    for each in doors.values():
        reasons += await each.demand_nothing_came_of_it()
    with capsys.disabled():
        print(
            f"\nG23 corpus at the door: {len(tried)} messages at {len(doors)} connections,"
            f" {sum(len(each.accepted) for each in doors.values())} let in; of {unpinned} no key could be pinned;"
            f" why, by the journal: {dict(reasons.most_common())}"
        )
    assert sum(each.brought for each in doors.values()) == len(tried)
    assert len(reasons) >= 5


def _pinnable(case: Case) -> PinnedCertificate | None:
    try:
        return None if case.certificate is None else read_certificate(case.certificate.pem)
    except CertificateRefused:
        return None
