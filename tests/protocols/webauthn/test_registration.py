"""A registration is taken whole, or refused for its one reason."""

import json
from dataclasses import replace
from typing import cast

import cbor2
import pytest

from airside.core.proof import Mint
from airside.protocols.webauthn import MAX_RESPONSE, Reason, RelyingParty, VerifiedRegistration, verify_registration
from tests.authenticator import AT, BE, BS, MODEL, PLAIN, UP, UV, Algorithm, Authenticator, Tree, Twist, letters, octets
from tests.protocols.webauthn.kit import CHALLENGE, CREATE, PARTY, refused, registered

ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "EdDSA", "RS256")


def _verify(response: str | bytes, challenge: bytes = CHALLENGE, party: RelyingParty = PARTY) -> VerifiedRegistration:
    body = response.encode() if isinstance(response, str) else response
    return verify_registration(body, challenge=challenge, party=party)


def _refused(twist: Twist) -> Reason:
    return refused(lambda: registered(Authenticator(), twist))


def _edited(edit: dict[str, object]) -> str:
    return json.dumps({**json.loads(Authenticator().create(CREATE)), **edit})


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_an_authenticator_makes_is_taken(algorithm: Algorithm) -> None:
    """Round trip."""
    device = Authenticator(algorithm=algorithm, flags=UP | UV | BE | BS, counter=7)
    made = registered(device)
    assert made.credential_id == device.credential_id
    assert (made.sign_count, made.aaguid, made.transports) == (7, MODEL, ("hybrid", "internal"))
    assert (made.backup_eligible, made.backed_up, made.attested) == (True, True, False)


def test_credential_id_may_be_as_long_as_the_standard_allows_and_no_longer() -> None:
    assert len(registered(Authenticator(credential_id=b"c" * 1023)).credential_id) == 1023
    assert refused(lambda: registered(Authenticator(credential_id=b"c" * 1024))) is Reason.TOO_LARGE
    # The outer name within the cap, the signed one beyond it.
    assert _refused(Twist(credential_id=b"c" * 1024)) is Reason.TOO_LARGE


@pytest.mark.parametrize(
    ("client", "why"),
    [
        ({"type": "webauthn.get"}, Reason.TYPE),
        ({"type": "WEBAUTHN.CREATE"}, Reason.TYPE),
        ({"type": ["webauthn.create"]}, Reason.TYPE),
        ({"type": None}, Reason.TYPE),
        ({"challenge": letters(b"another challenge of the same len")}, Reason.CHALLENGE),
        ({"challenge": letters(CHALLENGE[:-1])}, Reason.CHALLENGE),
        ({"challenge": letters(CHALLENGE) + "="}, Reason.MALFORMED),
        ({"challenge": 1}, Reason.CHALLENGE),
        ({"challenge": None}, Reason.CHALLENGE),
        ({"origin": "https://evil.test"}, Reason.ORIGIN),
        ({"origin": "http://airside.test"}, Reason.ORIGIN),
        ({"origin": "https://airside.test:8443"}, Reason.ORIGIN),
        ({"origin": "https://sub.airside.test"}, Reason.ORIGIN),
        ({"origin": "https://airside.test/"}, Reason.ORIGIN),
        ({"origin": ["https://airside.test"]}, Reason.ORIGIN),
        ({"origin": None}, Reason.ORIGIN),
        ({"crossOrigin": True}, Reason.CROSS_ORIGIN),
        ({"crossOrigin": "false"}, Reason.CROSS_ORIGIN),
        ({"crossOrigin": 0}, Reason.CROSS_ORIGIN),
        ({"topOrigin": "https://airside.test"}, Reason.CROSS_ORIGIN),
    ],
)
def test_what_the_browser_did_elsewhere_is_refused(client: dict[str, object], why: Reason) -> None:
    """Wrong context: another ceremony, challenge, origin or frame."""
    assert _refused(Twist(client=client)) is why


def test_older_browsers_that_dont_speak_of_frames_are_taken() -> None:
    assert registered(Authenticator(), Twist(client={"crossOrigin": None, "extra_key": {"added": "here"}}))


@pytest.mark.parametrize(
    ("twist", "why"),
    [
        (Twist(rp_id="evil.test"), Reason.RELYING_PARTY),
        (Twist(rp_id="sub.airside.test"), Reason.RELYING_PARTY),
        (Twist(flags=UP), Reason.PRESENCE),
        (Twist(flags=UV), Reason.VERIFICATION),
        (Twist(flags=BS), Reason.BACKUP),
        (Twist(flags=AT), Reason.MALFORMED),
        (Twist(credential_id=b"another credential"), Reason.CREDENTIAL),
        (Twist(credential_id=b""), Reason.CREDENTIAL),
        (Twist(extensions=b"\x01\x02"), Reason.MALFORMED),
        (Twist(extensions=b"\xa1"), Reason.MALFORMED),
    ],
)
def test_what_the_authenticator_didnt_see_is_refused(twist: Twist, why: Reason) -> None:
    assert _refused(twist) is why


