"""Clients that register and manage themselves, over HTTP (RFC 7591, RFC 7592)."""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from itertools import count
from typing import Any

import httpx2
import pytest

from airside.admin.platform import OPERATOR
from airside.limits import REGISTRATION_ORIGIN
from airside.oauth import ClientDraft, ClientSettings, Scope
from airside.oauth.client_metadata import METADATA
from airside.oauth.scope_words import OPEN
from airside.tenancy import parse_policy, render_policy
from tests.oauth.client_keys import jwk_of, jwks_of
from tests.running import Place
from tests.surface import administrator_token
from tests.trips.manager import manage
from tests.trips.visitor import request_url, visitor

WEB: dict[str, Any] = {"redirect_uris": ["https://app.example.test/cb"], "client_name": "Somebody's"}
NATIVE: dict[str, Any] = {
    "redirect_uris": ["http://127.0.0.1/callback"],
    "token_endpoint_auth_method": "none",
    "grant_types": ["authorization_code", "refresh_token"],
}

_ADDRESSES = count(1)


async def open_registration(place: Place, registration: str = "open", **clients: Any) -> None:
    """Let clients register."""
    async with place.operator() as ctx:
        admin = place.server.services.policy_admin
        stored = await admin.get(ctx)
        policy = render_policy(stored.policy) | {"clients": {"registration": registration, **clients}}
        await admin.change(ctx, stored.version, parse_policy(policy))


async def ask(
    place: Place,
    method: str,
    path: str,
    body: Mapping[str, Any] | bytes | None = None,
    token: str | None = None,
    *,
    source: str | None = None,
) -> httpx2.Response:
    """One request below the registration endpoint, from an address of its own unless `source` is said."""
    headers = {"content-type": "application/json"} | ({} if token is None else {"authorization": f"Bearer {token}"})
    content = body if isinstance(body, bytes | None) else json.dumps(dict(body)).encode()
    number = next(_ADDRESSES)
    async with place.server.client(source=source or f"127.77.{number // 250}.{number % 250 + 1}") as http:
        return await http.request(method, f"{place.issuer}/oauth2/register{path}", content=content, headers=headers)


async def registered(place: Place, body: Mapping[str, Any] = WEB) -> dict[str, Any]:
    """What a client that registered was told."""
    made = await ask(place, "POST", "", body)
    assert made.status_code == 201, made.text
    return made.json()


async def number_of_clients(place: Place) -> int:
    """How many clients the tenant has."""
    async with place.operator() as ctx:
        return len(await place.server.services.client_admin.list(ctx))


async def test_nobody_registers_until_the_tenant_says_so(place: Place) -> None:
    """N43: off by default, and not in the metadata."""
    assert (await ask(place, "POST", "", WEB)).status_code == 404
    async with place.server.client() as http:
        address = f"{place.issuer}/.well-known/openid-configuration"
        assert "registration_endpoint" not in (await http.get(address)).json()
        await open_registration(place)
        assert (await http.get(address)).json()["registration_endpoint"] == f"{place.issuer}/oauth2/register"


async def test_client_registers_reads_changes_and_removes_itself(place: Place) -> None:
    """RFC 7591 §3.2.1, RFC 7592 §2."""
    await open_registration(place)
    made = await registered(place)
    assert made["client_secret_expires_at"] == 0
    assert made["client_secret"]
    assert (made["token_endpoint_auth_method"], made["response_types"]) == ("client_secret_basic", ["code"])
    assert made["registration_client_uri"] == f"{place.issuer}/oauth2/register/{made['client_id']}"
    at, token = f"/{made['client_id']}", made["registration_access_token"]
    read = await ask(place, "GET", at, token=token)
    assert (read.status_code, read.headers["cache-control"]) == (200, "no-store")
    assert {**read.json(), "client_secret": made["client_secret"]}.items() <= made.items()
    body = {"client_id": made["client_id"], "redirect_uris": ["https://app.example.test/other"]}
    changed = await ask(place, "PUT", at, body, token)
    assert changed.status_code == 200, changed.text
    assert changed.json()["redirect_uris"] == ["https://app.example.test/other"]
    assert changed.json()["client_name"] != "Somebody's"  # RFC 7592 §2.2: what isn't named is gone
    assert (await ask(place, "GET", at, token=token)).status_code == 401  # rotated
    token = changed.json()["registration_access_token"]
    assert (await ask(place, "DELETE", at, token=token)).status_code == 204
    assert (await ask(place, "GET", at, token=token)).status_code == 401
    assert await number_of_clients(place) == 0


