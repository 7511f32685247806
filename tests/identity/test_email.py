"""One mailbox is one account."""

import pytest

from airside.core.errors import InvalidInput
from airside.identity import normalise
from airside.identity.email import MAX_EMAIL, read


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("  Ada@Example.COM ", "ada@example.com"),
        ("ＡＤＡ＠example.com", "ada@example.com"),
        ("a@münchen.de", "a@xn--mnchen-3ya.de"),
        ("A@XN--MNCHEN-3YA.de", "a@xn--mnchen-3ya.de"),
        ("ada+news@example.com", "ada+news@example.com"),
        ("a.d.a@example.com", "a.d.a@example.com"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_spellings_of_one_mailbox_give_one_key(given: str, key: str) -> None:
    """N13: case and width open no second budget."""
    assert normalise(given) == key


@pytest.mark.parametrize(
    "given",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@@example.com",
        "ada@b@example.com",
        "a da@example.com",
        "ada@exa mple.com",
        "ada\r\nBcc: eve@evil.example@example.com",
        "ada\x00@example.com",
        "ada\u200b@example.com",
        "ada\ud800@example.com",
        "<ada@example.com>",
        '"ada"@example.com',
        ".ada@example.com",
        "ada.@example.com",
        "a..da@example.com",
        "ada@example.com.",
        "ada@.com",
        "ada@exa_mple.com",
        "ada@[192.0.2.1]",
        "a" * 65 + "@example.com",
        "ada@" + "a" * 64 + ".com",
        "a@" + "b." * 126 + "com",
        "x" * (MAX_EMAIL + 1),
    ],
)
def test_what_is_no_mailbox_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput):
        normalise(given)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a@straße.de", "a@strasse.de"),
        ("ada@example.com", "ada+1@example.com"),
        ("аda@example.com", "ada@example.com"),
    ],
)
def test_mailboxes_of_different_owners_stay_apart(one: str, other: str) -> None:
    """N17: nothing is folded that leads to somebody else's mailbox; the last pair differs by a Cyrillic letter."""
    assert normalise(one) != normalise(other)


def test_mail_goes_to_the_address_as_registered() -> None:
    """N16: folding finds the account, it doesn't choose the mailbox."""
    assert read(" Groß@Müller.example ").address == "Groß@xn--mller-kva.example"
    assert read(" Groß@Müller.example ").key == "gross@xn--mller-kva.example"
