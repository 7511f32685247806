import pytest

from airside.protocols.jose import TokenRefused, b64url_decode, b64url_encode


@pytest.mark.parametrize(
    "text",
    ["YQ==", "YQ=", "YR", "Y", "Y Q", "YQ\n", "Y+Q", "Y/Q", "Yé", "YWI=", "YWJ*", "é"],
)
def test_any_other_spelling_is_refused(text: str):
    """N38: padding, stray bits, foreign letters, line breaks."""
    with pytest.raises(TokenRefused):
        b64url_decode(text)


@pytest.mark.parametrize("data", [b"", b"a", b"ab", b"abc", bytes(range(256))])
def test_round_trip(data: bytes):
    assert b64url_decode(b64url_encode(data)) == data
