"""Applications as administrators manage them, over HTTP."""

from typing import Any

import httpx2
import pytest

from airside.oauth import Client, ClientDraft
from tests.oauth.client_keys import jwk_of, jwks_of
from tests.running import Place
from tests.surface import administrator_token
from tests.trips.manager import manage, program, program_token
from tests.trips.visitor import API, token_request

BACKEND: dict[str, Any] = {
    "name": "Backend",
    "grants": ["authorization_code", "refresh_token"],
    "redirect_uris": ["https://app.example.test/cb"],
    "scopes": ["openid"],
    "audiences": [API],
}
FAPI: dict[str, Any] = {
    "profile": "fapi2",
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": jwks_of(jwk_of("ES256")),
    "dpop_bound_access_tokens": True,
    "id_token_signed_response_alg": "ES256",
}


async def register(place: Place, token: str, **changes: Any) -> httpx2.Response:
    """A new application."""
    return await manage(place, token, "POST", "/clients", BACKEND | changes)


async def test_application_is_made_read_changed_disabled_and_enabled(place: Place) -> None:
    token = await administrator_token(place)
    made = await register(place, token, settings={"party": "third", "client_uri": "https://app.example.test/"})
    assert made.status_code == 201, made.text
    client = made.json()["client"]
    assert client["settings"]["party"] == "third"
    assert made.json()["client_secret"]
    at = f"/clients/{client['id']}"
    changed = await manage(place, token, "PATCH", at, {"name": "Renamed", "settings": {"client_uri": None}})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["name"], changed.json()["settings"]["client_uri"]) == ("Renamed", None)
    assert (changed.json()["settings"]["party"], changed.json()["redirect_uris"]) == ("third", BACKEND["redirect_uris"])
    for state in ("disabled", "active"):
        assert (await manage(place, token, "PATCH", at, {"state": state})).json()["state"] == state
    assert (await manage(place, token, "GET", at)).json() == changed.json()


async def test_application_that_fits_fapi2_gets_no_secret_and_must_push(place: Place) -> None:
    """FAPI 2.0 Security Profile §5.3.2."""
    made = await register(place, await administrator_token(place), settings=FAPI)
    assert made.status_code == 201, made.text
    assert made.json()["client_secret"] is None
    assert made.json()["client"]["settings"]["require_pushed_authorization_requests"] is True


async def test_application_that_does_not_fit_fapi2_is_told_every_reason(place: Place) -> None:
    token = await administrator_token(place)
    refused = await register(place, token, public=True, settings={"profile": "fapi2"})
    assert refused.status_code == 422
    detail = refused.json()["detail"]
    for said in ("settings.profile", "confidential", "private_key_jwt", "DPoP", "id_token_signed_response_alg"):
        assert said in detail
    assert (await manage(place, token, "GET", "/clients")).text.count("Backend") == 0


@pytest.mark.parametrize("url", ["http://10.0.0.1/x", "https://169.254.169.254/latest", "https://[::1]/x"])
@pytest.mark.parametrize("field", ["jwks_uri", "sector_identifier_uri", "backchannel_logout_uri"])
async def test_url_that_would_be_fetched_inside_is_refused(place: Place, field: str, url: str) -> None:
    """N28."""
    refused = await register(place, await administrator_token(place), settings={field: url})
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith(f"settings.{field}: ")


async def test_applications_come_in_pages(place: Place) -> None:
    token = await administrator_token(place)
    for number in range(3):
        await register(place, token, name=f"Page {number}")
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await manage(place, token, "GET", f"/clients?limit=2{cursor}")).json()
        seen += [client["name"] for client in page["clients"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen)) == 4


async def _own(place: Place, client: Client, secret: str) -> httpx2.Response:
    return await token_request(place, {"grant_type": "client_credentials"}, auth=(client.word, secret))


async def test_nobody_changes_or_enables_a_client_that_may_more_than_they(place: Place) -> None:
    """N21: nor widens one beyond themselves; nothing of the change stays."""
    narrow = await program_token(place, "clients:read", "clients:write")
    strong, _ = await program(place, "users:write")
    draft = ClientDraft("Weak", False, frozenset({"client_credentials"}), (place.issuer,), scopes=frozenset({"x"}))
    weak, _ = await place.client(draft)
    for client, change in (
        (strong, {"name": "Taken"}),
        (strong, {"scopes": ["x"]}),
        (weak, {"scopes": ["users:write"]}),
        (weak, {"name": "Taken", "scopes": ["x", "users:write"]}),
    ):
        refused = await manage(place, narrow, "PATCH", f"/clients/{client.word}", change)
        assert refused.status_code == 403, refused.text
    async with place.operator() as ctx:
        admin = place.server.services.client_admin
        assert await admin.get(ctx, strong.client_id) == strong
        assert await admin.get(ctx, weak.client_id) == weak
        await admin.disable(ctx, strong.client_id)
    refused = await manage(place, narrow, "PATCH", f"/clients/{strong.word}", {"state": "active"})
    assert refused.status_code == 403


async def test_program_holds_what_its_scopes_say_now(place: Place) -> None:
    """N19: a management scope that is taken away opens nothing more, and one that is given opens at once."""
    token = await administrator_token(place)
    client, (_, secret) = await program(place, "users:read")
    old = (await _own(place, client, secret)).json()["access_token"]
    assert (await manage(place, old, "GET", "/users")).status_code == 200
    changed = await manage(place, token, "PATCH", f"/clients/{client.word}", {"scopes": ["roles:read"]})
    assert changed.status_code == 200, changed.text
    assert (await manage(place, old, "GET", "/users")).status_code == 401
    async with place.operator() as ctx:
        members = place.server.services.members
        assert not await members.holds(ctx, f"client:{client.word}", "can_read_users")
        assert await members.holds(ctx, f"client:{client.word}", "can_read_roles")


async def test_issuers_own_interfaces_are_shared_with_no_other_audience(place: Place) -> None:
    """N05: not by a change either."""
    token = await administrator_token(place)
    client, _ = await program(place, "users:read")
    refused = await manage(
        place, token, "PATCH", f"/clients/{client.word}", {"audiences": [place.issuer, "https://api.example.test"]}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_input")
