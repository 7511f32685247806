"""What the published metadata promises, held to it over HTTP."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from airside.oauth import Scope
from airside.oauth.scope_words import MANAGEMENT, OPEN
from tests.oauth.client_keys import jwk_of, jwks_of, x5c
from tests.running import Place
from tests.surface import administrator_token
from tests.trips.manager import manage, program_token
from tests.trips.visitor import NATIVE, request_url

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


CODE: dict[str, Any] = {
    "name": "Listed",
    "audiences": ["https://api.example.test"],
    "scopes": ["openid"],
    "grants": ["authorization_code", "refresh_token"],
    "redirect_uris": ["https://app.example.test/cb"],
}
KEYS = jwks_of(jwk_of("ES256", "e", x5c=x5c()), jwk_of("EdDSA", "d"), jwk_of("RS256", "r"), jwk_of("PS256", "p"))
ENCRYPTION = jwks_of(jwk_of("RSA-OAEP-256", "r"), jwk_of("ECDH-ES", "e", alg=None))
SETTINGS = {
    "id_token_signing_alg_values_supported": "id_token_signed_response_alg",
    "userinfo_signing_alg_values_supported": "userinfo_signed_response_alg",
    "introspection_signing_alg_values_supported": "introspection_signed_response_alg",
    "request_object_signing_alg_values_supported": "request_object_signing_alg",
    "id_token_encryption_alg_values_supported": "id_token_encrypted_response_alg",
    "id_token_encryption_enc_values_supported": "id_token_encrypted_response_enc",
    "subject_types_supported": "subject_type",
    "token_endpoint_auth_methods_supported": "token_endpoint_auth_method",
    "acr_values_supported": "default_acr",
}
"""What the metadata lists, and the setting that takes it."""


def beside(setting: str, value: str) -> dict[str, Any]:
    """What a client with `setting` has to say besides."""
    if setting.startswith("id_token_encrypted"):
        other = {"id_token_encrypted_response_alg": "RSA-OAEP-256", "id_token_encrypted_response_enc": "A256GCM"}
        return other | {"jwks": ENCRYPTION}
    if value == "tls_client_auth":
        return {"tls_client_auth_san_dns": "app.example.test"}
    return {"jwks": KEYS} if setting == "request_object_signing_alg" or value in KEYED else {}


KEYED = {"private_key_jwt", "self_signed_tls_client_auth"}


async def test_listed_values_are_accepted_at_registration(place: Place) -> None:
    """RFC 8414 §2: what the metadata lists, a client can be registered with."""
    token, found = await administrator_token(place), await metadata(place)
    bodies = [CODE | {"scopes": [scope]} for scope in found["scopes_supported"]]
    bodies += [
        {name: value for name, value in CODE.items() if name != "redirect_uris"} | {"grants": [grant]}
        if grant == "client_credentials"
        else CODE | {"grants": sorted({"authorization_code", grant}), "settings": {"jwks": KEYS}}
        for grant in found["grant_types_supported"]
    ]
    for listed, setting in SETTINGS.items():
        for value in found.get(listed, []):
            settings = beside(setting, value) | {setting: value}
            bodies.append(CODE | {"public": value == "none", "settings": settings})
    assert len(bodies) > 15
    for body in bodies:
        made = await manage(place, token, "POST", "/clients", body)
        assert made.status_code == 201, f"{body}: {made.text}"


async def test_listed_values_are_accepted_at_the_authorization_endpoint(place: Place) -> None:
    """RFC 8414 §2, OpenID Connect Discovery 1.0 §3, RFC 7636 §6.2: none is answered by `invalid_request`."""
    found = await metadata(place)
    client, _ = await place.client(replace(NATIVE, scopes=frozenset({"openid"})))
    asked: list[dict[str, str]] = [
        *({"response_type": value} for value in found["response_types_supported"]),
        *({"response_mode": value} for value in found["response_modes_supported"]),
        *({"prompt": value} for value in found["prompt_values_supported"]),
        *({"acr_values": value} for value in found["acr_values_supported"]),
        *({"code_challenge_method": value} for value in found["code_challenge_methods_supported"]),
        *({"ui_locales": value} for value in found.get("ui_locales_supported", [])),
    ]
    assert len(asked) > 8
    async with place.server.client() as http:
        for changes in asked:
            answer = await http.get(request_url(place, client, scope="openid", **changes))
            assert answer.status_code == 303, f"{changes}: {answer.text}"
            error = parse_qs(urlsplit(answer.headers["location"]).query).get("error", [""])[0]
            silent = changes.get("prompt") == "none"
            unmet = changes.get("acr_values") == "aal3" and error == "unmet_authentication_requirements"
            assert error == "" or unmet or (silent and error == "login_required"), f"{changes}: {error}"


async def test_own_interfaces_describe_themselves(place: Place) -> None:
    """RFC 9728 §2 and §3.3: the resource is what a token for it has as its audience."""
    found = await document(place, f"{place.server.url}{RESOURCE}{urlsplit(place.issuer).path}")
    assert found["resource"] == place.issuer
    assert found["authorization_servers"] == [place.issuer]
    assert set(found["scopes_supported"]) == MANAGEMENT
    assert found["bearer_methods_supported"] == ["header"]
    assert found["dpop_signing_alg_values_supported"] == (await metadata(place))["dpop_signing_alg_values_supported"]


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
