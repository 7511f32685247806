"""What OpenID Connect clients without PKCE and nonce find besides (`docs/certification.md`, plan Basic): how they send
their secret, how they verify what they get, and what others' tokens are worth to them."""

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from airside.oauth import ClientSettings
from airside.protocols.jose import Expected, keyset_from_jwks, peek_claims, verify_jwt
from tests.oauth.client_keys import jwk_of, jwks_of
from tests.running import Place
from tests.surface import administrator_token
from tests.trips.manager import manage
from tests.trips.test_authorization_endpoint import BASIC, App, app_of, came, signed_in
from tests.trips.visitor import token_request, visitor


async def code_of(app: App, **changes: str | None) -> str:
    async with visitor(app.place) as browser:
        return (await signed_in(app, browser, await app.place.user(), **changes))["code"]


async def test_secret_is_taken_from_the_form_too(place: Place) -> None:
    """RFC 6749 §2.3.1, OpenID Connect Core §9: `client_secret_post`."""
    app = await app_of(
        place,
        replace(BASIC, settings=ClientSettings(require_pkce=False, token_endpoint_auth_method="client_secret_post")),
    )
    given = {"grant_type": "authorization_code", "code": await code_of(app), "redirect_uri": app.said()["redirect_uri"]}
    wrong = await token_request(place, given | {"client_id": app.client.word, "client_secret": "x" * 43})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    right = await token_request(place, given | {"client_id": app.client.word, "client_secret": app.secret.reveal()})
    assert right.status_code == 200, right.text
    assert right.json()["token_type"] == "Bearer"


async def test_id_token_verifies_by_the_key_that_it_names(place: Place) -> None:
    """OpenID Connect Core §2, §3.1.3.7: RS256, a `kid` of the key set, the client its audience, and no other."""
    app = await app_of(place)
    tokens = await app.tokens(await code_of(app))
    async with place.server.client() as http:
        body = (await http.get(f"{place.issuer}/oauth2/jwks")).content
    now = place.server.services.clock.now().timestamp()
    found = verify_jwt(tokens["id_token"], keyset_from_jwks(body), Expected("JWT", place.issuer, app.client.word), now)
    assert found.header.alg == "RS256"
    assert found.claims["sub"] == peek_claims(tokens["access_token"])["sub"]
    assert {"iss", "sub", "aud", "exp", "iat", "auth_time", "at_hash"} <= found.claims.keys()


async def test_nobody_registers_for_unsigned_id_tokens(place: Place) -> None:
    """N01: OpenID Connect Core §2 lets a provider do without `none`; this one does."""
    token = await administrator_token(place)
    body: dict[str, Any] = {
        "name": "Unsigned",
        "audiences": ["https://api.example.test"],
        "scopes": ["openid"],
        "grants": ["authorization_code"],
        "redirect_uris": ["https://app.example.test/cb"],
        "settings": {"id_token_signed_response_alg": "none"},
    }
    assert (await manage(place, token, "POST", "/clients", body)).status_code == 422


@pytest.mark.parametrize("display", ["page", "popup", "touch", "wap", "billboard"])
async def test_display_changes_nothing(place: Place, display: str) -> None:
    """OpenID Connect Core §3.1.2.1: the page fits any window."""
    app = await app_of(place)
    assert await app.identity(await code_of(app, display=display))


async def test_scopes_in_another_order_are_the_same_scopes(place: Place) -> None:
    """RFC 6749 §3.3."""
    app = await app_of(place)
    assert (await app.tokens(await code_of(app, scope="notes:read openid")))["scope"] == "notes:read openid"


async def test_refresh_token_is_of_use_to_its_client_alone(place: Place) -> None:
    """RFC 6749 §6, §10.4; OpenID Connect Core §12.2: the same person, no other. N07."""
    app, other = await app_of(place), await app_of(place)
    first, theirs = await app.tokens(await code_of(app)), await other.tokens(await code_of(other))
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    again = (await token_request(place, form, auth=app.auth)).json()
    assert again["access_token"] != first["access_token"]
    assert peek_claims(again["access_token"])["sub"] == peek_claims(first["id_token"])["sub"]
    stolen = {"grant_type": "refresh_token", "refresh_token": theirs["refresh_token"]}
    answer = await token_request(place, stolen, auth=app.auth)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_code_used_again_ends_the_access_token_of_the_first_use(place: Place) -> None:
    """RFC 6749 §4.1.2: at userinfo too. N06."""
    app = await app_of(place)
    code = await code_of(app)
    token = (await app.tokens(code))["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": app.said()["redirect_uri"]}
    async with place.server.client() as http:
        assert (await http.get(f"{place.issuer}/oauth2/userinfo", headers=headers)).status_code == 200
        again = await token_request(place, form, auth=app.auth)
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
        assert (await http.get(f"{place.issuer}/oauth2/userinfo", headers=headers)).status_code == 401


class _Forms(HTMLParser):
    """The forms of a page, and the scripts that stand in it."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, str | None]] = []
        self.fields: dict[str, str | None] = {}
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.handlers += [name for name in given if name.startswith("on")]
        if tag == "form":
            self.forms.append(given)
        elif tag == "input" and (name := given.get("name")) is not None:
            self.fields[name] = given.get("type")


async def test_login_page_is_a_plain_form(place: Place) -> None:
    """A client's own browser fills it in without running a script: one form that posts, each field with a name."""
    app = await app_of(place)
    async with visitor(place) as browser:
        page = await browser.get(app.url())
    read = _Forms()
    read.feed(page.text)
    posts = [form for form in read.forms if (form.get("method") or "").lower() == "post"]
    assert posts
    assert read.fields["email"] is not None
    assert read.fields["password"] == "password"
    assert read.handlers == []


async def test_encrypted_id_token_is_no_hint(place: Place) -> None:
    """OpenID Connect Core §3.1.2.1: the client decrypts it first; what it sends back is the signed token inside."""
    keys = jwks_of(jwk_of("RSA-OAEP-256", "r"))
    settings = ClientSettings(
        require_pkce=False,
        jwks=keys,
        id_token_encrypted_response_alg="RSA-OAEP-256",
        id_token_encrypted_response_enc="A256GCM",
    )
    app = await app_of(place, replace(BASIC, settings=settings))
    sealed = (await app.tokens(await code_of(app)))["id_token"]
    assert sealed.count(".") == 4
    async with visitor(place) as browser:
        answer = came(await browser.get(app.url(id_token_hint=sealed)))
    assert answer["error"] == "invalid_request"
