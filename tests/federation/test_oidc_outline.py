"""What is told of an OpenID Connect answer that was refused: names and times, no code and nobody."""

import json

import pytest

from airside.core.secret import Secret
from airside.federation.oidc_outline import claims_of
from airside.protocols.jose import b64url_encode

FIELDS = {"code": "secret-code", "state": "secret-state", "iss": "https://idp.example.com"}


def token(header: object, claims: object) -> Secret[str]:
    parts = (b64url_encode(json.dumps(each).encode()) for each in (header, claims))
    return Secret(".".join((*parts, "c2ln")))


def test_names_and_times_are_told_and_no_secret() -> None:
    claims = {"iss": "https://other.example", "aud": ["a", "b"], "iat": 0, "exp": 60, "sub": "ada", "email": "a@b.c"}
    told = claims_of(FIELDS, token({"alg": "RS256", "kid": "k1"}, claims))
    assert told.pop("bytes").isdecimal()
    assert told == {
        "parameters": "code, iss, state",
        "issuer": "https://other.example",
        "algorithm": "RS256",
        "key": "k1",
        "audience": "a, b",
        "issued": "1970-01-01T00:00:00+00:00",
        "until": "1970-01-01T00:01:00+00:00",
    }


@pytest.mark.parametrize("text", ["", ".", "..", "x.y.z", "e30", "e30.e30", "=.=.=", "\ud800.a.b", "W10.W10.W10"])
def test_what_is_no_token_tells_nothing(text: str) -> None:
    """N27."""
    assert set(claims_of({}, Secret(text))) == {"parameters", "bytes"}


@pytest.mark.parametrize(
    "claims", ['{"iss": 7, "aud": {}, "iat": true, "exp": "x"}', '{"exp": -1, "iat": 1e300, "aud": [[]]}']
)
def test_claims_of_another_kind_tell_nothing(claims: str) -> None:
    assert set(claims_of({}, token({"alg": None, "kid": []}, json.loads(claims)))) == {"parameters", "bytes"}


@pytest.mark.parametrize(("error", "told"), [("access_denied", True), ("a b", False), ("<b>", True), ("x" * 65, False)])
def test_error_is_told_in_the_letters_that_the_standard_gives_it(error: str, told: bool) -> None:
    """RFC 6749 §4.1.2.1"""
    assert claims_of({"error": error}, None).get("error") == (error if told else None)
