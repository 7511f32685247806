"""N37: secrets never get into a record, by name or by look."""

import pytest

from airside.audit.redaction import (
    MAX_DETAILS,
    MAX_PERSONAL,
    MAX_TEXT,
    SecretInRecord,
    clean,
    clean_word,
    details_text,
    personal_bytes,
)
from airside.core.errors import InvalidInput, TooLarge
from airside.core.strict_json import Json

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "new_password",
        "Password",
        "client_secret",
        "access_token",
        "refresh-token",
        "code",
        "authorization",
        "set.cookie",
        "private_key",
        "totp_otp",
    ],
)
def test_key_that_names_a_secret_is_refused_wherever_it_stands(name: str) -> None:
    found: list[dict[str, Json]] = [{name: "x"}, {"changed": {name: "x"}}, {"list": [{"a": {name: 1}}]}]
    for details in found:
        with pytest.raises(SecretInRecord):
            details_text(details)
    with pytest.raises(SecretInRecord):
        personal_bytes({name: "x"})


@pytest.mark.parametrize("name", ["token_id", "key_id", "code_count", "encoded", "keys_made", "tokens"])
def test_key_that_only_sounds_like_one_is_taken(name: str) -> None:
    assert details_text({name: 1}) == f'{{"{name}":1}}'


@pytest.mark.parametrize(
    "secret",
    [
        JWT,
        "sk_live_abcdefgh0123456789",
        "sk_test_abcdefgh0123456789",
        "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nMIGH",
        "art_abcdefgh0123456789",
    ],
)
def test_text_that_looks_like_a_secret_is_hidden(secret: str) -> None:
    for shown in (clean(f"before {secret}"), details_text({"note": [f"before {secret}"]})):
        assert "before ***" in shown
        assert secret[12:] not in shown
    assert clean_word(f"token:{secret}").startswith("token:")
    assert secret[12:] not in clean_word(f"token:{secret}")


def test_id_of_something_that_is_called_like_a_secret_is_kept() -> None:
    assert clean_word("token:tok_01jd") == "token:tok_01jd"
    assert clean_word("password: hunter2") == "password: ***"


def test_control_characters_and_lone_surrogates_are_replaced() -> None:
    assert clean("a\0b\nc\x1bd\ud800e\u202ef") == "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf"


def test_text_is_cut_at_its_cap() -> None:
    assert len(clean("x" * 100_000)) == MAX_TEXT


def test_details_and_personal_over_their_cap_are_refused() -> None:
    many: dict[str, Json] = {f"n{number}": "x" * MAX_TEXT for number in range(MAX_DETAILS // MAX_TEXT)}
    with pytest.raises(TooLarge):
        details_text(many)
    with pytest.raises(TooLarge):
        personal_bytes({f"n{number}": "x" * MAX_TEXT for number in range(MAX_PERSONAL // MAX_TEXT)})


def test_details_that_json_can_t_say_are_refused() -> None:
    with pytest.raises(InvalidInput):
        details_text({"n": float("nan")})


def test_details_are_canonical() -> None:
    assert details_text({"b": 1, "a": [True, None, "é"]}) == '{"a":[true,null,"é"],"b":1}'
