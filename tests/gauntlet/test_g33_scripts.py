"""G33: what is written to run in a browser, in every name that a page shows, in every address of a page and in every
field that a form sends back, in a real Chromium: nothing runs, nothing had to be kept from running, and nobody's words
become an element.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from random import Random, SystemRandom
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

import httpx2
import pytest
from playwright.async_api import Browser, Page

from airside.core.entropy import token
from airside.federation import ConnectionDraft, OidcSettings, SetupDraft
from airside.identity import User
from airside.identity.model import MAX_SESSIONS
from airside.oauth import ClientSettings, Scope
from airside.tenancy import TenantPolicy
from tests.gauntlet.scripts import CORPUS, LONGEST, Payload, bundles, careless
from tests.gauntlet.watched import WORDS, Watch, watched
from tests.running import PASSWORD, Place
from tests.trips.pages import Walk
from tests.trips.test_entry_in_a_browser import fresh_address, letter_to
from tests.trips.visitor import FORM, NATIVE, Visitor, request_url, visitor

FULL: Final = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
SHOWN_OF_AGENT: Final = 60
LONGEST_NAME: Final = 200
LONGEST_DESCRIPTION: Final = 300
AGENTS: Final = None if FULL else 6
OF_ONE: Final = MAX_SESSIONS // 2
"""Browsers of one person: their page shows `MAX_SESSIONS` of them."""
LONGEST_IN_LETTER: Final = 80
NOT_IN_LETTERS: Final = (
    "script, img, svg, math, iframe, object, embed, input, base, form, [onerror], [onload], [onfocus]"
)
LETTERS: Final = None if FULL else 12
TENANTS: Final = None if FULL else 6
REFUSED: Final = (
    "/{}",
    "/static/{}",
    "/t/{}/signin",
    "/dev/mailbox/{}",
    "{at}/oauth2/authorize?client_id={}&redirect_uri={}&state={}",
    "{at}/oauth2/logout?post_logout_redirect_uri={}&state={}&id_token_hint={}",
    "{at}/saml/{}/metadata",
    "{at}/api/v1/users?cursor={}&{}=1",
    "{at}/.well-known/{}",
)
"""Addresses of what isn't there, isn't for everybody or can't be read."""
FORMS: Final = ("signin", "signup", "recover", "device", "setup/provider", "setup/connection", "setup/domains")


@dataclass
class Trial:
    """What was tried."""

    watch: Watch
    dice: Random
    fields: set[str] = field(default_factory=set[str])
    addresses: int = 0
    forms: int = 0

    def shuffled(self) -> list[Payload]:
        return self.dice.sample(CORPUS, len(CORPUS))

    def kept(self) -> list[Payload]:
        return [payload for payload in self.shuffled() if payload.can_be_kept]

    async def shows(self, page: Page, where: str, texts: list[str]) -> None:
        """`page` has each of `texts`, letter by letter, and nothing that came of it."""
        await self.watch.look(page, where)
        assert self.watch.faults() == [], where
        words = await page.evaluate(WORDS)
        assert [text for text in texts if text not in words] == [], where
        self.fields.add(where)


async def test_what_is_written_to_run_does_run_in_a_careless_page(chromium: Browser) -> None:
    """Without which the next test would prove nothing."""
    async with watched(chromium) as watch:
        page = await watch.tab()
        await page.set_content(careless())
        await page.wait_for_timeout(2000)
        ran = {int(frame) for frame in watch.ran if frame.isdecimal()}
        await watch.look(page, "careless")
    places = {CORPUS[number].place for number in ran}
    print(f"\nG33: {len(ran)} of {len(CORPUS)} ran in a careless page, in {sorted(places)}")
    assert len(ran) >= 60
    assert len(places) >= 12


async def test_a_report_of_the_policy_is_noticed(place: Place, chromium: Browser) -> None:
    """Under our own policy, as a page would be into which somebody wrote."""
    async with watched(chromium) as watch:
        page = await watch.tab()
        async with visitor(place) as somebody:
            answer = await somebody.get(f"{place.issuer}/signin")
        written = answer.text.replace("<h1>", "<img src=x onerror=ran()><script>ran()</script><h1>")
        await watch.render(page, httpx2.Response(200, headers=answer.headers, text=written, request=answer.request))
        await page.wait_for_timeout(200)
    assert watch.ran == []
    assert len(watch.reports) >= 2
    assert len(watch.planted) == 2


