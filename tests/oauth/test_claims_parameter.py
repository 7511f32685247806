"""The `claims` parameter: read strictly, kept in one shape."""

import pytest

from airside.oauth.claims_parameter import MAX_CLAIMS, asked_subject, essential_values, read_claims_parameter
from airside.oauth.errors import InvalidRequest


def test_claims_are_kept_without_what_nobody_understands() -> None:
    """OpenID Connect Core §5.5: other members are ignored."""
    text = '{"id_token":{"auth_time":{"essential":true,"x":1}},"userinfo":{"email":null},"other":{"a":null}}'
    assert read_claims_parameter(text) == {"id_token": {"auth_time": {"essential": True}}, "userinfo": {"email": None}}


@pytest.mark.parametrize("text", ["{}", '{"other":7}', '{"id_token":null}', '{"userinfo":{}}'])
def test_claims_that_ask_for_nothing_are_nothing(text: str) -> None:
    assert read_claims_parameter(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"id_token":[]}',
        '{"id_token":{"a":7}}',
        '{"id_token":{"a":[]}}',
        '{"id_token":{"":null}}',
        '{"id_token":{"a":{"essential":"true"}}}',
        '{"id_token":{"a":{"value":{}}}}',
        '{"id_token":{"a":{"value":null}}}',
        '{"id_token":{"a":{"values":"b"}}}',
        '{"id_token":{"a":{"values":[]}}}',
        '{"id_token":{"a":{"values":[["b"]]}}}',
        '{"id_token":{"a":{"value":"b","values":["b"]}}}',
        '{"id_token":{"a":null},"id_token":{"b":null}}',
    ],
)
def test_claims_of_another_shape_are_refused(text: str) -> None:
    """OpenID Connect Core §5.5.1."""
    with pytest.raises(InvalidRequest):
        read_claims_parameter(text)


def test_claims_over_their_caps_are_refused() -> None:
    """N27"""
    many = ",".join(f'"c{index}":null' for index in range(MAX_CLAIMS + 1))
    for text in (f'{{"id_token":{{{many}}}}}', '{"id_token":{"%s":null}}' % ("a" * 129), " " * 9000 + "{}"):
        with pytest.raises(InvalidRequest):
            read_claims_parameter(text)


def test_what_is_insisted_on_is_told_from_what_is_wished_for() -> None:
    claims = read_claims_parameter('{"id_token":{"acr":{"essential":true,"values":["a",7]},"sub":{"value":"usr_x"}}}')
    assert essential_values(claims, "acr") == ("a", "")
    assert essential_values(claims, "sub") == ()
    assert asked_subject(claims) == "usr_x"
    assert asked_subject(None) is None
