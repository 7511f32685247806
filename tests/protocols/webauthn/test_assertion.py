"""An assertion is taken whole, or refused for its one reason."""

import json
from dataclasses import replace

import cbor2
import pytest

from airside.core.proof import Mint
from airside.protocols.webauthn import (
    MAX_RESPONSE,
    Reason,
    RelyingParty,
    VerifiedAssertion,
    read_assertion,
    verify_assertion,
)
from tests.authenticator import AT, BE, BS, UP, UV, Algorithm, Authenticator, Twist, letters, octets
from tests.protocols.webauthn.kit import CHALLENGE, CREATE, GET, HANDLE, PARTY, asserted, known, refused


def _refused(twist: Twist, device: Authenticator | None = None) -> Reason:
    device = device or Authenticator()
    kept = known(device)
    return refused(lambda: asserted(device.get(GET, twist), kept))


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
def test_what_an_authenticator_signs_is_taken(algorithm: Algorithm) -> None:
    """Round trip."""
    device = Authenticator(algorithm=algorithm, flags=UP | UV | BE | BS)
    kept = known(device)
    verified = asserted(device.get(GET), kept)
    assert (verified.credential_id, verified.sign_count, verified.backed_up) == (device.credential_id, 2, True)


@pytest.mark.parametrize(
    ("client", "why"),
    [
        ({"type": "webauthn.create"}, Reason.TYPE),
        ({"type": "payment.get"}, Reason.TYPE),
        ({"challenge": letters(bytes(32))}, Reason.CHALLENGE),
        ({"origin": "https://evil.test"}, Reason.ORIGIN),
        ({"origin": "https://airside.test.evil.test"}, Reason.ORIGIN),
        ({"origin": "https://AIRSIDE.test"}, Reason.ORIGIN),
        ({"crossOrigin": True}, Reason.CROSS_ORIGIN),
        ({"topOrigin": None, "crossOrigin": "true"}, Reason.CROSS_ORIGIN),
    ],
)
def test_what_the_browser_did_elsewhere_is_refused(client: dict[str, object], why: Reason) -> None:
    """Wrong context."""
    assert _refused(Twist(client=client)) is why


@pytest.mark.parametrize(
    ("twist", "why"),
    [
        (Twist(rp_id="evil.test"), Reason.RELYING_PARTY),
        (Twist(flags=UP), Reason.PRESENCE),
        (Twist(flags=UV), Reason.VERIFICATION),
        (Twist(flags=BS), Reason.BACKUP),
        (Twist(flags=BE), Reason.BACKUP),
        (Twist(flags=AT), Reason.MALFORMED),
        (Twist(handle=None), Reason.USER_HANDLE),
        (Twist(handle=b""), Reason.USER_HANDLE),
        (Twist(handle=bytes(63)), Reason.USER_HANDLE),
        (Twist(handle=b"\1" * 64), Reason.USER_HANDLE),
        (Twist(signature=lambda signed: b""), Reason.SIGNATURE),
        (Twist(signature=lambda signed: signed[:-1]), Reason.SIGNATURE),
        (Twist(signature=lambda signed: signed + b"\0"), Reason.SIGNATURE),
        (Twist(signature=lambda signed: bytes(len(signed))), Reason.SIGNATURE),
        (Twist(extensions=b"\xa1"), Reason.MALFORMED),
    ],
)
def test_what_the_authenticator_didnt_say_is_refused(twist: Twist, why: Reason) -> None:
    assert _refused(twist) is why


def test_passkey_that_became_copyable_or_ceased_to_be_is_refused() -> None:
    """WebAuthn §7.2 step 21: backup eligibility is for life."""
    copyable = Authenticator(flags=UP | UV | BE)
    assert _refused(Twist(flags=BE)) is Reason.BACKUP
    assert _refused(Twist(flags=BE), copyable) is Reason.BACKUP
    kept = known(copyable)
    assert asserted(copyable.get(GET, Twist(flags=BS)), kept).backed_up


def test_counter_that_has_not_risen_is_refused_as_a_copys() -> None:
    """WebAuthn §6.1.1."""
    for counter in (0, 1, 9, 10):
        assert _refused(Twist(counter=counter), Authenticator(counter=10)) is Reason.COUNTER


def test_counter_is_not_believed_before_the_signature() -> None:
    """Anybody could raise the alarm about somebody's key otherwise."""
    forged = Twist(counter=1, signature=lambda signed: bytes(len(signed)))
    assert _refused(forged, Authenticator(counter=10)) is Reason.SIGNATURE
    flipped = Twist(flags=BE, signature=lambda signed: bytes(len(signed)))
    assert _refused(flipped) is Reason.SIGNATURE


