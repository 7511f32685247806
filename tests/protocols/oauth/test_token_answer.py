"""What foreign token and userinfo endpoints answer."""

import pytest

from airside.core.strict_json import Json, dumps
from airside.protocols.oauth import ProviderRefused, read_list, read_token_answer, read_userinfo
from airside.protocols.oauth.token_answer import MAX_ANSWER

JSON = "application/json; charset=utf-8"


def body(**changes: Json) -> bytes:
    said: dict[str, Json] = {"access_token": "at", "token_type": "Bearer", "id_token": "a.b.c", "expires_in": "3600"}
    return dumps({name: value for name, value in (said | changes).items() if value is not None})


def reason_of(status: int, content_type: str, text: bytes) -> str:
    with pytest.raises(ProviderRefused) as caught:
        read_token_answer(status, content_type, text)
    return caught.value.reason


def test_tokens_are_read():
    """RFC 6749 §5.1; OpenID Connect Core §3.1.3.3"""
    answer = read_token_answer(200, JSON, body())
    assert answer.access_token.reveal() == "at"
    assert answer.id_token is not None
    assert answer.id_token.reveal() == "a.b.c"
    assert read_token_answer(200, JSON, body(id_token=None, token_type="bearer")).id_token is None


def test_tokens_do_not_print():
    """N37"""
    assert "at" not in repr(read_token_answer(200, JSON, body())).replace("TokenAnswer", "").replace("access_token", "")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "token_endpoint_error"),
        (401, "token_endpoint_error"),
        (302, "token_endpoint_away"),
        (503, "token_endpoint_away"),
    ],
)
def test_other_status_is_an_error_whatever_it_brings(status: int, reason: str):
    """RFC 6749 §5.2"""
    assert reason_of(status, JSON, body()) == reason


def test_error_that_comes_with_200_is_an_error():
    """N04: GitHub's are such."""
    assert reason_of(200, JSON, body(error="bad_verification_code")) == "token_endpoint_error"


@pytest.mark.parametrize(
    "changes",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": "a b"},
        {"access_token": 7},
        {"access_token": "a" * (16 * 1024 + 1)},
        {"id_token": ""},
        {"id_token": {"sub": "x"}},
        {"token_type": None},
        {"token_type": "DPoP"},
        {"token_type": ["Bearer"]},
    ],
)
def test_answer_of_another_shape_is_refused(changes: dict[str, Json]):
    """RFC 6749 §7.1: a type of token that isn't understood is not used."""
    assert reason_of(200, JSON, body(**changes)) == "token_endpoint_malformed"


@pytest.mark.parametrize(
    "text", [b"", b"[]", body()[:-1], b'{"access_token":"a","access_token":"b"}', b" " * MAX_ANSWER + b"{}"]
)
def test_body_that_is_not_one_strict_object_is_refused(text: bytes):
    assert reason_of(200, JSON, text) == "token_endpoint_malformed"


@pytest.mark.parametrize("kind", ["", "text/html", "application/x-www-form-urlencoded", "application/jwt", "text/json"])
def test_content_that_is_not_json_is_not_guessed_at(kind: str):
    """N39"""
    assert reason_of(200, kind, body()) == "token_endpoint_malformed"


def test_userinfo_is_read_and_a_signed_answer_that_nobody_asked_for_is_not():
    """OpenID Connect Core §5.3.2"""
    assert read_userinfo(200, JSON, b'{"sub":"1"}') == {"sub": "1"}
    for status, kind, text in ((200, "application/jwt", b"a.b.c"), (401, JSON, b"{}"), (200, JSON, b"[]")):
        with pytest.raises(ProviderRefused):
            read_userinfo(status, kind, text)


def test_list_is_a_list():
    assert read_list(200, "application/vnd.github+json", b"[1]") == [1]
    for status, text in ((200, b"{}"), (404, b"[]"), (200, b"[")):
        with pytest.raises(ProviderRefused):
            read_list(status, JSON, text)
