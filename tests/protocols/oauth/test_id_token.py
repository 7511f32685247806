"""Foreign ID tokens. Every one here is signed for real."""

import base64
from collections.abc import Mapping

import pytest

from airside.core.errors import Refusal
from airside.core.secret import Secret
from airside.core.strict_json import Json, dumps
from airside.protocols.jose import (
    KeySet,
    Reason,
    SigningKey,
    TokenRefused,
    UnknownKey,
    b64url_encode,
    sign_compact,
    sign_jwt,
)
from airside.protocols.jose.keys import generate
from airside.protocols.oauth import CLOCK_LEEWAY, ExpectedIdToken, VerifiedIdToken, half_hash, verify_id_token
from airside.protocols.oauth.id_token import MAX_AGE

NOW = 1_800_000_000.0
ISSUER = "https://login.example.test/tenant"
CLIENT = "client-1"
KEYS = {alg: SigningKey(f"key-{alg}", alg, generate(alg)) for alg in ("ES256", "RS256", "PS256", "EdDSA")}
KEY = KEYS["ES256"]
SET = KeySet([KEY.verification()])
ACCESS = "access-token"


def claims(**changes: Json) -> dict[str, Json]:
    """What a lawful token says, changed; None takes a claim away."""
    said: dict[str, Json] = {
        "iss": ISSUER,
        "sub": "248289761001",
        "aud": CLIENT,
        "exp": NOW + 300,
        "iat": NOW,
        "nonce": "the-nonce",
        "at_hash": half_hash(ACCESS, "ES256"),
    }
    return {name: value for name, value in (said | changes).items() if value is not None}


def signed(said: Mapping[str, Json] | None = None, *, key: SigningKey = KEY, typ: str = "JWT") -> str:
    return sign_jwt(key, claims() if said is None else said, typ=typ)


def expected(max_age: int | None = None, required: Mapping[str, str] | None = None, **words: str) -> ExpectedIdToken:
    return ExpectedIdToken(
        issuer=words.get("issuer", ISSUER),
        client_id=words.get("client_id", CLIENT),
        nonce=Secret(words.get("nonce", "the-nonce")),
        access_token=Secret(words.get("access_token", ACCESS)),
        max_age=max_age,
        required=required or {},
    )


def verify(token: str, what: ExpectedIdToken | None = None, *, keys: KeySet = SET, now: float = NOW) -> VerifiedIdToken:
    return verify_id_token(Secret(token), keys, what or expected(), now)


def refused(token: str, what: ExpectedIdToken | None = None, *, keys: KeySet = SET, now: float = NOW) -> TokenRefused:
    with pytest.raises(TokenRefused) as caught:
        verify(token, what, keys=keys, now=now)
    return caught.value


@pytest.mark.parametrize("alg", sorted(KEYS))
def test_round_trip(alg: str):
    """OpenID Connect Core §3.1.3.7"""
    key = KEYS[alg]
    token = signed(claims(at_hash=half_hash(ACCESS, alg), email="a@example.test"), key=key)
    verified = verify(token, keys=KeySet([key.verification()]))
    assert (verified.issuer, verified.subject) == (ISSUER, "248289761001")
    assert verified.claims["email"] == "a@example.test"


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (expected(issuer="https://login.example.test/other"), Reason.ISSUER),
        (expected(client_id="client-2"), Reason.AUDIENCE),
        (expected(nonce="another"), Reason.CLAIM),
        (expected(access_token="another"), Reason.CLAIM),
    ],
)
def test_token_of_another_context_is_refused(other: ExpectedIdToken, reason: Reason):
    """N05, N11"""
    assert refused(signed(), other).reason == reason


def test_corrupted_token_is_refused():
    """N42"""
    head, body, tail = signed().split(".")
    for token in (
        f"{head}.{b64url_encode(dumps(claims(sub='1')))}.{tail}",
        f"{head}.{body}.{tail[:-4]}AAAA",
        f"{head}.{body}=.{tail}",
        f"{b64url_encode(dumps({'alg': 'ES256', 'kid': KEY.kid, 'typ': 'JWT', 'x': 1}))}.{body}.{tail}",
    ):
        assert refused(token).reason in (Reason.SIGNATURE, Reason.MALFORMED)


