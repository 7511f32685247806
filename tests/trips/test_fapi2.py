"""A client of the FAPI 2.0 Security Profile over HTTPS, from its push to its tokens, and the ways it may not go."""

from urllib.parse import urlencode

from airside.protocols.oauth import challenge_of
from tests.running import Place
from tests.senders import Holder
from tests.trips.bank import CALLBACK, bank
from tests.trips.visitor import FORM, VERIFIER, visitor


async def test_whole_way(place: Place) -> None:
    """FAPI 2.0 Security Profile §5.3.2: pushed, signed, bound, told by its issuer; and refreshed with the key."""
    app, user = await bank(place), await place.user()
    granted = await app.redeem(await app.code(user), app.holder)
    assert (granted.status_code, granted.json()["token_type"]) == (200, "DPoP"), granted.text
    again = await app.refresh(granted.json()["refresh_token"], app.holder)
    assert (again.status_code, again.json()["token_type"]) == (200, "DPoP")


async def test_refresh_token_stays_and_is_of_use_to_its_client_alone(place: Place) -> None:
    """FAPI 2.0 Security Profile §5.3.2.1: no rotation; RFC 6749 §10.4. N07: another client's use ends it."""
    app, other, user = await bank(place), await bank(place), await place.user()
    token = (await app.redeem(await app.code(user), app.holder)).json()["refresh_token"]
    for _ in range(3):
        again = await app.refresh(token, app.holder)
        assert (again.status_code, again.json()["refresh_token"]) == (200, token)
    bare = await app.refresh(token, None)
    assert (bare.status_code, bare.json()["error"]) == (400, "invalid_dpop_proof")
    assert (await app.refresh(token, app.holder)).status_code == 200
    stolen = await other.refresh(token, other.holder)
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert (await app.refresh(token, app.holder)).json()["error"] == "invalid_grant"


async def test_code_is_of_use_with_the_key_of_its_push_alone(place: Place) -> None:
    """FAPI 2.0 Security Profile §5.3.2.1, RFC 9449 §10.1: N07."""
    app, user = await bank(place), await place.user()
    stolen = await app.redeem(await app.code(user), Holder())
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    bare = await app.redeem(await app.code(user), None)
    assert (bare.status_code, bare.json()["error"]) == (400, "invalid_dpop_proof")


async def test_assertion_for_another_audience_than_the_issuer_proves_nothing(place: Place) -> None:
    """FAPI 2.0 Security Profile §5.3.2.1: the issuer, alone, as a string; N05."""
    app = await bank(place)
    url = f"{place.issuer}/oauth2/par"
    async with place.server.client() as http:
        for audience in (f"{place.issuer}/oauth2/token", url, [place.issuer]):
            answer = await http.post(url, content=urlencode(app.presents(audience=audience)), headers=FORM)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_request_that_wasnt_pushed_is_refused(place: Place) -> None:
    """FAPI 2.0 Security Profile §5.3.2.2."""
    app = await bank(place)
    said = {
        "response_type": "code",
        "client_id": app.client.word,
        "redirect_uri": CALLBACK,
        "scope": "notes:read",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    async with visitor(place) as browser:
        answer = await browser.get(f"{place.issuer}/oauth2/authorize?{urlencode(said)}")
    assert "error=invalid_request" in answer.headers["location"]


async def test_key_in_the_parameter_and_key_of_the_proof_must_be_one(place: Place) -> None:
    """RFC 9449 §10.1."""
    app = await bank(place)
    answer = await app.push(dpop_jkt=Holder().jkt)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    assert (await app.push(dpop_jkt=app.holder.jkt)).status_code == 201
