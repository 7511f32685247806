"""The pages of a login through a connection, up to its provider and back."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import httpx2
import msgspec
import pytest

from airside.core.ids import CONNECTION, FLOW, format_id, parse_id
from airside.federation import Connection, ConnectionDraft, ExternalClaims, FederatedWays, OidcSettings
from airside.identity import PasskeyAuthenticator, PasswordAuthenticator
from airside.signin import Flows, People
from airside.store.context import RequestContext
from airside.wiring.build import Services
from tests.console.site import PASSWORD, SIGNIN, SLUG, Browser, Site, application, browser, token_of
from tests.federation.kit import SAML
from tests.identity.elsewhere import URL, Elsewhere

CLAIMS = ExternalClaims("subject-1", email="ada@example.com", email_verified=True, name="Ada")
SETTINGS = OidcSettings(issuer="https://idp.example.com", client_id="airside")
LEADS = re.compile(r'<meta http-equiv="refresh" content="0;url=([^"]+)">')
CHOICE = re.compile(r'name="connection" value="([^"]+)"')


class Bound:
    """Implements `Discovery`: `example.com` leads to one connection."""

    def __init__(self) -> None:
        self.connection_id: UUID | None = None

    async def offers(self, ctx: RequestContext) -> bool:
        return self.connection_id is not None

    async def discover(self, ctx: RequestContext, email: str) -> UUID | None:
        return self.connection_id if email.endswith("@example.com") else None


@dataclass(frozen=True)
class Away:
    """A tenant with a connection, a browser before its pages, and the provider that it leads to."""

    site: Site
    connection: Connection
    discovery: Bound
    visitor: Browser

    async def connect(self, draft: ConnectionDraft) -> Connection:
        async with self.site.open_ctx(self.site.tenant_id) as ctx:
            return await self.site.services.connections.create(ctx, draft)

    async def choose(self, page: httpx2.Response) -> httpx2.Response:
        """Press the button of the connection."""
        fields = {"csrf_token": token_of(page.text), "connection": self.connection.word}
        return await self.visitor.post(page.url.path, fields)

    async def come_back(
        self, left: httpx2.Response, claims: ExternalClaims = CLAIMS, nonce: str = "genuine"
    ) -> httpx2.Response:
        """What the provider's redirect gets."""
        found = LEADS.search(left.text)
        assert found is not None, left.text
        state = parse_qs(urlsplit(unescape(found[1])).query)["state"][0]
        # The fake provider says everything in the fields that are kept.
        query = urlencode({"state": state, "code": msgspec.json.encode(claims).decode(), "iss": nonce})
        return await self.visitor.client.get(f"/t/{SLUG}/oidc/{self.connection.word}/callback?{query}")

    async def sign_in(self, claims: ExternalClaims = CLAIMS) -> httpx2.Response:
        page = await self.visitor.get(SIGNIN)
        back = await self.come_back(await self.choose(page), claims)
        assert back.status_code == 303
        return await self.visitor.client.get(back.headers["location"], follow_redirects=True)


def with_door(services: Services, discovery: Bound) -> Services:
    """`services` with the door that speaks no protocol."""
    door = Elsewhere(
        requests=services.federation_requests, answers=services.federation_answers, linking=services.linking
    )
    ways = FederatedWays(
        connections=services.connections,
        linking=services.linking,
        sessions=services.federated_sessions,
        enforcement=services.enforcement,
        doors=[door],
    )
    people = People(
        policies=services.policies,
        factors=services.factors,
        passwords=services.passwords,
        devices=services.devices,
        signals=services.signals,
        outbox=services.outbox,
        federated=ways,
        lockdowns=services.lockdowns,
        members=services.members,
    )
    flows = Flows(
        vault=services.vault,
        entropy=services.entropy,
        journal=services.journal,
        sessions=services.sessions,
        authenticators=[
            PasswordAuthenticator(services.passwords, services.enforcement),
            PasskeyAuthenticator(services.passkeys),
            door,
        ],
        people=people,
        federated=ways,
        tallies=services.tallies,
    )
    return replace(services, flows=flows, federated_ways=ways, discovery=discovery)


