"""Responses that a real identity provider has just sent, and what attackers would make of them."""

import base64
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from lxml import etree
from playwright.async_api import Page, Request

from airside.protocols.saml import ExpectedResponse, PinnedCertificate, SamlRefused, verify_response
from tests.peers.federated import Joined
from tests.protocols.saml.attacks import attacks

VICTIM = "joan"
MOST_SECONDS = 0.1


@dataclass(frozen=True)
class Sent:
    """What the browser brought to the connection's address."""

    fields: dict[str, str]

    @property
    def document(self) -> bytes:
        return base64.b64decode(self.fields["SAMLResponse"])

    def expected(self, here: Joined, issuer: str) -> ExpectedResponse:
        """What it has to be there."""
        request_id = etree.fromstring(self.document).get("InResponseTo")
        return ExpectedResponse(issuer, f"{here.address}/metadata", f"{here.address}/acs", request_id)


def listen(page: Page, here: Joined) -> list[Sent]:
    """Everything that `page` brings to the connection's address from now on."""
    heard: list[Sent] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url == f"{here.address}/acs":
            told = parse_qs(request.post_data or "", keep_blank_values=True)
            heard.append(Sent({name: values[0] for name, values in told.items()}))

    page.on("request", note)
    return heard


def demand_all_refused(sent: Sent, expected: ExpectedResponse, pinned: PinnedCertificate) -> int:
    """The genuine one is taken, and nothing made of it is; how many were refused, each within `MOST_SECONDS`."""
    now = datetime.now(UTC)
    assert verify_response(sent.document, expected, [pinned], now).issuer == expected.issuer
    taken, slow, refused = list[str](), list[str](), 0
    for name, document in attacks(sent.document, VICTIM):
        began = time.process_time()
        try:
            verify_response(document, expected, [pinned], now)
            taken.append(name)
        except SamlRefused:
            refused += 1
        if time.process_time() - began > MOST_SECONDS:
            slow.append(name)
    assert (taken, slow) == ([], [])
    print(f"{expected.issuer}: {refused} refused")
    return refused


def waits(page: Page, sso: str) -> list[str]:
    """The `RelayState` of every request that `page` takes to the provider from now on."""
    heard: list[str] = []

    def note(request: Request) -> None:
        query = parse_qs(urlsplit(request.url).query)
        if request.url.startswith(sso) and "SAMLRequest" in query:
            heard.extend(query["RelayState"])

    page.on("request", note)
    return heard


async def bring(page: Page, here: Joined, fields: dict[str, str]) -> None:
    """Post `fields` to the connection's address from a site of no name, in another tab of the browser of `page`."""
    inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
    tab = await page.context.new_page()
    await tab.set_content(f'<form method="post" action="{here.address}/acs">{inputs}<button>Go on</button></form>')
    await tab.click("button")
    await tab.wait_for_load_state("networkidle")
    await tab.close()
