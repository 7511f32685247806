import pytest
from hypothesis import given
from hypothesis import strategies as st

from airside.core.errors import InvalidInput, Refusal
from airside.shield.cookies import MAX_COOKIES, MAX_HEADER, MAX_VALUE, HostCookie, expired, hardened, parse

NAME = "__Host-airside_sso_ten_1"


def test_a_cookie_is_secure_http_only_and_of_this_host() -> None:
    assert HostCookie(NAME, "abc", "Strict").render() == f"{NAME}=abc; Path=/; Secure; HttpOnly; SameSite=Strict"
    assert HostCookie(NAME, "abc", "Lax", 60).render().endswith("SameSite=Lax; Max-Age=60")
    assert expired(NAME, "Lax").render().endswith("Max-Age=0")


@pytest.mark.parametrize(
    "name", ["session", "__Secure-x", "__host-x", "__Host-a b", "__Host-a;b", "__Host-a=b", "__Host-ä"]
)
def test_no_other_kind_of_name_is_made(name: str) -> None:
    with pytest.raises(InvalidInput):
        HostCookie(name, "x", "Lax")


@pytest.mark.parametrize(
    "value", ["a b", "a;b", "a,b", 'a"b', "a\\b", "a\r\nSet-Cookie: x=y", "é", "a" * (MAX_VALUE + 1)]
)
def test_a_value_cannot_add_attributes_or_lines(value: str) -> None:
    with pytest.raises(InvalidInput):
        HostCookie(NAME, value, "Lax")


def test_what_was_set_is_read_again() -> None:
    assert parse([f"a=1; {NAME}=abc=; b=2".encode()]) == {"a": "1", NAME: "abc=", "b": "2"}


def test_headers_split_as_http_2_does_are_one() -> None:
    assert parse([b"a=1", b"b=2"]) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    "headers", [[f"{NAME}=1; {NAME}=2"], [f"{NAME}=1; a=b", f"{NAME}=1"], ["__host-x=1; __host-x=2"]]
)
def test_the_same_host_cookie_twice_is_refused(headers: list[str]) -> None:
    """N11: one of the two was planted."""
    with pytest.raises(InvalidInput):
        parse([header.encode() for header in headers])


def test_other_peoples_cookies_do_not_break_ours() -> None:
    assert parse([b'theme="dark"; =x; novalue; b\xc3\xa4d=1; a b=1; ok=1; ok=2; ' + NAME.encode() + b"=v"]) == {
        "ok": "1",
        NAME: "v",
    }


def test_too_many_or_too_large_are_refused() -> None:
    with pytest.raises(InvalidInput):
        parse([b"a=" + b"b" * MAX_HEADER])
    with pytest.raises(InvalidInput):
        parse([b"; ".join(b"a%d=1" % number for number in range(MAX_COOKIES + 1))])


@given(st.lists(st.binary(max_size=200), max_size=4))
def test_any_bytes_are_read_or_refused(headers: list[bytes]) -> None:
    try:
        cookies = parse(headers)
    except Refusal:
        return
    assert all(name and "=" not in name for name in cookies)


@pytest.mark.parametrize(
    ("line", "secure", "wanted"),
    [
        (b"a=1", True, b"a=1; Secure; HttpOnly; SameSite=Lax"),
        (b"a=1", False, b"a=1; HttpOnly; SameSite=Lax"),
        (b"a=1; httponly; SAMESITE=None;secure", True, b"a=1; httponly; SAMESITE=None;secure"),
        (b"shown=secure", True, b"shown=secure; Secure; SameSite=Lax"),
        (b" shown = 1; Path=/", True, b" shown = 1; Path=/; Secure; SameSite=Lax"),
        (b"", True, b"; Secure; HttpOnly; SameSite=Lax"),
    ],
    ids=["https", "http", "whole", "for-scripts", "spaced", "empty"],
)
def test_a_cookie_gets_what_it_lacks(line: bytes, secure: bool, wanted: bytes) -> None:
    assert hardened(line, secure=secure, script_cookies=frozenset({"shown"})) == wanted
