"""Which domains can be one organisation's."""

import pytest

from airside.core.errors import InvalidInput
from airside.federation.domain_names import demand_ownable, domain_of_any, normalise


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Example.COM", "example.com"),
        (" example.com. ", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("ｅｘａｍｐｌｅ.com", "example.com"),
        ("a.b-c.example.co.uk", "a.b-c.example.co.uk"),
    ],
)
def test_every_spelling_of_a_domain_is_one(said: str, name: str) -> None:
    """RFC 5891 §5; UTS 46."""
    assert normalise(said) == name


@pytest.mark.parametrize(
    "said", ["", "com", "127.0.0.1", "[::1]", "a@example.com", "-a.example.com", "a..b", "*.example.com", "x." * 140]
)
def test_what_is_no_domain_is_refused(said: str) -> None:
    with pytest.raises(InvalidInput):
        normalise(said)


@pytest.mark.parametrize("name", ["co.uk", "com.au", "github.io", "gmail.com", "proton.me", "host.local", "a.test"])
def test_domain_that_is_nobodys_alone_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        demand_ownable(name)


@pytest.mark.parametrize("name", ["example.com", "example.co.uk", "x.de", "mail.example.org"])
def test_domain_of_one_organisation_is_taken(name: str) -> None:
    demand_ownable(name)


def test_domain_of_an_address_is_spelled_as_the_domain() -> None:
    assert domain_of_any("ada@BÜCHER.example") == "xn--bcher-kva.example"
    assert domain_of_any("nobody") == domain_of_any("") == domain_of_any("a@b@") == ""
