"""RFC 6238's own numbers, and nothing beside them."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airside.protocols import otp

SECRET = b"12345678901234567890"
"""Of RFC 6238 appendix B, for SHA-1."""


@pytest.mark.parametrize(
    ("seconds", "eight_digits"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_codes_are_the_last_six_of_the_standards_eight_digits(seconds: int, eight_digits: str) -> None:
    """RFC 6238 appendix B: digits are taken modulo a power of ten, so fewer of them are the last ones."""
    step = otp.step_at(datetime.fromtimestamp(seconds, UTC))
    assert otp.code_at(SECRET, step) == eight_digits[-6:]


@pytest.mark.parametrize(
    ("counter", "code"),
    list(
        enumerate(["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"])
    ),
)
def test_codes_are_those_of_hotp(counter: int, code: str) -> None:
    """RFC 4226 appendix D."""
    assert otp.code_at(SECRET, counter) == code


@pytest.mark.parametrize(("away", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_one_step_on_either_side_is_taken_and_no_more(away: int, taken: bool) -> None:
    code = otp.code_at(SECRET, 1_000 + away)
    assert otp.matching_steps(SECRET, 1_000, code) == ([1_000 + away] if taken else [])


@given(st.text(max_size=12), st.integers(0, 2**40))
def test_anything_but_a_code_matches_nothing(text: str, now: int) -> None:
    codes = {otp.code_at(SECRET, step) for step in range(max(now - 1, 0), now + 2)}
    assert bool(otp.matching_steps(SECRET, now, text)) == (text in codes)


def test_a_code_that_is_right_twice_names_the_newer_step_first() -> None:
    """Two steps of one window can have one code; if the older were spent, it would be right again."""
    assert otp.code_at(SECRET, 910_737) == otp.code_at(SECRET, 910_738) == "911617"
    assert otp.matching_steps(SECRET, 910_738, "911617") == [910_738, 910_737]


def test_the_address_says_what_an_app_needs() -> None:
    """Google's key URI format: issuer and account in the path, secret and issuer in the query."""
    parts = urlsplit(otp.uri(SECRET, "ada+1@example.com", "Acme: Büro & Söhne"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Acme  Büro & Söhne:ada+1@example.com"
    assert parse_qs(parts.query) == {"secret": [otp.base32(SECRET)], "issuer": ["Acme  Büro & Söhne"]}


def test_the_secret_is_typed_without_padding() -> None:
    assert otp.base32(SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