@pytest.mark.gauntlet
async def test_nothing_that_anybody_writes_runs(
    place: Place, chromium: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = SystemRandom().getrandbits(32)
    async with watched(chromium) as watch:
        trial = Trial(watch, Random(seed))
        page = await watch.tab()
        await _tenants(trial, page, place)
        await _lists(trial, page, place)
        await _agents(trial, page, place)
        await _forms(trial, page, place)
        await _refused(trial, page, place)
        names, sent = bundles(trial.kept(), LONGEST), trial.shuffled()
        if FULL:
            for turn, name in enumerate(names):
                await _walk(trial, page, await place.server.tenant(), [name], sent[turn :: len(names)])
        else:
            await _walk(trial, page, await place.server.tenant(), names, sent)
    with capsys.disabled():
        print(
            f"\nG33: {len(CORPUS)} payloads, {watch.pages} pages, {len(trial.fields)} stored fields,"
            f" {trial.addresses} addresses, {trial.forms} forms; {len(watch.ran)} run, {len(watch.reports)} reports"
            f" (seed {seed})"
        )
    assert watch.faults() == []
    assert watch.pages > 150


@pytest.mark.gauntlet
async def test_no_letter_runs(place: Place, chromium: Browser) -> None:
    """As the mailbox of development shows it, and as a mail program would that looks at nothing."""
    server = place.server
    async with watched(chromium) as watch:
        trial = Trial(watch, Random(0))
        page, bare = await watch.tab(), await watch.tab()
        whole = [each for each in trial.kept() if len(each.text) <= LONGEST_IN_LETTER]
        for name in bundles(whole, LONGEST_IN_LETTER)[:LETTERS]:
            named, address = await server.tenant(name), fresh_address(place)
            async with named.operator() as ctx:
                await server.services.invitations.create(ctx, address, name, ["member"], "operator:test")
            text = await letter_to(named, address, "")
            assert name in text
            await page.goto(f"{server.url}/dev/mailbox")
            await watch.look(page, "mailbox")
            await page.locator("main .rows li", has_text=address).locator("a").click()
            await trial.shows(page, "letter", [name])
            await bare.set_content(await page.locator("iframe.letter").get_attribute("srcdoc") or "")
            assert name in await bare.evaluate(WORDS)
            assert await bare.locator(NOT_IN_LETTERS).count() == 0, name
        assert watch.faults() == []


async def _tenants(trial: Trial, page: Page, place: Place) -> None:
    """What tenants are called, on a page of each and on that of what isn't there."""
    for name in bundles(trial.kept(), LONGEST_NAME)[:TENANTS]:
        other = await place.server.tenant(name)
        await page.goto(f"{other.issuer}/signin")
        await trial.shows(page, "tenant's name", [name])


async def _lists(trial: Trial, page: Page, place: Place) -> None:
    """What connections are called, and what scopes allow, all of them at once."""
    services, payloads = place.server.services, trial.kept()
    settings = OidcSettings(issuer="https://idp.example.com", client_id="airside")
    said = {f"notes:{number}": text for number, text in enumerate(bundles(payloads, LONGEST_DESCRIPTION))}
    async with place.operator() as ctx:
        for payload in payloads:
            await services.connections.create(ctx, ConnectionDraft(payload.text, settings))
        for name, text in said.items():
            await services.scopes.put(ctx, Scope(name, {"en": text}))
    await page.goto(f"{place.issuer}/signin")
    await trial.shows(page, "connections' names", [payload.text for payload in payloads])
    scopes = NATIVE.scopes | said.keys()
    client, _ = await place.client(replace(NATIVE, scopes=scopes, settings=ClientSettings(party="third")))
    await page.goto(request_url(place, client, scope=" ".join(scopes)))
    await _sign_in(page, await place.user())
    await page.wait_for_selector("button[value=allow]")
    await trial.shows(page, "scopes' descriptions", list(said.values()))
    await page.context.clear_cookies()


async def _agents(trial: Trial, page: Page, place: Place) -> None:
    """What browsers call themselves, where their person sees them."""
    fit = [each.text for each in trial.kept() if each.text.isascii() and len(each.text) <= SHOWN_OF_AGENT][:AGENTS]
    for first in range(0, len(fit), OF_ONE):
        await _agents_of(trial, page, *await _somebody(place), fit[first : first + OF_ONE])


async def _agents_of(trial: Trial, page: Page, place: Place, user: User, agents: list[str]) -> None:
    for number, agent in enumerate(agents):
        async with place.server.client(source=f"127.33.1.{number + 1}") as http:
            http.headers["user-agent"] = agent
            browser = Visitor(place, http)
            done = await browser.sign_in(await browser.get(f"{place.issuer}/signin"), user)
            assert done.status_code == 200, done.text
    await page.goto(f"{place.issuer}/signin")
    await _sign_in(page, user)
    await page.wait_for_url(f"{place.issuer}/account")
    await page.goto(f"{place.issuer}/account/sessions")
    await trial.shows(page, "sessions' browsers", agents)
    await page.goto(f"{place.issuer}/account/activity")
    await trial.shows(page, "activity's browsers", [])
    await page.context.clear_cookies()


async def _refused(trial: Trial, page: Page, place: Place) -> None:
    """Pages and problems that speak of no tenant's own."""
    for address in REFUSED:
        for payload in trial.shuffled()[: None if FULL else 2]:
            given = quote(payload.text, safe="")
            there = address.replace("{at}", place.issuer).replace("{}", given)
            await trial.watch.visit(page, urljoin(place.server.url, there))
            assert trial.watch.faults() == [], (address, payload)
            trial.addresses += 1


async def _walk(trial: Trial, page: Page, place: Place, names: list[str], sent: list[Payload]) -> None:
    """Every page, with the next of `names` as soon as one was seen; beside each, its address with `sent` put in."""
    waiting = iter(names)
    walk = Walk(place, page, next(waiting))
    other, given = await trial.watch.tab(), [walk.name]
    async for step in walk.steps():
        await trial.watch.look(page, step)
        assert trial.watch.faults() == [], step
        words = await page.evaluate(WORDS)
        if any(name in words for name in given):
            trial.fields.add(f"names on {step}")
        if walk.name in words:
            walk.name = next(waiting, walk.name)
            given.append(walk.name)
        for address in _addresses(trial, page.url, sent):
            await trial.watch.visit(other, address)
            assert trial.watch.faults() == [], address
            trial.addresses += 1
    await other.close()


def _addresses(trial: Trial, url: str, sent: list[Payload]) -> list[str]:
    """`url` with each of `sent` in each of its parts; in the short form one such address."""
    if FULL:
        return [address for payload in sent for address in _reflecting(url, payload.text)]
    return [trial.dice.choice(list(_reflecting(url, trial.dice.choice(sent).text)))]


def _reflecting(url: str, text: str) -> Iterator[str]:
    parts = urlsplit(url)
    given = parse_qsl(parts.query, keep_blank_values=True)
    for number, (name, _) in enumerate(given):
        changed = [*given[:number], (name, text), *given[number + 1 :]]
        yield urlunsplit(parts._replace(query=urlencode(changed)))
    yield urlunsplit(parts._replace(query=urlencode([*given, ("said", text), (text, "said")])))
    yield urlunsplit(parts._replace(path=f"{parts.path.rpartition('/')[0]}/{quote(text, safe='')}"))
    yield urlunsplit(parts._replace(query=urlencode([*given, ("again", "")]), fragment=text.replace("\0", "")))


async def _forms(trial: Trial, page: Page, place: Place) -> None:
    """Every field of each form, and what the page says to it, by somebody new each time."""
    texts = bundles(trial.shuffled(), LONGEST_NAME)
    breakers = bundles([each for each in trial.shuffled() if each.place == "double"], LONGEST_NAME)
    places = 0
    place, user = await _somebody(place)
    for form in FORMS:
        for text in texts if FULL else (breakers[0], trial.dice.choice(texts)):
            places += 1
            async with place.server.client(source=f"127.33.2.{places % 250 + 1}") as http:
                browser = Visitor(place, http)
                answer = await _post(browser, await _at_form(browser, form, user), text)
            assert answer.status_code < 500, (form, text)
            await trial.watch.render(page, answer)
            assert trial.watch.faults() == [], (form, text)
            if text in await page.evaluate(WORDS):
                trial.fields.add(f"{form}'s field")
            trial.forms += 1


async def _at_form(browser: Visitor, form: str, user: User) -> httpx2.Response:
    place, at, services = browser.place, browser.place.issuer, browser.place.server.services
    if form == "device":
        await browser.sign_in(await browser.get(f"{at}/signin"), user)
    if form.startswith("setup"):
        async with place.operator() as ctx:
            invited = SetupDraft("Acme", f"{token(services.entropy, 64).lower().strip('-_')}@example.com")
            _, link = await services.setup_admin.create(ctx, invited)
        await _post(browser, await browser.get(link.reveal()), "")
        chosen = await browser.get(f"{at}/setup/provider")
        if form != "setup/provider":
            await _post(browser, chosen, "", provider="entra", kind="saml")
    return await browser.get(f"{at}/{form}")


async def _post(browser: Visitor, page: httpx2.Response, text: str, **values: str) -> httpx2.Response:
    """Send the form of `page` with `text` in whatever somebody may fill in."""
    form = _Form()
    form.feed(page.text)
    fields = {name: text if value is None else value for name, value in form.fields.items()} | values
    target = urljoin(str(page.url), form.action)
    headers = {**FORM, "origin": browser.place.server.url}
    return await browser.http.post(target, content=urlencode(fields), headers=headers)


class _Form(HTMLParser):
    """The first form of a page: where it goes, and its fields; None for those that somebody fills in."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields = dict[str, str | None]()
        self._inside = self._over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and not self._over:
            self._inside, self.action = True, given.get("action") or ""
        elif tag in ("input", "textarea") and self._inside and (name := given.get("name")):
            self.fields[name] = (given.get("value") or "") if given.get("type") == "hidden" else None

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._inside:
            self._inside, self._over = False, True


async def _somebody(place: Place) -> tuple[Place, User]:
    """Of a tenant of their own, where anybody may sign up."""
    other = await place.server.tenant()
    services = other.server.services
    async with other.operator() as ctx:
        version = (await services.policies.stored(ctx)).version
        await services.policies.change(ctx, version, TenantPolicy(signup="open"))
    return other, await other.user()


async def _sign_in(page: Page, user: User) -> None:
    """Fill in the form that `page` shows."""
    await page.fill("#email", user.email)
    await page.fill("#password", PASSWORD)
    async with page.expect_navigation():
        await page.click("main form button.primary")
