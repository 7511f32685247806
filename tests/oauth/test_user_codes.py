"""Codes that people carry from a device to a browser: no word in them, one spelling each."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airside.core.entropy import Entropy
from airside.core.secret import Secret
from airside.oauth.user_codes import ALPHABET, LENGTH, MAX_TYPED, draw_user_code, read_user_code, show_user_code

CODES = st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH)


def test_alphabet_has_twenty_letters_and_no_vowel() -> None:
    """RFC 8628 §6.1."""
    assert len(set(ALPHABET)) == len(ALPHABET) == 20
    assert set(ALPHABET).isdisjoint("AEIOUY0123456789")


@given(CODES)
def test_what_is_shown_is_read_again(code: str) -> None:
    shown = show_user_code(code).reveal()
    assert len(shown) == LENGTH + 1
    assert read_user_code(Secret(shown)) == code


@given(CODES, st.sampled_from(["", " ", "-", "\u2013", "\u00a0", "\t", ". "]))
def test_case_spaces_and_dashes_dont_count(code: str, gap: str) -> None:
    """RFC 8628 §6.1."""
    assert read_user_code(Secret(gap + gap.join(code.lower()) + gap)) == code


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "BCDF-GHJ",
        "BCDF-GHJKL",
        "ACDF-GHJK",
        "BCDF-GHJ1",
        "BCDF/GHJK",
        "\u017fCDF-GHJK",  # a long s, whose capital is S
        "\uff22CDF-GHJK",  # a wide B
        "\u0392CDF-GHJK",  # a Greek B
        "BCDF-GHJK" + " " * MAX_TYPED,
        "%42CDFGHJK",
        "'; drop table airside.device_authorization; --",
    ],
)
def test_what_can_be_no_code_is_read_as_none(typed: str) -> None:
    """N30, N38: another length, alphabet or script."""
    assert read_user_code(Secret(typed)) is None


@given(st.text(max_size=100))
def test_anything_is_read_or_refused(typed: str) -> None:
    code = read_user_code(Secret(typed))
    assert code is None or (len(code) == LENGTH and set(code) <= set(ALPHABET))


def test_every_letter_is_as_likely_as_any_other(entropy: Entropy) -> None:
    """A byte has 256 values, which twenty letters don't divide: the rest is drawn again."""
    drawn = Counter("".join(draw_user_code(entropy) for _ in range(10_000)))
    assert drawn.keys() == set(ALPHABET)
    # 80,000 letters, 4,000 of each; six standard deviations of 62 are 370. Unbalanced, the first 16 had 4,062, and the
    # last four 3,750 each: the sum of those four is what tells.
    assert all(abs(count - 4_000) < 370 for count in drawn.values())
    assert abs(sum(drawn[letter] for letter in ALPHABET[16:]) - 16_000) < 680
