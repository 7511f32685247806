"""Codes are read as people type them, and are no easier to guess for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.ids import ALPHABET, uuid7
from airside.core.secret import Secret
from airside.identity.codes import (
    MAX_TYPED,
    RECOVERY_CHARACTERS,
    derive_digits,
    draw_recovery,
    read_digits,
    read_recovery,
    show_recovery,
)

RECOVERY = st.text(ALPHABET, min_size=RECOVERY_CHARACTERS, max_size=RECOVERY_CHARACTERS)
DIGITS = st.text("0123456789", min_size=6, max_size=6)
GAPS = st.text(" -\t\u00a0\u2011\u2013", max_size=3)
SPELLINGS = {"1": "1iIlL", "0": "0oO"}


@st.composite
def typed(draw: st.DrawFn, codes: st.SearchStrategy[str]) -> tuple[str, str]:
    """A code and one of the ways to type it."""
    code = draw(codes)
    text = draw(GAPS)
    for character in code:
        text += draw(st.sampled_from(SPELLINGS.get(character, character + character.upper()))) + draw(GAPS)
    return code, text[:MAX_TYPED]


@given(typed(RECOVERY))
def test_every_way_to_type_a_recovery_code_is_the_code(case: tuple[str, str]) -> None:
    code, text = case
    if len(text) < MAX_TYPED:
        assert read_recovery(Secret(text)) == code


@given(DIGITS, GAPS, GAPS)
def test_gaps_in_digits_are_nothing(code: str, before: str, within: str) -> None:
    assert read_digits(Secret(before + code[:3] + within + code[3:])) == code


@given(st.text(max_size=80))
def test_whatever_is_typed_reads_as_one_spelling_or_as_nothing(text: str) -> None:
    code = read_recovery(Secret(text))
    assert code is None or (len(code) == RECOVERY_CHARACTERS and set(code) <= set(ALPHABET))
    if code is not None:
        assert read_recovery(show_recovery(code)) == code
    digits = read_digits(Secret(text))
    assert digits is None or (len(digits) == 6 and digits.isascii() and digits.isdigit())


@given(RECOVERY, st.sampled_from(sorted(set(ALPHABET))), st.integers(0, RECOVERY_CHARACTERS - 1))
def test_another_character_is_another_code(code: str, other: str, place: int) -> None:
    """N38: corrupted."""
    changed = code[:place] + other + code[place + 1 :]
    assert (read_recovery(Secret(changed)) == code) == (changed == code)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345",
        "1234567",
        "٣٤٥٦٧٨",
        "１２３４５６",
        "12345a",
        "+12345",
        "1e1000",
        "12.345",
        "123456\0",
        "0" * 65,
        "\ud800",
    ],
)
def test_what_is_no_six_digits_reads_as_nothing(text: str) -> None:
    """N38: truncated, extended, other digits, oversized."""
    assert read_digits(Secret(text)) is None


@pytest.mark.parametrize(
    "text", ["", "abcde-fghj", "abcde-fghjkm", "abcde-fghju", "ABCDE-FGHJ\u212a", "abcde_fghjk", "a" * 10_000, "\ud800"]
)
def test_what_is_no_recovery_code_reads_as_nothing(text: str) -> None:
    """N38: also a KELVIN SIGN, whose lower case is a `k`."""
    assert read_recovery(Secret(text)) is None


def test_recovery_codes_are_drawn_evenly_and_shown_in_two_halves() -> None:
    entropy = SystemEntropy()
    counts = dict.fromkeys(ALPHABET, 0)
    for _ in range(3_200):
        for character in draw_recovery(entropy):
            counts[character] += 1
    # Each is expected 1,000 times; six standard deviations are 190.
    assert all(abs(count - 1_000) < 190 for count in counts.values())
    shown = show_recovery("0123456789")
    assert shown.reveal() == "01234-56789"
    assert repr(shown) == "***"


def test_derived_digits_are_the_same_each_time_and_another_keys_are_others() -> None:
    """N20"""
    ids = [uuid7(SystemClock().now(), SystemEntropy()) for _ in range(50)]
    one = [derive_digits(b"k" * 32, row_id) for row_id in ids]
    assert one == [derive_digits(b"k" * 32, row_id) for row_id in ids]
    assert one != [derive_digits(b"l" * 32, row_id) for row_id in ids]
    assert all(read_digits(Secret(code)) == code for code in one)
    assert len(set(one)) > 45
