"""Userinfo, introspection and the key set over HTTPS, as RFC 6750, RFC 9701 and browsers have them."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import httpx2
import pytest

from airside.core.ids import USER, format_id
from airside.core.strict_json import dumps, loads_object
from airside.identity import User
from airside.oauth import ClientSettings
from airside.protocols.jose import b64url_encode, keyset_from_jwks, peek_claims, verify_compact
from tests.running import Place
from tests.trips.visitor import FORM, NATIVE, code_for, redeem, token_request, tokens_for, visitor

PERSONAL = replace(NATIVE, scopes=frozenset({"openid", "profile", "email", "notes:read"}))


SignedIn = tuple[User, dict[str, Any]]


async def ask(place: Place, method: str = "GET", **how: Any) -> httpx2.Response:
    async with place.server.client() as http:
        return await http.request(method, f"{place.issuer}/oauth2/userinfo", **how)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
async def signed_in(place: Place) -> tuple[User, dict[str, Any]]:
    client, _ = await place.client(PERSONAL)
    user = await place.user("member")
    return user, await tokens_for(place, client, user)


async def test_header_and_form_of_a_post_both_bring_the_token(place: Place, signed_in: SignedIn) -> None:
    """RFC 6750 §2.1 and §2.2; OpenID Connect Core §5.3.1: GET and POST."""
    token = signed_in[1]["access_token"]
    answers = [
        await ask(place, headers=bearer(token)),
        await ask(place, "POST", headers=bearer(token)),
        await ask(place, "POST", headers=FORM, content=f"access_token={token}"),
    ]
    assert {answer.status_code for answer in answers} == {200}
    for answer in answers:
        assert answer.json()["sub"].startswith("usr_")
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"


async def test_nothing_presented_is_a_bare_challenge(place: Place) -> None:
    """RFC 6750 §3 and §3.1: no error where nothing was tried."""
    answer = await ask(place)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == f'Bearer realm="{place.issuer}"'
    assert answer.content == b""


@pytest.mark.parametrize("authorization", ["Bearer x", "Bearer a.b.c", "Bearer a b", "Basic eDp5", "x", "Bearer aat_"])
async def test_what_is_no_token_is_an_invalid_one(place: Place, authorization: str) -> None:
    """RFC 6750 §3.1: invalid_token, and nothing of why."""
    answer = await ask(place, headers={"authorization": authorization})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == f'Bearer realm="{place.issuer}", error="invalid_token"'
    assert answer.json()["error"] == "invalid_token"


async def test_two_tokens_and_a_token_in_the_address_are_refused(place: Place, signed_in: SignedIn) -> None:
    """RFC 6750 §2 (one method a request), §2.3 (never in the URL; N37); invalid_request, with the challenge."""
    token = signed_in[1]["access_token"]
    for answer in (
        await ask(place, params={"access_token": token}),
        await ask(place, headers=bearer(token), params={"access_token": token}),
        await ask(place, "POST", headers={**FORM, **bearer(token)}, content=f"access_token={token}"),
        await ask(place, "POST", headers=FORM, params={"access_token": token}),
        await ask(place, "POST", headers=FORM, content=f"access_token={token}&access_token={token}"),
        await ask(place, "POST", headers={"content-type": "application/json"}, content='{"access_token":"x"}'),
    ):
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"
        assert 'error="invalid_request"' in answer.headers["www-authenticate"]


async def test_token_without_openid_lacks_scope(place: Place) -> None:
    """RFC 6750 §3.1: insufficient_scope names the scope."""
    client, secret = await place.client(
        replace(NATIVE, public=False, grants=frozenset({"client_credentials"}), redirect_uris=())
    )
    assert secret is not None
    form = {"grant_type": "client_credentials"}
    token = (await token_request(place, form, auth=(client.word, secret.reveal()))).json()["access_token"]
    answer = await ask(place, headers=bearer(token))
    assert answer.status_code == 403
    assert 'error="insufficient_scope", scope="openid"' in answer.headers["www-authenticate"]


async def test_token_of_another_tenant_opens_nothing(place: Place, signed_in: SignedIn) -> None:
    """N20"""
    other = await place.server.tenant()
    assert (await ask(other, headers=bearer(signed_in[1]["access_token"]))).status_code == 401


async def test_disabled_person_is_told_nothing_at_once(place: Place, signed_in: SignedIn) -> None:
    """N18, N19"""
    user, tokens = signed_in
    async with place.operator() as ctx:
        await place.server.services.user_admin.set_state(ctx, user.id, "disabled")
    assert (await ask(place, headers=bearer(tokens["access_token"]))).status_code == 401


async def test_signed_answer_is_a_jwt_of_the_published_keys(place: Place) -> None:
    """OpenID Connect Core §5.3.2: application/jwt."""
    client, _ = await place.client(replace(PERSONAL, settings=ClientSettings(userinfo_signed_response_alg="PS256")))
    tokens = await tokens_for(place, client, await place.user("member"))
    answer = await ask(place, headers=bearer(tokens["access_token"]))
    assert answer.headers["content-type"] == "application/jwt"
    async with place.server.client() as http:
        keys = keyset_from_jwks((await http.get(f"{place.issuer}/oauth2/jwks")).content)
    jws = verify_compact(answer.text, keys)
    claims = loads_object(jws.payload)
    assert (jws.header.alg, claims["aud"], claims["iss"]) == ("PS256", client.word, place.issuer)


async def test_opaque_token_opens_our_own_resources_and_can_be_given_back(place: Place) -> None:
    """N19: gone within the second, at userinfo and at introspection."""
    opaque = replace(PERSONAL, settings=ClientSettings(access_token_format="opaque"))
    client, _ = await place.client(opaque)
    service, secret = await place.client(
        replace(NATIVE, public=False, grants=frozenset({"client_credentials"}), redirect_uris=())
    )
    assert secret is not None
    tokens = await tokens_for(place, client, await place.user("member"))
    token, caller = tokens["access_token"], (service.word, secret.reveal())
    assert token.startswith("aat_")
    assert (await ask(place, headers=bearer(token))).status_code == 200
    asked = await token_request(place, {"token": token}, auth=caller, path="introspect")
    assert asked.json()["active"] is True
    gone = await token_request(place, {"token": token, "client_id": client.word}, path="revoke")
    assert gone.status_code == 200
    assert (await ask(place, headers=bearer(token))).status_code == 401
    asked = await token_request(place, {"token": token}, auth=caller, path="introspect")
    assert asked.json() == {"active": False}


async def test_introspection_is_signed_for_whoever_accepts_that(place: Place, signed_in: SignedIn) -> None:
    """RFC 9701 §4 and §5: by the Accept header; RFC 7662 §4: never cached."""
    client, secret = await place.client(
        replace(NATIVE, public=False, grants=frozenset({"client_credentials"}), redirect_uris=())
    )
    assert secret is not None
    kind = "application/token-introspection+jwt"
    async with place.server.client() as http:
        answer = await http.post(
            f"{place.issuer}/oauth2/introspect",
            content=f"token={signed_in[1]['access_token']}",
            headers={**FORM, "accept": kind},
            auth=(client.word, secret.reveal()),
        )
        keys = keyset_from_jwks((await http.get(f"{place.issuer}/oauth2/jwks")).content)
    assert answer.headers["content-type"] == kind
    assert answer.headers["cache-control"] == "no-store"
    jws = verify_compact(answer.text, keys)
    claims = loads_object(jws.payload)
    assert (jws.header.typ, claims["aud"]) == ("token-introspection+jwt", client.word)
    assert b'"active":true' in dumps(claims["token_introspection"])


async def test_discovery_tells_of_userinfo(place: Place) -> None:
    """OpenID Connect Discovery §3."""
    async with place.server.client() as http:
        found = (await http.get(f"{place.issuer}/.well-known/openid-configuration")).json()
    assert found["userinfo_endpoint"] == f"{place.issuer}/oauth2/userinfo"
    assert {"profile", "email"} <= set(found["scopes_supported"])
    assert {"name", "email", "email_verified"} <= set(found["claims_supported"])
    assert found["id_token_signing_alg_values_supported"] == ["ES256", "RS256", "PS256", "EdDSA"]
    assert found["subject_types_supported"] == ["public", "pairwise"]


async def test_claims_asked_for_by_name_come_through_the_whole_sign_in(place: Place) -> None:
    """OpenID Connect Core §5.5, from the request's parameter to userinfo and the ID token."""
    client, _ = await place.client(PERSONAL)
    user = await place.user("member")
    claims = '{"userinfo":{"email":{"essential":true}},"id_token":{"name":null}}'
    async with visitor(place) as browser:
        code = await code_for(place, client, user, browser, claims=claims)
        tokens = (await redeem(place, client, code)).json()
    found = (await ask(place, headers=bearer(tokens["access_token"]))).json()
    assert found == {"sub": format_id(USER, user.id), "email": user.email}
    identity = peek_claims(tokens["id_token"])
    assert (identity["name"], identity["s_hash"]) == ("Ada", half("s-1"))
    assert (identity["c_hash"], identity["at_hash"]) == (half(code), half(tokens["access_token"]))


def half(text: str) -> str:
    return b64url_encode(sha256(text.encode()).digest()[:16])