def test_extensions_nobody_asked_for_are_ignored() -> None:
    """WebAuthn §7.1 step 17: they may come all the same."""
    assert registered(Authenticator(), Twist(extensions=cbor2.dumps({"credProtect": 2})))


def _without(name: str) -> Twist:
    return Twist(attested=lambda tree: {key: value for key, value in tree.items() if key != name})


def _with(**members: object) -> Twist:
    return Twist(attested=lambda tree: cast("Tree", {**tree, **members}))


@pytest.mark.parametrize(
    ("twist", "why"),
    [
        (_without("fmt"), Reason.MALFORMED),
        (_without("attStmt"), Reason.MALFORMED),
        (_without("authData"), Reason.MALFORMED),
        (_with(more=1), Reason.MALFORMED),
        (_with(fmt=1), Reason.MALFORMED),
        (_with(fmt="fido-u2f"), Reason.ATTESTATION),
        (_with(fmt="android-safetynet"), Reason.ATTESTATION),
        (_with(fmt="unheard-of"), Reason.ATTESTATION),
        (_with(attStmt=[]), Reason.MALFORMED),
        (_with(attStmt={"surplus": 1}), Reason.ATTESTATION),
        (_with(attStmt={}, fmt="packed"), Reason.ATTESTATION),
        (_with(attStmt={"alg": -7, "sig": b"no signature"}, fmt="packed"), Reason.ATTESTATION),
        (_with(attStmt={"alg": -7, "sig": b"s", "x5c": [b"no certificate"]}, fmt="packed"), Reason.ATTESTATION),
        (_with(attStmt={"alg": -7, "sig": b"s", "x5c": 7}, fmt="packed"), Reason.ATTESTATION),
        (_with(attStmt={"ver": "2.0"}, fmt="tpm"), Reason.ATTESTATION),
        (_with(attStmt={"x5c": [b"no certificate"]}, fmt="apple"), Reason.ATTESTATION),
        (_with(attStmt={"alg": -7, "sig": b"s", "x5c": [b"no"]}, fmt="android-key"), Reason.ATTESTATION),
        (_with(authData="text"), Reason.MALFORMED),
        (_with(authData=b""), Reason.MALFORMED),
        (_with(authData=bytes(36)), Reason.MALFORMED),
    ],
)
def test_attestation_object_of_another_shape_is_refused(twist: Twist, why: Reason) -> None:
    """Type confusion."""
    assert _refused(twist) is why


_X, _Y = bytes(32), bytes(31) + b"\1"


@pytest.mark.parametrize(
    "cose",
    [
        {},
        {1: 2, 3: -7, -1: 1, -2: _X, -3: _Y},  # a point off the curve
        {1: 2, 3: -7, -1: 1, -2: 1, -3: 2},
        {1: 2, 3: -7, -1: 1, -2: b"", -3: b""},
        {1: 2, 3: -7, -1: 2, -2: _X, -3: _Y},  # P-384
        {1: 2, 3: -35, -1: 2, -2: _X, -3: _Y},  # ES384
        {1: 2, 3: -257, -1: 1, -2: _X, -3: _Y},  # an EC key that says RS256
        {1: 3, 3: -7, -1: b"\x80" + bytes(255), -2: b"\1\0\1"},  # an RSA key that says ES256
        {1: 3, 3: -37, -1: b"\x80" + bytes(254) + b"\1", -2: b"\1\0\1"},  # PS256
        {1: 3, 3: -65535, -1: b"\x80" + bytes(254) + b"\1", -2: b"\1\0\1"},  # RS1
        {1: 3, 3: -257, -1: b"\x80" + bytes(126) + b"\1", -2: b"\1\0\1"},  # 1024 bits
        {1: 3, 3: -257, -1: b"\x80" + bytes(2046) + b"\1", -2: b"\1\0\1"},  # 16384 bits
        {1: 3, 3: -257, -1: b"\x80" + bytes(254) + b"\1", -2: b"\1"},  # exponent 1
        {1: 1, 3: -8, -1: 7, -2: bytes(57)},  # Ed448
        {1: 1, 3: -8, -1: 6, -2: bytes(31)},
        {1: 1, 3: -7, -1: 6, -2: bytes(32)},
        {1: 7, 3: -48, -1: bytes(1312)},  # ML-DSA
        {1: 4, 3: 5, -1: bytes(32)},  # a symmetric key
        {1: True, 3: -7},
    ],
)
def test_key_of_another_kind_or_too_weak_is_refused(cose: dict[int, object]) -> None:
    """N01, N42."""
    assert _refused(Twist(cose=cose)) is Reason.ALGORITHM


