import pytest

from airside.core.errors import TooLarge
from airside.protocols.oauth import MAX_FIELDS, MAX_FORM, MalformedForm, parse_form


def test_fields_are_decoded_and_empty_ones_count_as_not_sent():
    """RFC 6749 §3.1"""
    body = b"grant_type=authorization_code&code=a%2Bb+c&state=&flag&name=%C3%A9"
    assert parse_form(body) == {"grant_type": "authorization_code", "code": "a+b c", "name": "é"}
    assert parse_form(b"") == {}


@pytest.mark.parametrize(
    "body",
    [
        b"a=1&a=2",
        b"a=1&a=1",
        b"a=&a=1",
        b"a=1&%61=2",
        b"=1",
        b"a=1&&b=2",
        b"&",
        b"a=%zz",
        b"a=%4",
        b"a=%",
        b"a=%ff",
        b"a=%00",
        b"a=%1b",
        b"a=\xc3\xa9",
        b"a=b c",
        b"a=1\n",
        b"&".join(b"k%d=1" % number for number in range(MAX_FIELDS + 1)),
    ],
)
def test_ambiguous_or_malformed_form_is_refused(body: bytes):
    """A parameter twice above all (RFC 6749 §3.1, N09)."""
    with pytest.raises(MalformedForm):
        parse_form(body)


def test_resources_and_audiences_may_be_named_several_times():
    """RFC 8707 §2, RFC 8693 §2.1"""
    body = b"resource=https%3A%2F%2Fa.test&scope=x&resource=&resource=https%3A%2F%2Fb.test&audience=c"
    assert parse_form(body) == {"resource": "https://a.test https://b.test", "scope": "x", "audience": "c"}


@pytest.mark.parametrize("body", [b"resource=a+b", b"resource=a%20b", b"resource=a%0Ab", b"audience=a&audience=b%09"])
def test_one_value_never_passes_for_two(body: bytes):
    """N09"""
    with pytest.raises(MalformedForm):
        parse_form(body)


def test_oversized_form_is_refused():
    with pytest.raises(TooLarge):
        parse_form(b"a=" + b"x" * MAX_FORM)


def test_as_many_fields_as_allowed_are_taken():
    assert len(parse_form(b"&".join(b"k%d=1" % number for number in range(MAX_FIELDS)))) == MAX_FIELDS
