from datetime import UTC, datetime
from uuid import UUID

import pytest

from airside.core.entropy import SystemEntropy
from airside.core.errors import InvalidInput
from airside.core.ids import ALPHABET, USER, format_id, parse_id, ulid, uuid7

NOW = datetime(2027, 1, 2, 3, 4, 5, 678000, UTC)
ZERO = UUID(int=0)


def test_uuid7_carries_version_variant_and_milliseconds() -> None:
    value = uuid7(NOW, SystemEntropy())
    assert value.version == 7
    assert value.variant == "specified in RFC 4122"
    assert value.int >> 80 == int(NOW.timestamp() * 1000)


def test_two_ids_of_one_moment_differ() -> None:
    assert uuid7(NOW, SystemEntropy()) != uuid7(NOW, SystemEntropy())


def test_a_later_id_sorts_later() -> None:
    later = datetime(2027, 1, 2, 3, 4, 5, 679000, UTC)
    one, other = (format_id(USER, uuid7(moment, SystemEntropy())) for moment in (NOW, later))
    assert one < other


@pytest.mark.parametrize(
    "text",
    [
        "",
        "usr",
        "usr_",
        "ses_" + "0" * 26,
        "USR_" + "0" * 26,
        "usr_" + "0" * 25,
        "usr_" + "0" * 27,
        "usr_8" + "0" * 25,
        "usr_" + "0" * 25 + "A",
        "usr_" + "0" * 25 + "l",
        "usr_" + "0" * 25 + "u",
        "usr_" + "0" * 25 + "٠",
        "usr_" + "0" * 26 + "\n",
        " usr_" + "0" * 26,
        "usr__" + "0" * 25,
        "usr-" + "0" * 26,
        "usr_" + "0" * 25 + "\x00",
    ],
)
def test_every_spelling_but_the_written_one_is_refused(text: str) -> None:
    """N20: one object, one name."""
    with pytest.raises(InvalidInput):
        parse_id(USER, text)


def test_the_written_form_is_fixed() -> None:
    assert format_id(USER, ZERO) == "usr_" + "0" * 26
    assert format_id(USER, UUID(int=2**128 - 1)) == "usr_7" + "z" * 25
    assert parse_id(USER, "usr_7" + "z" * 25) == UUID(int=2**128 - 1)


def test_the_alphabet_has_no_letter_that_is_mistaken() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set("ilou") & set(ALPHABET)


def test_a_ulid_is_upper_case_and_26_long() -> None:
    text = ulid(NOW, SystemEntropy())
    assert len(text) == 26
    assert text == text.upper()
    assert text[0] <= "7"