async def test_client_that_registered_itself_signs_people_in(place: Place) -> None:
    """RFC 7591 §1: what was registered works at once, and its token is for userinfo alone."""
    await open_registration(place)
    made = await registered(place, NATIVE | {"scope": "openid"})
    async with place.operator() as ctx:
        (client,) = await place.server.services.client_admin.list(ctx)
        assert client.used_at is None
    async with visitor(place) as browser:
        page = await browser.get(request_url(place, client, scope="openid"))
        assert page.status_code == 200
    async with place.operator() as ctx:
        (client,) = await place.server.services.client_admin.list(ctx)
    assert client.used_at is not None
    assert (client.audiences, made["scope"]) == ((f"{place.issuer}/oauth2/userinfo",), "openid")


async def test_client_from_outside_is_a_third_party_without_management(place: Place) -> None:
    """N21: whatever it says of itself, and whoever changes it."""
    await open_registration(place, audiences=["https://api.example.test", place.issuer])
    async with place.operator() as ctx:
        scopes = place.server.services.scope_admin
        await scopes.put(ctx, Scope("notes:read", {"en": "Read your notes."}, offered=True))
        await scopes.put(ctx, Scope("notes:write", {"en": "Write your notes."}))
    extra = {
        **dict.fromkeys(set(ClientSettings.__struct_fields__) - set(METADATA), "whatever this server says of clients"),
        "party": "first",
        "profile": "none",
        "require_pkce": False,
        "access_token_format": "opaque",
        "client_id": "cli_00000000000000000000000000",
        "client_secret": "chosen",
        "audiences": [place.issuer],
        "scopes": ["users:write"],
        "tenant_id": "ten_x",
        "origin": "administrator",
    }
    made = await registered(place, WEB | extra | {"scope": "openid users:write notes:read notes:write"})
    assert set(made["scope"].split()) == {"openid", "notes:read"}
    assert made["client_id"] != extra["client_id"]
    async with place.operator() as ctx:
        (client,) = await place.server.services.client_admin.list(ctx)
    assert (client.origin, client.settings.party) == ("registration", "third")
    assert client.settings == ClientSettings(party="third")
    assert client.audiences == ("https://api.example.test",)
    token = await administrator_token(place)
    for change in (
        {"settings": {"party": "first"}},
        {"scopes": ["users:write"]},
        {"grants": ["authorization_code", "client_credentials"]},
    ):
        refused = await manage(place, token, "PATCH", f"/clients/{client.word}", change)
        assert refused.status_code == 422, refused.text
    everything = await registered(place)
    assert set(everything["scope"].split()) == {*OPEN, "notes:read"}


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"redirect_uris": []}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": ["https://*.example.test/"]}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": ["http://app.example.test/"]}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": "https://app.example.test/"}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": [1]}, "invalid_redirect_uri", "redirect_uris"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata", "grant_types"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata", "grant_types"),
        ({"grant_types": ["refresh_token"]}, "invalid_client_metadata", "grant_types"),
        ({"response_types": ["token"]}, "invalid_client_metadata", "response_types"),
        ({"token_endpoint_auth_method": "magic"}, "invalid_client_metadata", "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata", "jwks"),
        ({"jwks_uri": "https://169.254.169.254/keys"}, "invalid_client_metadata", "jwks_uri"),
        ({"jwks": jwks_of(jwk_of("ES256", d="AA"))}, "invalid_client_metadata", "jwks"),
        ({"logo_uri": "javascript:alert(1)"}, "invalid_client_metadata", "logo_uri"),
        ({"client_name": 1}, "invalid_client_metadata", "client_name"),
        ({"client_name": "a\x00b"}, "invalid_client_metadata", "client_name"),
        ({"client_name": "x" * 201}, "invalid_client_metadata", "client_name"),
        ({"scope": "users:write"}, "invalid_client_metadata", "scope"),
        ({"scope": ["openid"]}, "invalid_client_metadata", "scope"),
        ({"contacts": [1]}, "invalid_client_metadata", "contacts"),
        ({"software_statement": "eyJ"}, "unapproved_software_statement", ""),
    ],
)
async def test_metadata_that_is_not_lawful_is_refused_in_the_words_of_the_rfc(
    place: Place, change: dict[str, Any], error: str, field: str
) -> None:
    """RFC 7591 §3.2.2; N09, N28, N29."""
    await open_registration(place)
    refused = await ask(place, "POST", "", WEB | change)
    assert (refused.status_code, refused.json()["error"]) == (400, error)
    assert field in refused.json()["error_description"]
    assert await number_of_clients(place) == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a":1,"a":2}', b'{"redirect_uris": NaN}', b"x" * 70_000])