def test_counter_that_stays_zero_is_fine_and_may_begin_to_count() -> None:
    device = Authenticator(counter=0)
    kept = known(device)
    assert asserted(device.get(GET), kept).sign_count == 0
    assert asserted(device.get(GET, Twist(counter=5)), kept).sign_count == 5


def test_known_user_need_not_be_named_again_but_nobody_else_may_be() -> None:
    device = Authenticator()
    kept = known(device)
    assert asserted(device.get(GET, Twist(handle=None)), kept, discovered=False)
    other = device.get(GET, Twist(handle=b"\1" * 64))
    assert refused(lambda: asserted(other, kept, discovered=False)) is Reason.USER_HANDLE


def test_another_credentials_assertion_is_refused() -> None:
    """Wrong context: another credential of the same user, or its key under this one's name."""
    one, other = Authenticator(), Authenticator()
    kept = known(one)
    known(other)
    assert refused(lambda: asserted(other.get(GET), kept)) is Reason.CREDENTIAL
    other.credential_id = one.credential_id
    assert refused(lambda: asserted(other.get(GET), kept)) is Reason.SIGNATURE


def test_another_party_or_challenge_takes_nothing_of_it() -> None:
    """Wrong context."""
    device = Authenticator()
    kept = known(device)
    read = read_assertion(device.get(GET).encode())
    other = RelyingParty.of("https://other.test")
    cases = ((other, CHALLENGE, Reason.ORIGIN), (replace(PARTY, id="other.test"), CHALLENGE, Reason.RELYING_PARTY))
    for party, challenge, why in (*cases, (PARTY, bytes(32), Reason.CHALLENGE)):
        given = refused(
            lambda party=party, challenge=challenge: verify_assertion(
                read, kept, challenge=challenge, party=party, discovered=True
            )
        )
        assert given is why


def test_registration_is_no_assertion() -> None:
    """N06: one single-use object taken for another."""
    device = Authenticator()
    kept = known(device)
    assert refused(lambda: asserted(device.create(CREATE), kept)) is Reason.MALFORMED


def test_any_bit_turned_is_refused() -> None:
    """Corrupted."""
    device = Authenticator()
    kept = known(device)
    whole = json.loads(device.get(GET))
    assert asserted(json.dumps(whole), kept)
    for part in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
        content = octets(whole["response"][part])
        for position in range(len(content)):
            turned = content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]
            changed = {**whole, "response": {**whole["response"], part: letters(turned)}}
            refused(lambda changed=changed: asserted(json.dumps(changed), kept))


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
def test_part_cut_short_or_drawn_out_is_refused(part: str) -> None:
    """Truncated, and extended."""
    device = Authenticator()
    kept = known(device)
    whole = json.loads(device.get(GET))
    content = octets(whole["response"][part])
    for other in (*(content[:size] for size in range(len(content))), content + b"\0"):
        whole["response"][part] = letters(other)
        refused(lambda: asserted(json.dumps(whole), kept))


def test_response_cut_short_anywhere_is_refused() -> None:
    """Truncated."""
    device = Authenticator()
    kept = known(device)
    whole = device.get(GET).encode()
    for size in range(0, len(whole), 5):
        assert refused(lambda size=size: asserted(whole[:size], kept)) is Reason.MALFORMED


def test_too_much_is_refused_before_it_is_read() -> None:
    """Oversized."""
    assert refused(lambda: read_assertion(b"{" * (MAX_RESPONSE + 1))) is Reason.TOO_LARGE
    long = json.dumps({"id": "A" * 1366, "rawId": "A" * 1366, "type": "public-key", "response": {}})
    assert refused(lambda: read_assertion(long.encode())) is Reason.TOO_LARGE


@pytest.mark.parametrize("name", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
@pytest.mark.parametrize("value", [1, True, [], {}, "not base64url!", "AB", "AA=="])
def test_member_of_another_type_is_refused(name: str, value: object) -> None:
    """Type confusion."""
    device = Authenticator()
    known(device)
    whole = json.loads(device.get(GET))
    whole["response"][name] = value
    assert refused(lambda: read_assertion(json.dumps(whole).encode())) is Reason.MALFORMED


def test_wire_format_is_that_of_browsers() -> None:
    """As Chromium's `toJSON` writes it: members nobody asked for are ignored, a null handle is none."""
    device = Authenticator()
    kept = known(device)
    whole = json.loads(device.get(GET, Twist(extensions=cbor2.dumps({"uvm": [[2, 4, 2]]}))))
    whole |= {"authenticatorAttachment": "platform", "clientExtensionResults": {"appid": True}}
    assert asserted(json.dumps(whole), kept)
    whole["response"]["userHandle"] = None
    assert asserted(json.dumps(whole), kept, discovered=False)


def test_only_the_verifier_makes_one() -> None:
    with pytest.raises(TypeError):
        VerifiedAssertion(b"c", 0, False, Mint("VerifiedAssertion"))
    assert len(HANDLE) == 64
