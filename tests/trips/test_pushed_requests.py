"""Pushed requests over HTTPS: the application says all on its own line, the browser carries a reference."""

from typing import Any

import httpx2
import pytest

from tests.running import Place
from tests.trips.test_authorization_endpoint import App, app_of, came
from tests.trips.visitor import token_request, visitor


async def push(app: App, **changes: str | None) -> httpx2.Response:
    return await token_request(app.place, app.said(**changes), auth=app.auth, path="par")


def reference(app: App, body: dict[str, Any], **more: str) -> str:
    nothing = dict.fromkeys(("response_type", "redirect_uri", "scope", "state"))
    return app.url(**{**nothing, "request_uri": str(body["request_uri"]), **more})


async def test_application_pushes_and_the_browser_carries_a_reference(place: Place) -> None:
    """RFC 9126 §2.2, §4."""
    app, user = await app_of(place), await place.user()
    pushed = await push(app, nonce="n-1")
    assert (pushed.status_code, pushed.headers["cache-control"]) == (201, "no-store")
    body = pushed.json()
    assert set(body) == {"request_uri", "expires_in"}
    assert 60 <= body["expires_in"] <= 90
    async with visitor(place) as browser:
        page = await browser.get(reference(app, body, state="bent"))
        answer = came(await browser.onward(await browser.sign_in(page, user)))
        assert answer["state"] == "s-1"
        assert (await app.identity(answer["code"]))["nonce"] == "n-1"
        again = await browser.get(reference(app, body))
        assert (again.status_code, "location" in again.headers) == (400, False)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "invalid_request_object"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"resource": "https://unknown.example.test"}, "invalid_target"),
    ],
)
async def test_what_cannot_be_granted_is_told_at_once(place: Place, changes: dict[str, str | None], error: str) -> None:
    """N09, N10: RFC 9126 §2.3."""
    answer = await push(await app_of(place), **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_nobody_pushes_in_another_clients_name(place: Place) -> None:
    """N07: RFC 9126 §2.1."""
    app, other = await app_of(place), await app_of(place)
    wrong = await token_request(place, app.said(), auth=(app.client.word, "x" * 43), path="par")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert "www-authenticate" in wrong.headers
    bare = await token_request(place, app.said(), path="par")
    assert (bare.status_code, bare.json()["error"]) == (401, "invalid_client")
    anothers = await token_request(place, app.said(), auth=other.auth, path="par")
    assert anothers.status_code == 400
    body = (await push(app)).json()
    async with visitor(place) as browser:
        stolen = await browser.get(reference(other, body))
        assert (stolen.status_code, "location" in stolen.headers) == (400, False)


async def test_discovery_leads_there(place: Place) -> None:
    """RFC 9126 §5."""
    async with place.server.client() as http:
        document = (await http.get(f"{place.issuer}/.well-known/openid-configuration")).json()
        assert document["pushed_authorization_request_endpoint"] == f"{place.issuer}/oauth2/par"
        assert (await http.get(document["pushed_authorization_request_endpoint"])).status_code == 405