async def test_body_that_is_no_json_object_is_refused(place: Place, body: bytes) -> None:
    await open_registration(place)
    assert (await ask(place, "POST", "", body)).status_code in (400, 413)
    assert await number_of_clients(place) == 0


async def test_registration_by_token_takes_one_with_uses_left(place: Place) -> None:
    """RFC 7591 §1.2; N06: no other token will do, and a metadata that is refused costs no use."""
    await open_registration(place, "token")
    admin = await administrator_token(place)
    made = await manage(place, admin, "POST", "/registration-tokens", {"name": "Partner", "uses": 2, "days": 1})
    assert made.status_code == 201, made.text
    token = made.json()["token"]
    assert token not in (await manage(place, admin, "GET", "/registration-tokens")).text
    for wrong in (None, "nonsense", admin, token[:-1], token + "A", made.json()["registration_token"]["id"]):
        refused = await ask(place, "POST", "", WEB, wrong)
        assert refused.status_code == 401, wrong
        assert "www-authenticate" in refused.headers
    assert (await ask(place, "POST", "", {"redirect_uris": []}, token)).status_code == 400
    first = await ask(place, "POST", "", WEB, token)
    assert first.status_code == 201, first.text
    own = first.json()["registration_access_token"]
    assert (await ask(place, "POST", "", WEB, own)).status_code == 401  # N06
    assert (await ask(place, "GET", f"/{first.json()['client_id']}", token=token)).status_code == 401  # N06
    assert (await ask(place, "POST", "", WEB, token)).status_code == 201
    assert (await ask(place, "POST", "", WEB, token)).status_code == 401


async def test_registration_token_that_is_over_or_revoked_opens_nothing(place: Place) -> None:
    """N18."""
    await open_registration(place, "token")
    admin = await administrator_token(place)
    made = (await manage(place, admin, "POST", "/registration-tokens", {"name": "Partner", "uses": 9})).json()
    at = f"/registration-tokens/{made['registration_token']['id']}"
    assert (await manage(place, admin, "DELETE", at)).status_code == 204
    assert (await manage(place, admin, "DELETE", at)).status_code == 404
    assert (await ask(place, "POST", "", WEB, made["token"])).status_code == 401
    services = place.server.services
    later = services.clock.now() + timedelta(days=8)
    async with place.operator() as ctx:
        _, secret = await services.registration_tokens.create(ctx, "Short", uses=1, lifetime=timedelta(days=7))
    async with services.engine.begin(place.tenant_id, principal=OPERATOR, now=later) as ctx:
        assert not await services.registration_tokens.spend(ctx, secret.reveal())
        assert await services.registration_tokens.sweep(ctx) == 1