@pytest.fixture
async def away(site: Site) -> AsyncIterator[Away]:
    discovery = Bound()
    services = with_door(site.services, discovery)
    site = Site(replace(site.place, server=replace(site.place.server, services=services)), site.tenant_id)
    async with site.open_ctx(site.tenant_id) as ctx:
        draft = ConnectionDraft("Example & Sons", SETTINGS, creates_users=True)
        connection = await services.connections.create(ctx, draft)
    async with browser(application(site)) as visitor:
        yield Away(site, connection, discovery, visitor)


async def test_sign_in_page_offers_what_is_shown_and_active(away: Away) -> None:
    """N18: a disabled connection has no button."""
    hidden = await away.connect(ConnectionDraft("Hidden", SETTINGS, shown=False))
    disabled = await away.connect(ConnectionDraft("Disabled", SETTINGS))
    async with away.site.open_ctx(away.site.tenant_id) as ctx:
        await away.site.services.connections.disable(ctx, disabled.id)
    page = await away.visitor.get(SIGNIN)
    assert CHOICE.findall(page.text) == [away.connection.word]
    assert "Continue with Example &amp; Sons" in page.text
    assert hidden.word not in page.text


async def test_page_leads_away_by_itself_and_by_a_link(away: Away) -> None:
    """Browsers apply `form-action` to the redirect after a form post: there is none."""
    left = await away.choose(await away.visitor.get(SIGNIN))
    assert left.status_code == 200
    found = LEADS.search(left.text)
    assert found is not None
    assert unescape(found[1]).startswith(URL)
    assert f'href="{found[1]}"' in left.text


async def test_whoever_comes_back_is_signed_in(away: Away) -> None:
    done = await away.sign_in()
    assert done.status_code == 200, done.text
    assert away.visitor.cookie("account")
    assert (await away.visitor.get(f"/t/{SLUG}/account")).status_code == 200


async def test_answer_without_the_logins_cookie_signs_nobody_in(away: Away) -> None:
    """N11: another browser that is lured to the answer has no part in that login."""
    back = await away.come_back(await away.choose(await away.visitor.get(SIGNIN)))
    async with browser(application(away.site)) as victim:
        for cookies in (False, True):
            if cookies:
                await victim.get(SIGNIN)
            answer = await victim.client.get(back.headers["location"], follow_redirects=True)
            assert answer.status_code == 404
            assert victim.cookie("account") is None
    assert (await away.visitor.client.get(back.headers["location"])).status_code == 200


async def test_answer_that_came_twice_signs_in_once(away: Away) -> None:
    """N14: a reloaded callback, and a reloaded page."""
    left = await away.choose(await away.visitor.get(SIGNIN))
    back = await away.come_back(left)
    again = await away.come_back(left)
    assert "answer=" not in again.headers["location"]
    assert (await away.visitor.client.get(back.headers["location"])).status_code == 200
    assert (await away.visitor.client.get(back.headers["location"])).status_code == 404


async def test_forged_answer_is_refused_without_a_reason(away: Away) -> None:
    left = await away.choose(await away.visitor.get(SIGNIN))
    back = await away.come_back(left, nonce="forged")
    page = await away.visitor.client.get(back.headers["location"], follow_redirects=True)
    assert "That sign-in wasn’t accepted." in page.text
    assert "nonce" not in page.text
    assert away.visitor.cookie("account") is None
    done = await away.come_back(await away.choose(page))
    assert (await away.visitor.client.get(done.headers["location"])).status_code == 200


async def test_whoever_is_nobody_here_is_told_how_to_be_linked(away: Away) -> None:
    """N17, and its way on: sign in with what you have."""
    user = await away.site.user("ada@example.com")
    page = await away.sign_in()
    assert "ada@example.com at Example &amp; Sons isn’t connected to an account here yet" in page.text
    fields = {"email": user.email, "password": PASSWORD, "csrf_token": token_of(page.text)}
    assert "Signed in" in (await away.visitor.post(page.url.path, fields)).text
    async with browser(application(away.site)) as other:
        again = replace(away, visitor=other)
        assert (await again.sign_in()).status_code == 200
        assert other.cookie("account")


