"""Whatever comes, a refusal comes back: never another exception, never an acceptance of what wasn't signed."""

from contextlib import suppress
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airside.protocols.saml import (
    MetadataRefused,
    SamlRefused,
    read_idp_metadata,
    read_post,
    read_redirect,
    verify_response,
)
from airside.protocols.saml.instants import read_instant
from airside.protocols.saml.xml import parse
from tests.protocols.saml.kit import EXPECTED, NOW, Answer, in_both, pinned, rsa_key

GOOD = in_both(Answer(), rsa_key("idp"))
SAID = verify_response(GOOD, EXPECTED, [pinned("idp")], NOW)

NAMES = st.sampled_from(["a", "saml:Assertion", "samlp:Response", "ds:Signature", "b:c"])
TREES = st.recursive(
    st.text(max_size=8).map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;")),
    lambda inner: st.tuples(NAMES, st.lists(inner, max_size=3)).map(
        lambda tree: f"<{tree[0]} ID='{tree[0][0]}'>{''.join(tree[1])}</{tree[0]}>"
    ),
    max_leaves=12,
)


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_parsed_or_refused(document: bytes):
    with suppress(SamlRefused):
        parse(document)
    with pytest.raises(SamlRefused):
        verify_response(document, EXPECTED, [pinned("idp")], NOW)
    with pytest.raises(MetadataRefused):
        read_idp_metadata(document)


@given(TREES)
@settings(max_examples=200, deadline=None)
def test_any_tree_is_refused(tree: str):
    names = 'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"'
    wrapped = (
        f'<samlp:Response {names} xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:b="b">{tree}</samlp:Response>'
    )
    with pytest.raises(SamlRefused):
        verify_response(wrapped.encode("utf-8", "surrogatepass"), EXPECTED, [pinned("idp")], NOW)


@given(st.integers())
@settings(max_examples=300, deadline=None)
def test_changed_bytes_never_say_anything_else(seed: int):
    """A change outside of what is signed (the unsigned KeyInfo, white space around it) changes nothing that is said."""
    chance = Random(seed)
    document = bytearray(GOOD)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(document))
        match chance.randrange(3):
            case 0:
                document[place] = chance.randrange(256)
            case 1:
                del document[place : place + chance.randint(1, 40)]
            case _:
                document[place:place] = document[chance.randrange(len(document)) :][: chance.randint(1, 200)]
    with suppress(SamlRefused):
        assert verify_response(bytes(document), EXPECTED, [pinned("idp")], NOW) == SAID


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_query_and_field_is_read_or_refused(text: str):
    with suppress(SamlRefused):
        read_redirect(text)
    with suppress(SamlRefused):
        read_post("SAMLResponse", text)


@given(st.text(max_size=40) | st.datetimes().map(lambda moment: moment.isoformat() + "Z"))
@settings(max_examples=300, deadline=None)
def test_any_instant_is_read_or_refused(written: str):
    with suppress(SamlRefused):
        assert read_instant(written).tzinfo is not None
