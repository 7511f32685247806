"""What is told of a response that was refused: never an attribute that nobody signed, never an exception."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from airside.protocols.saml import outline, verify_response
from airside.protocols.saml.outline import Outline
from airside.protocols.saml.refusals import SamlRefused
from tests.protocols.saml.attacks import attacks
from tests.protocols.saml.bombs import bombs
from tests.protocols.saml.kit import (
    EXPECTED,
    IDP,
    NOW,
    WAYS,
    Answer,
    Encryption,
    encrypted,
    in_assertion,
    pinned,
    rsa_key,
)

LATE = NOW + timedelta(days=1)
SAID = {"email": ("ann@customer.example",), "groups": ("staff", "admins")}


def seen(document: bytes) -> Outline:
    return outline(document, [pinned("idp")], [rsa_key("ours")])


@pytest.mark.parametrize("way", list(WAYS))
def test_attributes_of_a_signed_assertion_are_told_though_it_counts_for_nothing(way: str) -> None:
    """Round trip, and wrong context: too old."""
    document = WAYS[way](Answer(), rsa_key("idp"))
    with pytest.raises(SamlRefused):
        verify_response(document, EXPECTED, [pinned("idp")], LATE)
    assert seen(document).attributes == SAID
    assert seen(document).claims["issuer"] == IDP


def test_attributes_of_an_encrypted_assertion_are_told_where_what_is_inside_is_signed() -> None:
    document = encrypted(Answer(), rsa_key("idp"), rsa_key("ours").public_key(), Encryption())
    assert seen(document).attributes == SAID
    assert seen(document).claims["holds"] == "EncryptedAssertion"
    assert "audience" not in seen(document).claims


@pytest.mark.parametrize("way", list(WAYS))
def test_of_what_another_key_signed_or_nobody_no_attribute_is_told(way: str) -> None:
    """N23, N25: wrong key, corrupted, truncated, unsigned."""
    good = WAYS[way](Answer(), rsa_key("idp"))
    changed = good.replace(b"staff", b"super")
    for document in (WAYS[way](Answer(), rsa_key("other")), changed, good[:-40], Answer().response().encode(), b""):
        assert seen(document).attributes == {}


def test_attacks_show_nothing_but_what_the_provider_signed() -> None:
    """N23: wrapped around a genuine assertion, what is told is that one or nothing."""
    for name, document in attacks(in_assertion(Answer(), rsa_key("idp")), "admin@customer.example"):
        told = seen(document)
        assert told.attributes in ({}, SAID), name
        assert not any("admin@" in text for text in told.claims.values()), name


def test_bombs_are_told_by_their_size() -> None:
    """N26, oversized."""
    for name, document in bombs(Random(7)):
        told = seen(document)
        assert told.claims["bytes"] == str(len(document)), name
        assert told.attributes == {}


def test_several_values_are_named_up_to_a_few() -> None:
    """Wire format: each value once, and no more than the reader can take in."""
    many = replace(Answer(), audiences=[f"https://{number}.example" for number in range(50)])
    assert len(seen(in_assertion(many, rsa_key("idp"))).claims["audience"].split(", ")) == 4