def test_truncated_token_is_refused():
    token = signed()
    for end in range(0, len(token), 7):
        refused(token[:end])


def test_oversized_token_is_refused():
    """N27: before anything in it is looked at."""
    assert refused(signed(claims(pad="x" * 20_000))).reason == Reason.TOO_LARGE
    assert refused("." * 100_000).reason == Reason.TOO_LARGE


def test_wire_format():
    """What another implementation would write by hand, byte by byte, with claims in any order."""
    head = base64.urlsafe_b64encode(b'{"kid":"key-ES256","alg":"ES256"}').rstrip(b"=").decode()
    body = base64.urlsafe_b64encode(
        b'{ "sub":"24400320", "aud":["client-1"],\n "nonce":"the-nonce", "iss":"https://login.example.test/tenant",'
        b' "iat":1800000000, "exp":1800000300.5, "azp":"client-1"}'
    )
    body_text = body.rstrip(b"=").decode()
    tail = b64url_encode(KEY.sign(f"{head}.{body_text}".encode()))
    assert verify(f"{head}.{body_text}.{tail}").subject == "24400320"


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256", "ES384", "es256", ""])
def test_algorithm_is_the_registered_one(alg: str):
    """N01"""
    header = b64url_encode(dumps({"alg": alg, "kid": KEY.kid}))
    body = b64url_encode(dumps(claims()))
    assert refused(f"{header}.{body}.{b64url_encode(KEY.sign(f'{header}.{body}'.encode()))}").reason == Reason.ALGORITHM
    assert refused(f"{header}.{body}.").reason == Reason.ALGORITHM


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c"])
def test_key_that_a_token_brings_is_refused(member: str):
    """N02"""
    header = b64url_encode(dumps({"alg": "ES256", "kid": KEY.kid, member: "https://evil.test/keys"}))
    assert refused(f"{header}.{b64url_encode(dumps(claims()))}.AAAA").reason == Reason.EMBEDDED_KEY


def test_critical_extension_is_refused():
    """N03"""
    header = b64url_encode(dumps({"alg": "ES256", "kid": KEY.kid, "crit": ["b64"], "b64": False}))
    assert refused(f"{header}.{b64url_encode(dumps(claims()))}.AAAA").reason == Reason.CRITICAL


def test_unknown_key_is_told_apart_for_one_more_look():
    """OpenID Connect Core §10.1.1"""
    other = SigningKey("another", "ES256", generate("ES256"))
    assert isinstance(refused(signed(key=other)), UnknownKey)
    same_name = SigningKey(KEY.kid, "ES256", generate("ES256"))
    assert refused(signed(key=same_name)).reason == Reason.SIGNATURE


@pytest.mark.parametrize("typ", ["logout+jwt", "at+jwt", "dpop+jwt", "secevent+jwt", "application/at+jwt"])
def test_token_that_says_it_is_something_else_is_believed(typ: str):
    """N06; RFC 8725 §3.11"""
    assert refused(signed(typ=typ)).reason == Reason.TYPE


@pytest.mark.parametrize(
    "issuer", [ISSUER + "/", ISSUER.upper(), None, [ISSUER], "https://login.example.test/{tenantid}"]
)
def test_issuer_is_exact(issuer: Json):
    """OpenID Connect Core §3.1.3.7, 2; N05"""
    assert refused(signed(claims(iss=issuer))).reason == Reason.ISSUER


@pytest.mark.parametrize(
    "audience", [None, "", [], "client-2", [CLIENT, "client-2"], [[CLIENT]], {"a": CLIENT}, CLIENT + " "]
)
def test_audience_is_the_client_alone(audience: Json):
    """OpenID Connect Core §3.1.3.7, 3: we trust no other audience. N05"""
    assert refused(signed(claims(aud=audience))).reason == Reason.AUDIENCE


@pytest.mark.parametrize("party", ["client-2", "", 7, [CLIENT]])
def test_authorized_party_is_the_client(party: Json):
    """OpenID Connect Core §3.1.3.7, 4 and 5"""
    assert refused(signed(claims(azp=party))).data["claim"] == "azp"


