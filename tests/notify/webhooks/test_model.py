"""What an endpoint may be, and what it listens to."""

import pytest

from airside.audit import Event
from airside.core.errors import InvalidInput
from airside.notify.webhooks.model import lawful_description, lawful_events, lawful_url, listens

NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("events", "heard"),
    [
        (["*"], True),
        (["user:*"], True),
        (["user:password:*"], True),
        (["user:password:set"], True),
        (["user:user:*", "user:password:set"], True),
        (["user:password:imported"], False),
        (["session:*"], False),
        ([], False),
    ],
    ids=["all", "source", "subject", "name", "several", "another", "other source", "none"],
)
def test_event_is_heard_by_its_name_or_a_beginning(events: list[str], heard: bool) -> None:
    assert listens(events, Event.PASSWORD_SET) is heard


@pytest.mark.parametrize("event", ["users:*", "user", "user:", "user*", "u*", ":*", "**", "", "user:password:set:*"])
def test_name_that_no_event_has_is_refused(event: str) -> None:
    """A slip of the pen would otherwise wait for what never comes."""
    with pytest.raises(InvalidInput):
        lawful_events([event])


def test_events_are_kept_once_and_in_order() -> None:
    assert lawful_events(["user:*", "session:*", "user:*"]) == ["session:*", "user:*"]


@pytest.mark.parametrize("events", [[], ["*"] * 51], ids=["none", "too many"])
def test_number_of_events_is_bounded(events: list[str]) -> None:
    with pytest.raises(InvalidInput):
        lawful_events(events)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://user@example.com/",
        "https://example.com/#x",
        "https://example.com/#",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://10.0.0.1:8443/",
        "https:///x",
        "file:///etc/passwd",
        "//example.com/",
        "https://example.com/" + "x" * 2048,
        "https://exa\\mple.com/",
    ],
)
def test_address_that_messages_never_go_to_is_refused(url: str) -> None:
    """N28: also at every try; here it is told at once."""
    with pytest.raises(InvalidInput):
        lawful_url(url, NONE)


@pytest.mark.parametrize(
    "url", ["https://example.com/hooks?of=airside", "https://example.com:8443", "https://1.1.1.1/"]
)
def test_plain_https_address_is_taken(url: str) -> None:
    assert lawful_url(url, NONE) == url


def test_exception_of_the_operator_may_be_private() -> None:
    assert lawful_url("https://127.0.0.1:8443/x", frozenset({"127.0.0.1:8443"}))
    with pytest.raises(InvalidInput):
        lawful_url("https://127.0.0.1:8444/x", frozenset({"127.0.0.1:8443"}))


@pytest.mark.parametrize("text", ["x" * 201, "a\nb", "\x1b[0m"], ids=["long", "line", "escape"])
def test_description_that_is_no_line_of_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        lawful_description(text)
