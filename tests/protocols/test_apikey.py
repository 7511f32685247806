"""API keys: how one is spelt, and that nothing else is taken for one."""

import pickle
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airside.core.entropy import Entropy
from airside.core.errors import InvalidInput
from airside.protocols.apikey import (
    CHECKSUM,
    DIGITS,
    LENGTH,
    LOOKUP,
    PREFIX,
    PREFIXES,
    SECRET,
    PresentedKey,
    base62,
    checksum,
    keys_in,
    looks_like_key,
    new_key,
    new_lookup,
    parse_key,
    value_of,
)

FIXED = "sk_live_" + "Ab3dEf9Z" + "0" * 42 + "1" + "0KAKI5"
"""Written down: what other programs recognise must not change."""
names = st.sampled_from(sorted(PREFIXES))
lookups = st.text(DIGITS, min_size=LOOKUP, max_size=LOOKUP)


class Fixed:
    """An Entropy that gives what it was told."""

    def __init__(self, given: bytes) -> None:
        self._given = given

    def bytes(self, count: int) -> bytes:
        return self._given[:count]


@given(names, lookups, st.binary(min_size=32, max_size=32))
def test_round_trip(prefix: str, lookup: str, secret: bytes) -> None:
    kind, mode = PREFIXES[prefix]
    text = new_key(kind, mode, lookup, Fixed(secret)).reveal()
    found = parse_key(text)
    assert (found.kind, found.mode, found.lookup, found.text.reveal()) == (kind, mode, lookup, text)
    assert text.startswith(prefix)
    assert value_of(text[PREFIX + LOOKUP : -CHECKSUM]) == int.from_bytes(secret)


def test_key_of_another_kind_is_another_key(entropy: Entropy) -> None:
    """Wrong context: the prefix is under the checksum, so that a publishable key can't be respelt as a secret one."""
    text = new_key("publishable", "test", new_lookup(entropy), entropy).reveal()
    for other in set(PREFIXES) - {"pk_test_"}:
        with pytest.raises(InvalidInput):
            parse_key(other + text[PREFIX:])


def test_corrupted_anywhere_is_refused(entropy: Entropy) -> None:
    """N38: no other spelling is the same key, and one changed character makes it none."""
    text = new_key("secret", "live", new_lookup(entropy), entropy).reveal()
    for place in range(len(text)):
        for other in ("A" if text[place] != "A" else "B", text[place].swapcase(), "-", "é", "\x00"):
            if other != text[place]:
                with pytest.raises(InvalidInput):
                    parse_key(text[:place] + other + text[place + 1 :])


def test_truncated_is_refused(entropy: Entropy) -> None:
    """N38."""
    text = new_key("secret", "live", new_lookup(entropy), entropy).reveal()
    for end in range(len(text)):
        with pytest.raises(InvalidInput):
            parse_key(text[:end])


def test_oversized_is_refused(entropy: Entropy) -> None:
    """N38: not even white space around it; and no number over 256 bits, though it fits into the characters."""
    text = new_key("secret", "live", new_lookup(entropy), entropy).reveal()
    body = "sk_live_" + "A" * LOOKUP + "z" * SECRET
    for wrong in (text + "A", text + "\n", " " + text, text * 1000, body + checksum(body)):
        with pytest.raises(InvalidInput):
            parse_key(wrong)


def test_wire_format_is_the_one_written_down() -> None:
    body = FIXED[:-CHECKSUM]
    assert base62(crc32(body.encode()), 6) == FIXED[-CHECKSUM:]
    made = new_key("secret", "live", "Ab3dEf9Z", Fixed(bytes(31) + b"\x01"))
    assert made.reveal() == FIXED
    assert len(FIXED) == LENGTH == 65
    assert parse_key(FIXED).lookup == "Ab3dEf9Z"


@given(st.text(max_size=80) | st.from_regex(r"[sp]k_(live|test)_[0-9A-Za-z]{57}", fullmatch=True))
def test_nothing_random_is_taken_for_a_key(text: str) -> None:
    try:
        found = parse_key(text)
    except InvalidInput:
        return
    assert found.text.reveal() == text
    assert checksum(text[:-CHECKSUM]) == text[-CHECKSUM:]


@given(st.integers(min_value=0, max_value=2**256 - 1))
def test_base62_is_one_to_one(value: int) -> None:
    text = base62(value, SECRET)
    assert len(text) == SECRET
    assert value_of(text) == value


@pytest.mark.parametrize("wrong", ["", "short", "ninechars", "not-base"])
def test_no_key_is_made_of_a_wrong_lookup_id(entropy: Entropy, wrong: str) -> None:
    with pytest.raises(ValueError, match="lookup"):
        new_key("secret", "live", wrong, entropy)


def test_lookup_ids_use_every_digit(entropy: Entropy) -> None:
    assert set("".join(new_lookup(entropy) for _ in range(400))) == set(DIGITS)


def test_keys_are_found_among_other_bytes_and_lookalikes_are_not(entropy: Entropy) -> None:
    one = new_key("secret", "live", new_lookup(entropy), entropy).reveal()
    two = new_key("publishable", "test", new_lookup(entropy), entropy).reveal()
    lookalike = one[:-1] + ("0" if one[-1] != "0" else "1")
    data = f'KEY="{one}"\n\xff{two}; {lookalike} {one}x sk_live_{"a" * 57}'.encode("latin-1")
    found = list(keys_in(data))
    assert [(place, key.text.reveal()) for place, key in found] == [(5, one), (5 + 65 + 3, two)]


def test_only_what_begins_like_a_key_looks_like_one() -> None:
    assert all(looks_like_key(prefix + "x") for prefix in PREFIXES)
    assert not any(looks_like_key(text) for text in ("", "sk_live", "aat_x", "eyJh", "SK_LIVE_", "sk_prod_x"))


def test_presented_key_shows_nothing_that_opens(entropy: Entropy) -> None:
    """N37."""
    text = new_key("secret", "live", new_lookup(entropy), entropy).reveal()
    found = parse_key(text)
    assert isinstance(found, PresentedKey)
    assert text[PREFIX + LOOKUP :] not in f"{found!r} {found} {found.text}"
    with pytest.raises(TypeError):
        pickle.dumps(found)
    with pytest.raises(InvalidInput) as refused:
        parse_key(text + "A")
    assert text[:20] not in f"{refused.value!r} {refused.value.data}"
