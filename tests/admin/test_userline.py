"""One line of a file of users."""

import json
from typing import Any

import pytest

from airside.admin.userline import MAX_LINE, UserLine, lines_of, read_line, write_line
from airside.core.errors import InvalidInput, TooLarge

HASH = "$2b$12$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m"


def test_line_survives_the_round_trip() -> None:
    user = UserLine("ada@example.com", "Ada", True, "disabled", HASH, ("member", "support"), "usr_x")
    assert read_line(write_line(user)) == user
    assert write_line(UserLine("ada@example.com")) == b'{"email":"ada@example.com"}\n'


def test_hash_is_in_no_repr() -> None:
    """N37."""
    assert HASH not in repr(UserLine("ada@example.com", password_hash=HASH))


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"email": 1},
        {"email": "a@example.com", "admin": True},
        {"email": "a@example.com", "tenant_id": "ten_x"},
        {"email": "a@example.com", "state": "deleted"},
        {"email": "a@example.com", "email_verified": "yes"},
        {"email": "a@example.com", "name": "x" * 201},
        {"email": "a@example.com", "password_hash": "plain"},
        {"email": "a@example.com", "password_hash": HASH.replace("$12$", "$31$")},
        {"email": "a@example.com", "roles": "member"},
        {"email": "a@example.com", "roles": ["r"] * 23},
        {"email": "a@example.com", "roles": [f"r-{number}" for number in range(21)]},
    ],
)
def test_what_is_no_user_is_refused(value: Any) -> None:
    """N21, N36: mass assignment, and hashes that would cost too much."""
    with pytest.raises(InvalidInput):
        read_line(json.dumps(value).encode())


@pytest.mark.parametrize(
    "line", [b"", b"[]", b"\xff", b'{"email":"a@b.c","email":"d@e.f"}', b'{"email":"\\ud800@b.c"}', b"{" * 40]
)
def test_line_is_read_strictly(line: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_line(line)


def test_long_line_is_refused_unread() -> None:
    with pytest.raises(TooLarge):
        read_line(b'{"email":"' + b"a" * MAX_LINE + b'"}')


def test_lines_end_where_they_end() -> None:
    assert lines_of(b"") == []
    assert lines_of(b"a\nb\n") == lines_of(b"a\nb") == [b"a", b"b"]
    assert lines_of(b"a\n\n") == [b"a", b""]
