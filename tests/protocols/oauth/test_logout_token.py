"""Foreign logout tokens."""

import pytest

from airside.core.strict_json import Json
from airside.protocols.jose import KeySet, Reason, SigningKey, TokenRefused, UnknownKey, sign_jwt
from airside.protocols.jose.keys import generate
from airside.protocols.oauth import CLOCK_LEEWAY, VerifiedLogoutToken, verify_logout_token
from airside.protocols.oauth.id_token import LOGOUT_EVENT, MAX_AGE

NOW = 1_800_000_000.0
ISSUER = "https://login.example.test"
KEY = SigningKey("key", "ES256", generate("ES256"))
SET = KeySet([KEY.verification()])


def claims(**changes: Json) -> dict[str, Json]:
    """What a lawful token says, changed; None takes a claim away."""
    said: dict[str, Json] = {
        "iss": ISSUER,
        "aud": "client-1",
        "iat": NOW,
        "exp": NOW + 120,
        "jti": "t-1",
        "events": {LOGOUT_EVENT: {}},
        "sub": "me",
        "sid": "s-1",
    }
    return {name: value for name, value in (said | changes).items() if value is not None}


def verify(token: str, *, keys: KeySet = SET, now: float = NOW, client_id: str = "client-1") -> VerifiedLogoutToken:
    return verify_logout_token(token, keys, issuer=ISSUER, client_id=client_id, now=now)


def refused(token: str, *, now: float = NOW, client_id: str = "client-1") -> TokenRefused:
    with pytest.raises(TokenRefused) as caught:
        verify(token, now=now, client_id=client_id)
    return caught.value


@pytest.mark.parametrize("typ", ["logout+jwt", "JWT"])
def test_round_trip(typ: str):
    """Back-Channel Logout 1.0 §2.4, §2.6"""
    told = verify(sign_jwt(KEY, claims(), typ=typ))
    assert (told.token_id, told.subject, told.session, told.expires_at) == ("t-1", "me", "s-1", NOW + 120)
    assert verify(sign_jwt(KEY, claims(sid=None), typ=typ)).session is None
    assert verify(sign_jwt(KEY, claims(sub=None), typ=typ)).subject is None


def test_token_of_another_context_is_refused():
    """N05"""
    assert refused(sign_jwt(KEY, claims(), typ="logout+jwt"), client_id="client-2").reason == Reason.AUDIENCE
    assert refused(sign_jwt(KEY, claims(iss=ISSUER + "/"), typ="logout+jwt")).reason == Reason.ISSUER
    other = KeySet([SigningKey("other", "ES256", generate("ES256")).verification()])
    with pytest.raises(UnknownKey):
        verify(sign_jwt(KEY, claims(), typ="logout+jwt"), keys=other)


def test_corrupted_truncated_and_oversized_tokens_are_refused():
    token = sign_jwt(KEY, claims(), typ="logout+jwt")
    assert refused(token[:-4] + "AAAA").reason == Reason.SIGNATURE
    for end in range(0, len(token), 11):
        refused(token[:end])
    assert refused(sign_jwt(KEY, claims(pad="x" * 20_000), typ="logout+jwt")).reason == Reason.TOO_LARGE


def test_id_token_is_not_a_logout_token():
    """N06; Back-Channel Logout 1.0 §2.4: `nonce` may not be there, `events` must."""
    assert refused(sign_jwt(KEY, claims(nonce="n"), typ="JWT")).data["claim"] == "nonce"
    assert refused(sign_jwt(KEY, claims(events=None), typ="JWT")).data["claim"] == "events"
    assert refused(sign_jwt(KEY, claims(), typ="at+jwt")).reason == Reason.TYPE


@pytest.mark.parametrize(
    "events", [[], {}, {LOGOUT_EVENT: True}, {LOGOUT_EVENT: None}, {"https://other": {}}, "logout"]
)
def test_event_is_the_one_event(events: Json):
    assert refused(sign_jwt(KEY, claims(events=events), typ="logout+jwt")).data["claim"] == "events"


def test_token_names_somebody():
    refusal = refused(sign_jwt(KEY, claims(sub=None, sid=None), typ="logout+jwt"))
    assert refusal.data["claim"] == "sub"


@pytest.mark.parametrize("name", ["jti", "exp", "iat"])
def test_what_makes_it_single_use_and_short_lived_is_there(name: str):
    """Back-Channel Logout 1.0 §2.4"""
    assert refused(sign_jwt(KEY, claims(**{name: None}), typ="logout+jwt")).data["claim"] == name


@pytest.mark.parametrize("value", ["", "x" * 257, 7, "a\nb"])
def test_id_and_session_are_short_words(value: Json):
    assert refused(sign_jwt(KEY, claims(jti=value), typ="logout+jwt")).data["claim"] == "jti"
    assert refused(sign_jwt(KEY, claims(sid=value), typ="logout+jwt")).data["claim"] == "sid"


def test_token_has_its_time():
    """N05"""
    token = sign_jwt(KEY, claims(exp=NOW + 10**6), typ="logout+jwt")
    assert refused(token, now=NOW + MAX_AGE + CLOCK_LEEWAY + 1).reason == Reason.EXPIRED
    assert refused(token, now=NOW - CLOCK_LEEWAY - 1).reason == Reason.NOT_YET
    assert refused(sign_jwt(KEY, claims(), typ="logout+jwt"), now=NOW + 120 + CLOCK_LEEWAY).reason == Reason.EXPIRED
