"""A customer's own IT sets a connection up: from the link over the settings and a test sign-in to the end."""

from dataclasses import replace
from html import unescape
from urllib.parse import urlencode, urljoin

import httpx2
import pytest

from airside.core.ids import FLOW, format_id
from airside.federation import Setup
from airside.identity import User
from airside.signin import account_cookie, setup_cookie
from tests.running import PASSWORD, Place, Running
from tests.surface import administrator_token, token_with
from tests.trips.guest import Guest
from tests.trips.manager import manage, person_tokens
from tests.trips.test_login_elsewhere import APPLICATION, relying
from tests.trips.visitor import FORM, ahead_of, csrf_of

__all__ = ["relying"]


class OidcGuest(Guest):
    """Whoever connects another tenant as an OpenID Connect provider."""

    async def configure(self, there: Place, secret: str = "") -> None:
        """Everything up to the test, with `there` as the provider; `secret` instead of the true one."""
        await self.begin()
        page = await self.post(await self.get("setup/provider"), provider="other", kind="oidc")
        callback = unescape(page.text.partition("<dd><code>")[2].partition("</code>")[0])
        client, true = await there.client(replace(APPLICATION, redirect_uris=(callback,)))
        assert true is not None
        filled = {"issuer": there.issuer, "client_id": client.word, "client_secret": secret or true.reveal()}
        done = await self.post(page, **filled)
        assert str(done.url).endswith("/setup/steps"), done.text

    async def test(self, person: User) -> httpx2.Response:
        """To the provider, in there as `person`, and back."""
        left = await self.post(await self.get("setup/test"))
        asked = await self.get(ahead_of(left))
        fields = {"email": person.email, "password": PASSWORD}
        done = await self.post(asked, **fields)
        return await self.get(ahead_of(done))


async def _setup(here: Place) -> Setup:
    async with here.operator() as ctx:
        return (await here.server.services.setups.list(ctx))[0]


@pytest.fixture
async def here(relying: Running) -> Place:
    return await relying.tenant()


async def test_guest_sets_up_tests_and_finishes_and_people_sign_in(here: Place, place: Place) -> None:
    person = await place.user()
    async with here.server.client() as http:
        guest = OidcGuest(here, http)
        await guest.configure(place)
        tested = await guest.test(person)
        assert "The sign-in was taken" in tested.text, tested.text
        assert person.email in tested.text
        assert account_cookie(here.tenant_id) not in http.cookies
        async with here.operator() as ctx:
            services = here.server.services
            assert await services.users.find_by_email(ctx, person.email) is None
            assert await services.connections.list(ctx) == await services.connections.open(ctx)
        offered = await guest.get("signin")
        assert "Contoso" not in offered.text
        finished = await guest.post(await guest.get("setup/steps"), "setup/finish")
        assert "The setup is finished" in finished.text
        assert (await guest.get("setup/steps")).status_code == 404
        assert "Contoso" in (await guest.get("signin")).text


async def test_refused_test_says_why(here: Place, place: Place) -> None:
    """Why is shown to who sets it up, and to nobody who signs in; so is what arrived, and that it is no proof."""
    async with here.server.client() as http:
        guest = OidcGuest(here, http)
        await guest.configure(place, secret="x" * 43)
        tested = await guest.test(await place.user())
    assert "The sign-in was refused" in tested.text
    assert "token_endpoint" in tested.text or "reason" in tested.text
    assert "Not verified" in tested.text
    assert "<dt>Parameters</dt><dd><code>code, iss</code></dd>" in tested.text
    assert f"<dt>Issuer</dt><dd><code>{place.issuer}</code></dd>" in tested.text


