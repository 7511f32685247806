"""What a relying party leads away with, and what comes back."""

from urllib.parse import parse_qs, urlsplit

import pytest

from airside.core.errors import InvalidInput
from airside.protocols.oauth import (
    ProviderRefused,
    authorization_address,
    error_reason,
    read_code,
)
from airside.protocols.oauth.authorization_request import MAX_CODE

ISSUER = "https://login.example.test"


def read(answer: dict[str, str], *, names_itself: bool = False) -> str:
    return read_code(answer, ISSUER, names_itself=names_itself).reveal()


def reason_of(answer: dict[str, str], *, names_itself: bool = False) -> str:
    with pytest.raises(ProviderRefused) as caught:
        read(answer, names_itself=names_itself)
    return caught.value.reason


def test_parameters_are_added_to_the_endpoint():
    """RFC 6749 §3.1, §4.1.1: a query that is there stays."""
    plain = authorization_address("https://a.test/authorize", {"state": "a b&c"})
    assert plain == "https://a.test/authorize?state=a+b%26c"
    kept = urlsplit(authorization_address("https://a.test/authorize?p=b2c", {"state": "s"}))
    assert parse_qs(kept.query) == {"p": ["b2c"], "state": ["s"]}


@pytest.mark.parametrize("endpoint", ["https://a.test/#here", "https://a.test/#", "https://a.test/?state=theirs"])
def test_endpoint_that_can_not_be_added_to_is_refused(endpoint: str):
    """N10: an endpoint doesn't say what is ours to say."""
    with pytest.raises(InvalidInput):
        authorization_address(endpoint, {"state": "s"})


def test_code_of_the_right_answer_is_read():
    """RFC 6749 §4.1.2"""
    assert read({"code": "c 1"}) == "c 1"
    assert read({"code": "c", "iss": ISSUER}, names_itself=True) == "c"


@pytest.mark.parametrize("names_itself", [True, False])
@pytest.mark.parametrize("named", ["https://evil.example.test", ISSUER + "/", ""])
def test_answer_of_another_issuer_is_refused(named: str, names_itself: bool):
    """RFC 9207 §2.4: mix-up. Even its error is none of ours."""
    assert reason_of({"code": "c", "iss": named}, names_itself=names_itself) == "issuer"
    assert reason_of({"error": "access_denied", "iss": named}, names_itself=names_itself) == "issuer"


def test_answer_without_issuer_is_refused_from_one_that_names_itself():
    """RFC 9207 §2.4"""
    assert reason_of({"code": "c"}, names_itself=True) == "issuer"


def test_error_of_the_provider_is_a_reason():
    """RFC 6749 §4.1.2.1; N37: a word of a stranger's is not written into the log."""
    assert reason_of({"error": "access_denied"}) == "provider_said_access_denied"
    assert reason_of({"error": "x\ny", "code": "c"}) == "provider_said_other"
    assert error_reason(None) == error_reason(["access_denied"]) == "provider_said_other"


@pytest.mark.parametrize("code", ["", "c" * (MAX_CODE + 1), "c\n", "é"])
def test_answer_without_a_well_formed_code_is_refused(code: str):
    """RFC 6749 appendix A.11"""
    assert reason_of({"code": code}) == "no_code"
    assert reason_of({}) == "no_code"