async def test_last_use_of_a_token_is_one_client_s(place: Place) -> None:
    """Fifty at once, one wins."""
    services = place.server.services
    async with place.operator() as ctx:
        _, secret = await services.registration_tokens.create(ctx, "One", uses=1, lifetime=timedelta(days=1))

    async def spend() -> bool:
        async with place.operator() as ctx:
            return await services.registration_tokens.spend(ctx, secret.reveal())

    assert sum(await asyncio.gather(*(spend() for _ in range(50)))) == 1


async def test_of_two_updates_with_one_token_one_is_taken(place: Place) -> None:
    """RFC 7592 §2.2: the token is rotated; several at once, one wins."""
    await open_registration(place)
    made = await registered(place)
    body = {"client_id": made["client_id"], **WEB}
    at, token = f"/{made['client_id']}", made["registration_access_token"]
    answers = await asyncio.gather(*(ask(place, "PUT", at, body, token) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401, 401]


async def test_client_manages_itself_and_no_other(place: Place) -> None:
    """N07, N18, N20: unknown, another's, a disabled one's and one of an administrator's are the same refusal."""
    await open_registration(place)
    mine, other = await registered(place), await registered(place)
    token = mine["registration_access_token"]
    own, _ = await place.client(_draft(place))
    methods = (("GET", False), ("PUT", True), ("DELETE", False))
    targets = (other["client_id"], own.word, "cli_00000000000000000000000000", "nonsense")
    for word in targets:
        body = {"client_id": word, **WEB}
        method, sent = methods[targets.index(word) % 3]
        refused = await ask(place, method, f"/{word}", body if sent else None, token)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token"), (method, word)
    admin = await administrator_token(place)
    await manage(place, admin, "DELETE", f"/clients/{mine['client_id']}")
    assert (await ask(place, "GET", f"/{mine['client_id']}", token=token)).status_code == 401


def _draft(place: Place) -> ClientDraft:
    return ClientDraft("Own", False, frozenset({"client_credentials"}), (place.issuer,), scopes=frozenset({"x"}))


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "cli_00000000000000000000000000"},
        {"client_id": None},
        {"registration_access_token": "x"},
        {"client_id_issued_at": 1},
        {"token_endpoint_auth_method": "none"},
        {"redirect_uris": ["http://evil.example/"]},
    ],
)
async def test_update_that_is_not_lawful_changes_nothing(place: Place, change: dict[str, Any]) -> None:
    """RFC 7592 §2.2: the token isn't rotated either."""
    await open_registration(place)
    made = await registered(place)
    at, token = f"/{made['client_id']}", made["registration_access_token"]
    refused = await ask(place, "PUT", at, {"client_id": made["client_id"], **WEB} | change, token)
    assert refused.status_code == 400, refused.text
    read = await ask(place, "GET", at, token=token)
    assert read.json()["redirect_uris"] == WEB["redirect_uris"]


async def test_registrations_of_one_origin_are_limited(place: Place) -> None:
    """N43."""
    await open_registration(place)
    statuses = [
        (await ask(place, "POST", "", WEB, source="127.0.0.9")).status_code
        for _ in range(REGISTRATION_ORIGIN.rate.count + 1)
    ]
    assert statuses == [201] * REGISTRATION_ORIGIN.rate.count + [429]


async def test_client_that_nobody_used_is_forgotten_after_thirty_days(place: Place) -> None:
    await open_registration(place)
    unused = await registered(place)
    services = place.server.services
    own, _ = await place.client(_draft(place))
    for days, left in ((29, 2), (31, 1)):
        later = services.clock.now() + timedelta(days=days)
        async with services.engine.begin(place.tenant_id, principal=OPERATOR, now=later) as ctx:
            assert await services.registrations.sweep(ctx) == 2 - left
            assert len(await services.client_admin.list(ctx)) == left
    token = unused["registration_access_token"]
    assert (await ask(place, "GET", f"/{unused['client_id']}", token=token)).status_code == 401
    async with place.operator() as ctx:
        assert await services.client_admin.get(ctx, own.client_id) == own
