"""What the published metadata promises, held to it over HTTP."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from airside.oauth import Scope
from airside.oauth.scope_words import MANAGEMENT, OPEN
from tests.running import Place
from tests.surface import administrator_token
from tests.trips.manager import manage, program_token

OAUTH = "/.well-known/oauth-authorization-server"
RESOURCE = "/.well-known/oauth-protected-resource"


async def document(place: Place, address: str) -> dict[str, Any]:
    """The document at `address`, which anybody may read."""
    async with place.server.client() as http:
        answer = await http.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


async def metadata(place: Place) -> dict[str, Any]:
    """The authorization server's."""
    return await document(place, f"{place.issuer}/.well-known/openid-configuration")


async def test_both_addresses_say_the_same_of_the_issuer(place: Place) -> None:
    """RFC 8414 §3.1 and §3.3, OpenID Connect Discovery 1.0 §4."""
    found = await metadata(place)
    assert found == await document(place, f"{place.server.url}{OAUTH}{urlsplit(place.issuer).path}")
    assert found["issuer"] == place.issuer
    for required in (
        *("authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported"),
        *("subject_types_supported", "id_token_signing_alg_values_supported"),
    ):
        assert found[required], required
    assert "RS256" in found["id_token_signing_alg_values_supported"]  # §3: it must be among them


async def test_every_endpoint_of_the_metadata_answers(place: Place) -> None:
    """RFC 8414 §2: each is of this issuer, over https, and there; none answers a stranger with more than a refusal."""
    found = await metadata(place)
    endpoints = {name: str(url) for name, url in found.items() if name.endswith(("_endpoint", "_uri", "_iframe"))}
    assert len(endpoints) >= 5
    async with place.server.client() as http:
        for name, url in endpoints.items():
            assert url.startswith(f"{place.issuer}/"), name
            statuses = {(await http.request(method, url)).status_code for method in ("GET", "POST")}
            assert 404 not in statuses, name
            assert statuses <= {200, 302, 303, 400, 401, 403, 405, 415, 422}, name


async def test_scopes_of_the_tenant_are_listed(place: Place) -> None:
    """RFC 8414 §2 `scopes_supported`: described ones, and none of our own interfaces."""
    async with place.operator() as ctx:
        await place.server.services.scope_admin.put(ctx, Scope("notes:read", {"en": "Read your notes."}))
    assert (await metadata(place))["scopes_supported"] == [*OPEN, "notes:read"]


@pytest.mark.parametrize("listed", ["grant_types_supported", "response_types_supported", "scopes_supported"])
async def test_listed_value_is_accepted_at_registration(place: Place, listed: str) -> None:
    """RFC 8414 §2: what the metadata lists, a client can be registered with."""
    token = await administrator_token(place)
    for value in (await metadata(place))[listed]:
        body: dict[str, Any] = {"name": "Listed", "audiences": ["https://api.example.test"], "scopes": ["openid"]}
        grants = (
            {"authorization_code", "refresh_token", value}
            if listed == "grant_types_supported"
            else {"authorization_code"}
        )
        body |= {"grants": sorted(grants), "redirect_uris": ["https://app.example.test/cb"]}
        if listed == "scopes_supported":
            body["scopes"] = [value]
        made = await manage(place, token, "POST", "/clients", body)
        assert made.status_code == 201, f"{value}: {made.text}"


async def test_own_interfaces_describe_themselves(place: Place) -> None:
    """RFC 9728 §2 and §3.3: the resource is what a token for it has as its audience."""
    found = await document(place, f"{place.server.url}{RESOURCE}{urlsplit(place.issuer).path}")
    assert found["resource"] == place.issuer
    assert found["authorization_servers"] == [place.issuer]
    assert set(found["scopes_supported"]) == MANAGEMENT
    assert found["bearer_methods_supported"] == ["header"]


async def test_challenge_leads_to_the_metadata(place: Place) -> None:
    """RFC 9728 §5.1: without a token, with a bad one, and with one whose scope is too narrow."""
    address = f"{place.server.url}{RESOURCE}{urlsplit(place.issuer).path}"
    narrow = await program_token(place, "users:read")
    async with place.server.client() as http:
        for headers, status in (
            ({}, 401),
            ({"authorization": "Bearer nonsense"}, 401),
            ({"authorization": f"Bearer {narrow}"}, 403),
        ):
            answer = await http.get(f"{place.issuer}/api/v1/clients", headers=headers)
            assert answer.status_code == status
            assert f'resource_metadata="{address}"' in answer.headers["www-authenticate"]
            assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert (await document(place, address))["resource"] == place.issuer


async def test_unknown_tenant_has_no_metadata(place: Place) -> None:
    """N20."""
    async with place.server.client() as http:
        for path in (f"{RESOURCE}/t/nobody", f"{OAUTH}/t/nobody", "/t/nobody/.well-known/openid-configuration"):
            assert (await http.get(path)).status_code == 404