async def test_answer_of_a_test_gets_into_no_login_and_is_taken_once(here: Place, place: Place) -> None:
    """N06, N11, N14: without the setup's cookie it is nothing, and a second time neither."""
    person = await place.user()
    async with here.server.client() as http, here.server.client() as stranger:
        guest = OidcGuest(here, http)
        await guest.configure(place)
        left = await guest.post(await guest.get("setup/test"))
        asked = await guest.get(ahead_of(left))
        done = await guest.post(asked, email=person.email, password=PASSWORD)
        arrived = urljoin(str(done.url), ahead_of(done))
        while "/setup/arrived?" not in arrived:
            arrived = urljoin(arrived, (await http.get(arrived)).headers["location"])
        assert (await stranger.get(arrived)).status_code == 404
        flow = format_id(FLOW, (await _setup(here)).id)
        assert (await http.get(arrived.replace("/setup/", f"/signin/{flow}/"))).status_code == 404
        assert "The sign-in was taken" in (await guest.get(arrived)).text
        assert "No test was waiting" in (await guest.get(arrived)).text
        assert account_cookie(here.tenant_id) not in http.cookies


async def test_link_begins_in_one_browser_and_other_sites_send_nothing(here: Place) -> None:
    """N11, N14: the link is spent; a form without its token, or of another invitation, does nothing."""
    async with here.server.client() as http, here.server.client() as other:
        guest, second = Guest(here, http), Guest(here, other)
        page = await guest.begin()
        assert page.status_code == 200
        assert setup_cookie(here.tenant_id) in http.cookies
        theirs = await second.begin()
        assert theirs.status_code == 200
        chosen = await second.get("setup/provider")
        headers = {**FORM, "origin": here.server.url}
        for token in ("", "x" * 43, csrf_of(chosen)):
            body = urlencode({"csrf_token": token, "provider": "okta", "kind": "saml"})
            answer = await http.post(f"{here.issuer}/setup/provider", content=body, headers=headers)
            assert answer.status_code == 403
        async with here.operator() as ctx:
            assert {each.provider for each in await here.server.services.setups.list(ctx)} == {None}


@pytest.mark.parametrize("path", ["setup", "setup?token=", "setup/steps", "setup/provider", "setup/connection"])
async def test_nobody_else_learns_anything(here: Place, path: str) -> None:
    """N22, N40: every page is the one of a link that is over."""
    async with here.server.client() as http:
        page = await http.get(f"{here.issuer}/{path}")
        http.cookies.set(setup_cookie(here.tenant_id), "x" * 43)
        wrong = await http.get(f"{here.issuer}/{path}")
    assert page.status_code == wrong.status_code == 404
    assert "This link doesn’t work any more" in page.text
    assert "This link doesn’t work any more" in wrong.text


async def test_administrator_invites_over_the_api_and_takes_it_back(here: Place) -> None:
    """N18, N21, N22: it takes an administrator, whom no program is; a revoked link is over."""
    body = {"name": "Contoso", "email": "it@contoso.example"}
    for weak in (await token_with(here, "connections:read"), await administrator_token(here)):
        assert (await manage(here, weak, "POST", "/setup-invitations", body)).status_code == 403
    user = await here.user("administrator")
    _, tokens = await person_tokens(here, user, "connections:read", "connections:write")
    token = tokens["access_token"]
    made = await manage(here, token, "POST", "/setup-invitations", body)
    assert made.status_code == 201, made.text
    url, word = made.json()["url"], made.json()["setup_invitation"]["id"]
    async with here.server.client() as http:
        assert (await http.get(url)).status_code == 200
        assert (await manage(here, token, "DELETE", f"/setup-invitations/{word}")).status_code == 204
        assert (await http.get(url)).status_code == 404
    listed = await manage(here, token, "GET", "/setup-invitations")
    assert [each["state"] for each in listed.json()["setup_invitations"]] == ["revoked"]
    assert "token" not in listed.text


async def test_what_a_guest_types_is_never_markup(here: Place) -> None:
    """N29."""
    async with here.server.client() as http:
        guest = OidcGuest(here, http)
        await guest.begin()
        page = await guest.post(await guest.get("setup/provider"), provider="other", kind="oidc")
        hostile = '"><script>alert(1)</script>'
        again = await guest.post(page, issuer=hostile, client_id=hostile, client_secret=hostile)
    assert again.status_code == 422
    assert "<script>alert" not in again.text
    assert again.text.count(hostile) == 0
