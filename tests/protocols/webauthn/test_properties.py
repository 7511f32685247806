"""Whatever is brought is refused as such, never with another error; and nothing but the whole is taken."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airside.protocols.webauthn import CeremonyRefused, read_assertion, verify_registration
from airside.protocols.webauthn.authenticator import read_authenticator_data
from tests.authenticator import Authenticator, Twist, letters, octets
from tests.protocols.webauthn.kit import CHALLENGE, CREATE, GET, PARTY, asserted, known

DEVICE = Authenticator(counter=0)
KEPT = known(DEVICE)
CREATED: dict[str, Any] = json.loads(DEVICE.create(CREATE))
GIVEN: dict[str, Any] = json.loads(DEVICE.get(GET))
CLIENT: dict[str, Any] = json.loads(octets(GIVEN["response"]["clientDataJSON"]))

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["type", "challenge", "origin", "crossOrigin", "topOrigin"])


@st.composite
def spliced(draw: st.DrawFn, content: bytes) -> bytes:
    """`content` with a piece cut out and another put in."""
    start = draw(st.integers(0, len(content)))
    end = draw(st.integers(start, len(content)))
    return content[:start] + draw(st.binary(max_size=24)) + content[end:]


@given(st.dictionaries(NAMES, VALUES, min_size=1))
def test_client_data_with_any_member_changed_is_refused(changes: dict[str, Any]) -> None:
    """Signed all the same: it is the members that are looked at."""
    raw = json.dumps({**CLIENT, **changes}).encode()
    lawful = all(name in CLIENT and CLIENT[name] is value for name, value in changes.items())
    try:
        asserted(DEVICE.get(GET, Twist(raw_client=raw)), KEPT)
    except CeremonyRefused:
        assert not lawful
    else:
        told = json.loads(raw)
        assert {name: told[name] for name in CLIENT} == CLIENT
        assert "topOrigin" not in told


@given(spliced(octets(GIVEN["response"]["clientDataJSON"])))
def test_client_data_that_isnt_what_was_signed_is_refused(raw: bytes) -> None:
    changed = {**GIVEN, "response": {**GIVEN["response"], "clientDataJSON": letters(raw)}}
    try:
        asserted(json.dumps(changed), KEPT)
    except CeremonyRefused:
        return
    assert raw == octets(GIVEN["response"]["clientDataJSON"])


@given(spliced(octets(CREATED["response"]["attestationObject"])))
def test_attestation_object_is_taken_or_refused(raw: bytes) -> None:
    changed = {**CREATED, "response": {**CREATED["response"], "attestationObject": letters(raw)}}
    try:
        made = verify_registration(json.dumps(changed).encode(), challenge=CHALLENGE, party=PARTY)
    except CeremonyRefused:
        return
    assert made.credential_id == DEVICE.credential_id
    assert not made.attested


@given(spliced(octets(GIVEN["response"]["authenticatorData"])))
def test_authenticator_data_is_read_or_refused(raw: bytes) -> None:
    try:
        read_authenticator_data(raw)
    except CeremonyRefused:
        return


@given(st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_anything_else_is_no_response(body: bytes) -> None:
    with pytest.raises(CeremonyRefused):
        read_assertion(body)
    with pytest.raises(CeremonyRefused):
        verify_registration(body, challenge=CHALLENGE, party=PARTY)
