import base64

import pytest

from airside.core.errors import Unauthenticated
from airside.protocols.oauth import parse_basic, parse_bearer


def basic(pair: bytes) -> str:
    return "Basic " + base64.b64encode(pair).decode()


@pytest.mark.parametrize("header", ["Bearer abc.DEF_1-2~3+4/5==", "bearer abc.DEF_1-2~3+4/5=="])
def test_bearer_token_is_taken_out(header: str):
    assert parse_bearer(header) == "abc.DEF_1-2~3+4/5=="


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer  a",
        "Bearer a b",
        "Bearer a,b",
        "Basic abc",
        "Bearer a\n",
        "Bearer é",
        "Bearer " + "a" * 20000,
    ],
)
def test_other_bearer_header_is_refused(header: str):
    with pytest.raises(Unauthenticated):
        parse_bearer(header)


def test_id_and_secret_are_form_decoded_after_the_split():
    """RFC 6749 §2.3.1"""
    found = parse_basic(basic(b"cli%3A1:s+e%25%3Acret"))
    assert (found.client_id, found.client_secret.reveal()) == ("cli:1", "s e%:cret")
    assert "s e%" not in repr(found)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic YTpi=",
        "Bearer YTpi",
        basic(b"nocolon"),
        basic(b":secret"),
        basic(b"a:%zz"),
        basic(b"a:\xff"),
        basic(b"a:%00"),
        basic(b"%ff:b"),
        basic(b"a:" + b"x" * 20000),
    ],
)
def test_other_basic_header_is_refused(header: str):
    with pytest.raises(Unauthenticated):
        parse_basic(header)


def test_empty_secret_is_an_empty_secret_not_a_missing_one():
    assert parse_basic(basic(b"cli_1:")).client_secret.reveal() == ""
