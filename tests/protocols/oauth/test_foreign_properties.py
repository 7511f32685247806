"""Whatever a foreign server says is read, or refused by a refusal of ours; never anything else."""

import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from airside.core.errors import Refusal
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.federation.oidc_claims import MAX_NAME, apple_name, attributes_of
from airside.protocols.jose import KeySet, SigningKey, sign_jwt
from airside.protocols.jose.keys import generate
from airside.protocols.oauth import (
    ExpectedIdToken,
    ProviderRefused,
    error_reason,
    provider_keyset,
    read_code,
    read_list,
    read_provider_metadata,
    read_token_answer,
    read_userinfo,
    verify_id_token,
    verify_logout_token,
)

ISSUER = "https://login.example.test"
NOW = 1_800_000_000.0
KEY = SigningKey("key", "ES256", generate("ES256"))
SET = KeySet([KEY.verification()])
EXPECTED = ExpectedIdToken(ISSUER, "client", Secret("nonce"), Secret("at"), max_age=60, required={"hd": "x"})
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
values = st.recursive(leaves, lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=8), each))
claims = st.dictionaries(
    st.sampled_from(
        ["iss", "aud", "sub", "exp", "iat", "nbf", "nonce", "azp", "at_hash", "auth_time", "hd", "events", "sid", "jti"]
    ),
    values | st.sampled_from([ISSUER, "client", "nonce", NOW, NOW + 60, "x"]),
)
MEMBERS = (
    *(
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
        "response_types_supported",
    ),
    *("code_challenge_methods_supported", "authorization_response_iss_parameter_supported", "keys"),
    *("error", "access_token", "token_type", "id_token"),
)
metadata = st.dictionaries(st.sampled_from(MEMBERS), values | st.just(ISSUER))
bodies = st.binary(max_size=300) | metadata.map(lambda said: json.dumps(said).encode())


@given(
    body=bodies, status=st.sampled_from([200, 302, 400, 503]), kind=st.sampled_from(["application/json", "", "text/x"])
)
@settings(max_examples=150, deadline=None)
def test_answers_of_servers_are_read_or_refused(body: bytes, status: int, kind: str):
    with suppress(Refusal):
        assert read_provider_metadata(body, ISSUER).issuer == ISSUER
    with suppress(Refusal):
        assert {key.alg for key in provider_keyset(body, "ES256")} == {"ES256"}
    for read in (read_token_answer, read_userinfo, read_list):
        with suppress(ProviderRefused):
            assert read(status, kind, body) is not None
            assert (status, kind) == (200, "application/json")


@given(said=claims)
@settings(max_examples=150, deadline=None)
def test_claims_are_taken_whole_or_refused(said: dict[str, Json]):
    """Signed by the right key, and still not believed."""
    with suppress(Refusal):
        token = sign_jwt(KEY, said, typ="JWT")
        with suppress(Refusal):
            found = verify_id_token(Secret(token), SET, EXPECTED, NOW)
            assert (found.claims["iss"], found.claims["nonce"], found.claims["hd"]) == (ISSUER, "nonce", "x")
        verify_logout_token(token, SET, issuer=ISSUER, client_id="client", now=NOW)
        assert "nonce" not in said


@given(answer=st.dictionaries(st.sampled_from(["code", "error", "iss", "user"]), st.text(max_size=30)))
@settings(max_examples=100, deadline=None)
def test_answers_of_browsers_are_read_or_refused(answer: dict[str, str]):
    with suppress(ProviderRefused):
        assert read_code(answer, ISSUER, names_itself=False).reveal() == answer["code"]
        assert "error" not in answer
    assert error_reason(answer.get("error")).startswith("provider_said_")


@given(field=st.text(max_size=200) | values.map(lambda value: json.dumps({"name": value})))
@settings(max_examples=100, deadline=None)
def test_name_is_short_and_printable_whatever_comes(field: str):
    name = apple_name(field)
    assert len(name) <= MAX_NAME
    assert name.isprintable()


@given(said=st.dictionaries(st.text(max_size=10), values, max_size=8))
@settings(max_examples=100, deadline=None)
def test_attributes_are_texts(said: dict[str, Json]):
    with suppress(ProviderRefused):
        for name, words in attributes_of(said).items():
            assert said[name] is not None
            assert words
