"""The requests of FAPI 2.0 clients: what they may leave out and vary, and what gets them nothing."""

from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from airside.core.strict_json import Json, dumps
from airside.protocols.jose import SigningKey, peek_claims, sign_compact
from airside.protocols.oauth import ASSERTION_TYPE
from tests.running import Place
from tests.senders import unique
from tests.trips.bank import bank
from tests.trips.visitor import FORM

OPENID = "openid notes:read"


@pytest.mark.parametrize(
    "changes",
    [
        {"state": None},
        {"state": "s" * 384},
        {"scope": OPENID},
        {"scope": "notes:read openid"},
        {"scope": OPENID, "nonce": "n" * 64},
        {"scope": OPENID, "nonce": "n" * 384},
        {"scope": OPENID, "nonce": "n-1", "claims": '{"userinfo":{"email":{"essential":true}}}'},
        {"scope": OPENID, "unknown": "passed over"},
    ],
)
async def test_request_as_clients_write_it_leads_to_tokens(place: Place, changes: dict[str, str | None]) -> None:
    """RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1: `state` and `nonce` are optional, long ones come back whole, the
    order of scopes doesn't matter."""
    app, user = await bank(place), await place.user()
    came = await app.answer(user, **changes)
    assert came.get("state") == changes.get("state", "s-1")
    granted = await app.redeem(came["code"], app.holder)
    assert granted.status_code == 200, granted.text
    assert ("id_token" in granted.json()) is ("scope" in changes)
    if "scope" in changes:
        claims = peek_claims(granted.json()["id_token"])
        assert claims.get("nonce") == changes.get("nonce")
        assert granted.json()["scope"] == "notes:read openid"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://app.example.test/callback/"}, "invalid_request"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"client_id": "cli_00000000000000000000000000"}, "invalid_request"),
    ],
)
async def test_push_that_cannot_be_granted_is_refused_at_once(
    place: Place, changes: dict[str, str | None], error: str
) -> None:
    """FAPI 2.0 Security Profile §5.3.2.2; RFC 9126 §2.1, RFC 7636 §4.4.1. N08, N09, N10."""
    app = await bank(place)
    answer = await app.push(**changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_request_is_pushed_by_post_alone(place: Place) -> None:
    """RFC 9126 §2.1."""
    async with place.server.client() as http:
        for method in ("GET", "PUT"):
            assert (await http.request(method, f"{place.issuer}/oauth2/par")).status_code == 405


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"iat": 8, "nbf": 8}, True),
        ({"iat": 61, "nbf": 61}, False),
        ({"exp": -300}, False),
        ({"sub": None}, False),
        ({"iss": None}, False),
        ({"jti": None}, False),
    ],
)
async def test_assertion_is_judged_by_its_claims_and_its_time(
    place: Place, changes: dict[str, Any], taken: bool
) -> None:
    """FAPI 2.0 Security Profile §5.3.2.1: clocks may differ by ten seconds, never by sixty; RFC 7523 §3. N05."""
    app = await bank(place)
    moment = int(app.now())
    claims = {name: moment + value if isinstance(value, int) else value for name, value in changes.items()}
    answer = await _push_with(app.place, app.presents(**claims) | {"client_id": app.client.word})
    # Proven clients are told next that they asked for nothing.
    assert answer == ("invalid_request" if taken else "invalid_client")


async def test_assertion_by_a_weaker_algorithm_or_none_at_all_proves_nothing(place: Place) -> None:
    """FAPI 2.0 Security Profile §5.4.1: N01. The key is the registered one."""
    app = await bank(place)
    claims: dict[str, Json] = {
        "iss": app.client.word,
        "sub": app.client.word,
        "aud": place.issuer,
        "jti": unique(),
        "exp": int(app.now()) + 60,
    }
    weaker = SigningKey(app.signer.kid, "RS256", app.signer.key.private)
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": sign_compact(weaker, dumps(claims), typ="JWT")}
    assert await _push_with(place, form) == "invalid_client"
    assert await _push_with(place, {"client_id": app.client.word}) == "invalid_client"


async def _push_with(place: Place, form: dict[str, str]) -> str:
    async with place.server.client() as http:
        answer = await http.post(f"{place.issuer}/oauth2/par", content=urlencode(form), headers=FORM)
    return str(answer.json()["error"])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "another-verifier-of-enough-length-0123456789012"}, "invalid_grant"),
        ({"redirect_uri": "https://app.example.test/other"}, "invalid_grant"),
    ],
)
async def test_code_is_redeemed_by_what_it_was_asked_with(
    place: Place, changes: dict[str, str | None], error: str
) -> None:
    """RFC 7636 §4.6, RFC 6749 §4.1.3: N08."""
    app, user = await bank(place), await place.user()
    answer = await app.redeem(await app.code(user), app.holder, **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_code_is_its_clients_and_used_once(place: Place) -> None:
    """RFC 6749 §4.1.2, FAPI 2.0 Security Profile §5.3.2.2: N06. The second use ends what the first gave."""
    app, other, user = await bank(place), await bank(place), await place.user()
    code = await app.code(user)
    stolen = await other.redeem(code, other.holder, client_id=other.client.word)
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    granted = await app.redeem(code, app.holder)
    assert granted.status_code == 200
    again = await app.redeem(code, app.holder)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    ended = await app.refresh(granted.json()["refresh_token"], app.holder)
    assert (ended.status_code, ended.json()["error"]) == (400, "invalid_grant")


async def test_client_is_named_as_it_proves_itself(place: Place) -> None:
    """RFC 7521 §4.2: `client_id` beside an assertion is the same client's."""
    app, other, user = await bank(place), await bank(place), await place.user()
    wrong = await app.redeem(await app.code(user), app.holder, client_id=other.client.word)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(("seconds", "taken"), [(-10, True), (8, True), (-3600, False), (3600, False)])
async def test_proof_of_a_clock_that_differs_a_little_is_taken(place: Place, seconds: int, taken: bool) -> None:
    """FAPI 2.0 Security Profile §5.3.2.1; RFC 9449 §11.1."""
    app = await bank(place)
    url, form = f"{place.issuer}/oauth2/token", {"grant_type": "authorization_code"}

    async def ask(http: httpx2.AsyncClient, proof: str) -> httpx2.Response:
        return await http.post(url, content=urlencode(form | app.presents()), headers={**FORM, "dpop": proof})

    async with place.server.client() as http:
        told = await ask(http, app.holder.proof(url, app.now()))
        answer = await ask(http, app.holder.proof(url, app.now() + seconds, nonce=told.headers["dpop-nonce"]))
    # Who is taken at their word is told next that there is no code.
    assert answer.json()["error"] == ("invalid_request" if taken else "invalid_dpop_proof")


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP"])
async def test_scheme_of_a_bound_token_is_known_in_any_case(place: Place, scheme: str) -> None:
    """RFC 9110 §11.1, RFC 9449 §7.1."""
    app, user = await bank(place), await place.user()
    came = await app.answer(user, scope=OPENID)
    token = (await app.redeem(came["code"], app.holder)).json()["access_token"]
    url = f"{place.issuer}/oauth2/userinfo"

    async def ask(http: httpx2.AsyncClient, nonce: str | None) -> httpx2.Response:
        proof = app.holder.proof(url, app.now(), method="GET", access_token=token, nonce=nonce)
        return await http.get(url, headers={"authorization": f"{scheme} {token}", "dpop": proof})

    async with place.server.client() as http:
        told = await ask(http, None)
        answer = await ask(http, told.headers["dpop-nonce"])
    assert answer.status_code == 200
    assert answer.json()["sub"].startswith("usr_")