@pytest.mark.parametrize(
    "edit",
    [
        {"type": "password"},
        {"type": None},
        {"id": None},
        {"id": 7},
        {"response": None},
        {"response": []},
        {"response": {}},
        {"response": {"clientDataJSON": "e30", "attestationObject": 1}},
        {"response": {"clientDataJSON": ["e30"], "attestationObject": "oA"}},
        {"response": {"clientDataJSON": "e30=", "attestationObject": "oA"}},
        {"response": {"clientDataJSON": "e3 0", "attestationObject": "oA"}},
        {"response": {"clientDataJSON": "e31", "attestationObject": "oA"}},
    ],
)
def test_envelope_of_another_shape_is_refused(edit: dict[str, object]) -> None:
    assert refused(lambda: _verify(_edited(edit))) is Reason.MALFORMED


def test_two_names_of_one_credential_are_refused() -> None:
    assert refused(lambda: _verify(_edited({"rawId": letters(b"another credential")}))) is Reason.CREDENTIAL


@pytest.mark.parametrize("text", [b"", b"null", b"[]", b"{", b"\xef\xbb\xbf{}", b"\xff", b'{"id":"\\ud800"}', b"NaN"])
def test_what_is_no_json_object_is_refused(text: bytes) -> None:
    assert refused(lambda: _verify(text)) is Reason.MALFORMED


def test_keys_given_twice_are_refused_in_the_envelope_and_within() -> None:
    """Two readers would read two things."""
    whole = Authenticator().create(CREATE)
    assert refused(lambda: _verify(whole[:-1] + ', "type": "public-key"}')) is Reason.MALFORMED
    challenge = letters(CHALLENGE)
    told = (
        f'{{"type":"webauthn.create","origin":"https://evil.test","challenge":"{challenge}","origin":"{PARTY.origin}"}}'
    )
    assert _refused(Twist(raw_client=told.encode())) is Reason.MALFORMED


def test_key_given_twice_in_cbor_is_refused() -> None:
    item = octets(json.loads(Authenticator().create(CREATE))["response"]["attestationObject"])
    assert item[0] == 0xA3
    twice = b"\xa4" + item[1:] + cbor2.dumps("fmt") + cbor2.dumps("none")
    whole = json.loads(Authenticator().create(CREATE))
    whole["response"]["attestationObject"] = letters(twice)
    assert refused(lambda: _verify(json.dumps(whole))) is Reason.MALFORMED


def test_too_much_is_refused_before_it_is_read() -> None:
    """Oversized."""
    assert refused(lambda: _verify(b"{" * (MAX_RESPONSE + 1))) is Reason.TOO_LARGE
    assert refused(lambda: _verify(_edited({"padding": "x" * MAX_RESPONSE}))) is Reason.TOO_LARGE


def test_response_cut_short_anywhere_is_refused() -> None:
    """Truncated."""
    whole = Authenticator().create(CREATE).encode()
    for size in range(0, len(whole), 7):
        assert refused(lambda size=size: _verify(whole[:size])) is Reason.MALFORMED


@pytest.mark.parametrize("part", ["clientDataJSON", "attestationObject"])
def test_part_cut_short_anywhere_is_refused(part: str) -> None:
    """Truncated, inside."""
    whole = json.loads(Authenticator().create(CREATE))
    content = octets(whole["response"][part])
    for size in range(len(content)):
        whole["response"][part] = letters(content[:size])
        refused(lambda: _verify(json.dumps(whole)))


def test_any_bit_turned_in_a_vouched_for_object_is_refused() -> None:
    """Corrupted: a self-attested statement signs all of it."""
    device = Authenticator()
    whole = json.loads(device.create(CREATE))
    data = cbor2.loads(octets(whole["response"]["attestationObject"]))["authData"]
    signed = device.sign(data + device.client_hash)
    for position in range(len(data)):
        turned = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        for content, lawful in ((data, True), (turned, False)):
            tree = {"fmt": "packed", "attStmt": {"alg": -7, "sig": signed}, "authData": content}
            whole["response"]["attestationObject"] = letters(cbor2.dumps(tree))
            if lawful:
                assert not _verify(json.dumps(whole)).attested
            else:
                refused(lambda: _verify(json.dumps(whole)))


def test_something_after_the_object_is_refused() -> None:
    whole = json.loads(Authenticator().create(CREATE))
    whole["response"]["attestationObject"] = letters(octets(whole["response"]["attestationObject"]) + b"\0")
    assert refused(lambda: _verify(json.dumps(whole))) is Reason.MALFORMED


def test_another_party_or_challenge_takes_nothing_of_it() -> None:
    """Wrong context."""
    response = Authenticator().create(CREATE, PLAIN)
    assert refused(lambda: _verify(response, party=RelyingParty.of("https://other.test"))) is Reason.ORIGIN
    assert refused(lambda: _verify(response, party=replace(PARTY, id="other.test"))) is Reason.RELYING_PARTY
    assert refused(lambda: _verify(response, challenge=bytes(32))) is Reason.CHALLENGE


def test_only_the_verifier_makes_one() -> None:
    with pytest.raises(TypeError):
        VerifiedRegistration(b"c", b"k", 0, MODEL, (), False, False, True, Mint("VerifiedRegistration"))
