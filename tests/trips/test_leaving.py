"""The pages that lead to a provider and take what comes back, behind the shield."""

import re
from urllib.parse import urlencode

from airside.federation import Connection, ConnectionDraft, SamlSettings
from airside.signin import flow_cookie
from tests.protocols.saml.kit import pinned
from tests.running import Place
from tests.trips.visitor import FORM, Visitor, csrf_of, visitor

FIELD = re.compile(r'<input type="hidden" name="(SAMLRequest|RelayState)" value="([^"]+)">')


async def _connection(place: Place, *, idp_initiated: bool = False) -> Connection:
    settings = SamlSettings(
        entity_id="https://idp.example.test",
        sso_url="https://idp.example.test/sso?tenant=1",
        certificates=(pinned("idp").pem,),
        sso_binding="post",
        sign_requests=False,
        idp_initiated=idp_initiated,
    )
    async with place.operator() as ctx:
        return await place.server.services.connections.create(ctx, ConnectionDraft("Provider", settings))


async def _leave(browser: Visitor, place: Place, connection: Connection) -> tuple[str, str, dict[str, str]]:
    page = await browser.get(f"{place.issuer}/signin")
    fields = {"csrf_token": csrf_of(page), "connection": connection.word}
    headers = {**FORM, "origin": place.server.url}
    left = await browser.http.post(str(page.url), content=urlencode(fields), headers=headers)
    assert left.status_code == 200
    return left.headers["content-security-policy"], left.text, dict(FIELD.findall(left.text))


async def test_form_may_be_sent_to_the_provider_and_nowhere_else(place: Place) -> None:
    """SAML Bindings §3.5; N10: the page's own policy says so."""
    async with visitor(place) as browser:
        policy, page, fields = await _leave(browser, place, await _connection(place))
    assert "form-action 'self' https://idp.example.test;" in policy
    assert 'action="https://idp.example.test/sso?tenant=1"' in page
    assert fields.keys() == {"SAMLRequest", "RelayState"}
    assert '<button class="primary" type="submit">' in page


async def test_foreign_post_is_taken_without_cookies_and_led_on_to_its_login(place: Place) -> None:
    """N11: what a browser has of ours isn't looked at when another site posts."""
    connection = await _connection(place)
    async with visitor(place) as browser, place.server.client() as stranger:
        _, _, fields = await _leave(browser, place, connection)
        body = urlencode({"SAMLResponse": "PHg+", "RelayState": fields["RelayState"]})
        headers = {**FORM, "origin": "https://idp.example.test", "sec-fetch-site": "cross-site"}
        url = f"{place.issuer}/saml/{connection.word}/acs"
        answer = await browser.http.post(url, content=body, headers=headers)
        assert answer.status_code == 303
        assert "set-cookie" not in answer.headers
        assert (await stranger.get(f"{place.server.url}{answer.headers['location']}")).status_code == 404
        refused = await browser.get(f"{place.server.url}{answer.headers['location']}")
    assert "That sign-in wasn’t accepted." in refused.text


async def test_unasked_assertion_begins_no_session_by_itself(place: Place) -> None:
    """N10, N11: it begins a login, whose cookie is this browser's, and is verified like any other."""
    connection = await _connection(place, idp_initiated=True)
    async with visitor(place) as browser:
        body = urlencode({"SAMLResponse": "PHg+", "RelayState": "https://evil.example.test"})
        headers = {**FORM, "origin": "https://idp.example.test", "sec-fetch-site": "cross-site"}
        answer = await browser.http.post(f"{place.issuer}/saml/{connection.word}/acs", content=body, headers=headers)
        assert answer.status_code == 303
        assert flow_cookie(place.tenant_id) in browser.http.cookies
        refused = await browser.get(f"{place.server.url}{answer.headers['location']}")
    assert "That sign-in wasn’t accepted." in refused.text
    assert "evil" not in refused.text