def test_token_has_its_time_and_thirty_seconds():
    """OpenID Connect Core §3.1.3.7, 9 and 10; N05"""
    token = signed()
    verify(token, now=NOW + 300 + CLOCK_LEEWAY - 1)
    assert refused(token, now=NOW + 300 + CLOCK_LEEWAY).reason == Reason.EXPIRED
    verify(token, now=NOW - CLOCK_LEEWAY)
    assert refused(token, now=NOW - CLOCK_LEEWAY - 1).reason == Reason.NOT_YET
    assert refused(signed(claims(nbf=NOW + 60))).reason == Reason.NOT_YET
    old = signed(claims(exp=NOW + 10**6))
    assert refused(old, now=NOW + MAX_AGE + CLOCK_LEEWAY + 1).data["claim"] == "iat"


@pytest.mark.parametrize("name", ["exp", "iat"])
@pytest.mark.parametrize("value", [None, "1800000000", True, 1e300, -1, [NOW]])
def test_date_that_is_missing_or_is_none_refuses(name: str, value: Json):
    """N04"""
    assert refused(signed(claims(**{name: value}))).data["claim"] == name


@pytest.mark.parametrize("nonce", [None, "", "the-nonce ", ["the-nonce"], 7, "thé"])
def test_nonce_is_the_request_s(nonce: Json):
    """OpenID Connect Core §3.1.3.7, 11; N11"""
    assert refused(signed(claims(nonce=nonce))).data["claim"] == "nonce"


@pytest.mark.parametrize("value", ["", "AAAA", 7, half_hash("another", "ES256"), half_hash(ACCESS, "ES256") + "="])
def test_hash_of_the_access_token_is_right_where_it_is_there(value: Json):
    """OpenID Connect Core §3.1.3.8"""
    assert refused(signed(claims(at_hash=value))).data["claim"] == "at_hash"
    verify(signed(claims(at_hash=None)))


def test_age_of_the_authentication_is_held_to():
    """OpenID Connect Core §3.1.3.7, 13; N12: one that isn't told is too old."""
    what = expected(max_age=60)
    verify(signed(claims(auth_time=NOW - 60 - CLOCK_LEEWAY)), what)
    for told in (None, NOW - 61 - CLOCK_LEEWAY, NOW + CLOCK_LEEWAY + 1, "now"):
        assert refused(signed(claims(auth_time=told)), what).data["claim"] == "auth_time"


def test_tenant_of_the_provider_is_pinned():
    """N20: `hd` at Google, `tid` at Microsoft."""
    what = expected(required={"hd": "example.test"})
    verify(signed(claims(hd="example.test")), what)
    others: tuple[Json, ...] = (None, "evil.test", "EXAMPLE.TEST", ["example.test"])
    for told in others:
        assert refused(signed(claims(hd=told)), what).data["claim"] == "hd"


@pytest.mark.parametrize("subject", [None, "", "x" * 256, "ü", 7, ["x"], "a\nb", {"sub": "x"}])
def test_subject_is_a_short_ascii_word(subject: Json):
    """OpenID Connect Core §2"""
    assert refused(signed(claims(sub=subject))).data["claim"] == "sub"


@pytest.mark.parametrize("payload", [b"[]", b"{}", b"null", b'{"iss":1,"iss":2}', b"\xff", b"{" * 5000])
def test_payload_that_is_not_one_strict_object_is_refused(payload: bytes):
    refused(sign_compact(KEY, payload, typ="JWT"))


def test_what_is_expected_has_no_default():
    """N04: an unset issuer, client or nonce is no token that says nothing of it."""
    for words in (("", "c", "n"), ("i", "", "n"), ("i", "c", "")):
        with pytest.raises(ValueError, match="must be named"):
            ExpectedIdToken(words[0], words[1], Secret(words[2]), Secret(ACCESS))


def test_only_the_verifier_makes_one():
    with pytest.raises(TypeError):
        VerifiedIdToken(ISSUER, "me", {}, None)  # pyright: ignore[reportArgumentType]  # the point of it


def test_refusal_tells_nothing_of_the_token():
    """N37"""
    refusal = refused(signed(claims(nonce="canary-7")))
    assert "canary" not in f"{refusal!r} {refusal.data}"
    assert isinstance(refusal, Refusal)