async def test_nobody_with_an_account_and_nobody_without_one_are_told_the_same(away: Away) -> None:
    """N15: whether an address is somebody's here."""
    away = replace(away, connection=await away.connect(ConnectionDraft("Example & Sons", SETTINGS)))
    await away.site.user("ada@example.com")
    there, missing = [
        (await away.sign_in(ExternalClaims(name, email=name))).text for name in ("ada@example.com", "bob@example.com")
    ]
    strip = re.compile(r'(value|action|data-options)="[^"]*"')
    assert strip.sub("", there).replace("ada", "bob") == strip.sub("", missing)


async def test_address_alone_leads_to_its_domains_connection(away: Away) -> None:
    """N15: nobody is looked up; the domain alone decides."""
    away.discovery.connection_id = away.connection.id
    page = await away.visitor.get(SIGNIN)
    assert 'name="password"' not in page.text
    fields = {"kind": "discover", "csrf_token": token_of(page.text)}
    left = await away.visitor.post(page.url.path, fields | {"email": "anybody@example.com"})
    assert LEADS.search(left.text) is not None
    here = await away.visitor.post(page.url.path, fields | {"email": "somebody@example.org"})
    assert 'name="password"' in here.text
    assert 'value="somebody@example.org"' in here.text


@pytest.mark.parametrize("word", ["con_0", "usr_01jd0000000000000000000000", "x" * 500])
async def test_choice_that_is_no_connection_is_missing(away: Away, word: str) -> None:
    page = await away.visitor.get(SIGNIN)
    answer = await away.visitor.post(page.url.path, {"csrf_token": token_of(page.text), "connection": word})
    assert answer.status_code == 404


async def test_choice_without_the_pages_token_is_refused(away: Away) -> None:
    page = await away.visitor.get(SIGNIN)
    answer = await away.visitor.post(page.url.path, {"csrf_token": "x", "connection": away.connection.word})
    assert answer.status_code == 403


@pytest.mark.parametrize("kind", ["acs", "callback"])
async def test_answer_that_nothing_waits_for_is_missing(away: Away, kind: str) -> None:
    """N10, N18: and whatever else it brings leads nowhere."""
    made = away.connection if kind == "callback" else await away.connect(ConnectionDraft("SAML", SAML))
    protocol = "oidc" if kind == "callback" else "saml"
    fields = {"SAMLResponse": "x", "RelayState": "https://evil.example", "state": "x" * 43, "code": "c"}
    answer = await away.visitor.post(f"/t/{SLUG}/{protocol}/{made.word}/{kind}", fields)
    assert answer.status_code == 404
    assert "evil.example" not in answer.text


async def test_unasked_assertion_begins_a_login_of_its_own_where_its_connection_takes_such(away: Away) -> None:
    """N10: RelayState leads nowhere, whatever it says."""
    made = await away.connect(ConnectionDraft("SAML", msgspec.structs.replace(SAML, idp_initiated=True)))
    fields = {"SAMLResponse": "x", "RelayState": "https://evil.example"}
    answer = await away.visitor.post(f"/t/{SLUG}/saml/{made.word}/acs", fields)
    assert answer.status_code == 303
    where = urlsplit(answer.headers["location"])
    assert where.netloc == ""
    assert parse_qs(where.query)["kind"] == ["saml"]
    assert parse_id(FLOW, where.path.split("/")[4])
    assert away.visitor.cookie("flow")
    assert "evil" not in answer.headers["location"]


async def test_answer_over_the_cap_is_refused(away: Away) -> None:
    url = f"/t/{SLUG}/oidc/{away.connection.word}/callback"
    assert (await away.visitor.post(url, {"state": "x" * 43, "code": "c" * 70_000})).status_code == 413


@pytest.mark.parametrize("query", ["state=a&state=b", "state=%ff", "state=%zz"])
async def test_answer_that_two_readers_read_differently_is_refused(away: Away, query: str) -> None:
    answer = await away.visitor.client.get(f"/t/{SLUG}/oidc/{away.connection.word}/callback?{query}")
    assert answer.status_code == 400


async def test_connection_of_nobody_is_missing(away: Away) -> None:
    """N20."""
    word = format_id(CONNECTION, UUID(int=1))
    answer = await away.visitor.client.get(f"/t/{SLUG}/oidc/{word}/callback?state={'x' * 43}")
    assert answer.status_code == 404
