import pytest

from airside.core.errors import InvalidInput
from airside.protocols.oauth import MAX_SCOPES, format_scope, parse_scope


def test_words_come_out_as_a_set_and_go_in_sorted():
    assert parse_scope("openid notes:read email") == {"openid", "notes:read", "email"}
    assert format_scope({"b", "a"}) == "a b"
    assert parse_scope("") == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        " ",
        "a ",
        " a",
        "a  b",
        "a\tb",
        "a\nb",
        'a"b',
        "a\\b",
        "é",
        "a a",
        "x" * 129,
        "a\x00",
        " ".join(f"s{number}" for number in range(MAX_SCOPES + 1)),
        "x " * 3000,
    ],
)
def test_malformed_scope_is_refused(text: str):
    with pytest.raises(InvalidInput):
        parse_scope(text)
