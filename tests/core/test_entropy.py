import base64

from hypothesis import given
from hypothesis import strategies as st

from airside.core.entropy import SystemEntropy, equal, token


def test_as_many_bytes_as_asked_for_and_never_the_same() -> None:
    entropy = SystemEntropy()
    assert len(entropy.bytes(32)) == 32
    assert entropy.bytes(32) != entropy.bytes(32)


def test_a_token_carries_its_bits_and_goes_into_a_url() -> None:
    text = token(SystemEntropy(), 256)
    assert len(text) == 43
    assert len(base64.urlsafe_b64decode(text + "=")) == 32
    assert text.isascii()
    assert not set(text) & set("+/=")


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_equal_says_what_equality_says(one: bytes, other: bytes) -> None:
    """N38: prefixes and truncations are not equal."""
    assert equal(one, other) == (one == other)
    assert equal(one, bytes(one))
