"""Reading client credentials: exactly one method."""

from base64 import b64encode

import pytest

from airside.oauth.credentials import read_credentials
from airside.oauth.errors import InvalidClient, InvalidRequest


def basic(pair: str) -> str:
    return "Basic " + b64encode(pair.encode()).decode()


def test_each_method_is_read() -> None:
    first = read_credentials(basic("cli_a:s%3A%2B"), {})
    assert (first.method, first.client_id, first.secret and first.secret.reveal()) == (
        "client_secret_basic",
        "cli_a",
        "s:+",
    )
    second = read_credentials(None, {"client_id": "cli_a", "client_secret": "s"})
    assert (second.method, second.secret and second.secret.reveal()) == ("client_secret_post", "s")
    third = read_credentials(None, {"client_id": "cli_a"})
    assert (third.method, third.secret) == ("none", None)


@pytest.mark.parametrize(
    "form", [{"client_secret": "s"}, {"client_id": "cli_b"}, {"client_id": "cli_a", "client_secret": "s"}]
)
def test_two_methods_or_two_names_are_refused(form: dict[str, str]) -> None:
    """RFC 6749 §2.3: one method per request."""
    with pytest.raises(InvalidRequest):
        read_credentials(basic("cli_a:s"), form)


@pytest.mark.parametrize(
    ("header", "form"),
    [
        (None, {}),
        (None, {"client_secret": "s"}),
        (None, {"client_id": "cli_a", "client_assertion": "x", "client_assertion_type": "y"}),
        ("Bearer x", {"client_id": "cli_a"}),
        ("Basic", {"client_id": "cli_a"}),
        ("Basic !!!", {}),
        (basic("no-colon"), {}),
        (basic(":secret"), {}),
        ("Basic " + "A" * 40_000, {}),
    ],
)
def test_anything_else_is_no_client(header: str | None, form: dict[str, str]) -> None:
    with pytest.raises(InvalidClient) as caught:
        read_credentials(header, form)
    assert caught.value.challenge is (header is not None)
