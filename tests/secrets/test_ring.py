"""A named key in memory: what it seals opens with this key, version, tenant and context, and with nothing else."""

from base64 import urlsafe_b64encode
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from airside.core.entropy import Entropy
from airside.core.errors import NotFound, TooLarge
from airside.core.secret import Secret
from airside.protocols.envelope import (
    MAX_PLAINTEXT,
    MAX_TEXT,
    PREFIX,
    Local,
    Sealed,
    Unreadable,
    context_bytes,
    from_text,
    open_local,
    seal_local,
    to_text,
)
from airside.secrets import KeyRing, Purpose
from airside.secrets.ring import SEALS_PER_SALT

TENANT, KEY = UUID(bytes=b"\x22" * 16), UUID(bytes=b"\x11" * 16)
FIRST, SECOND = bytes(range(32)), bytes(range(32, 64))
CONTEXT = context_bytes({"table": "note", "row": "7"})
FIELD = b"customer.iban"
IBAN = b"DE02120300000000202051"


def ring(
    entropy: Entropy,
    *,
    tenant: UUID = TENANT,
    key: UUID = KEY,
    purpose: Purpose = "seal",
    versions: dict[int, bytes] | None = None,
    active: int | None = 1,
) -> KeyRing:
    held = {1: FIRST} if versions is None else versions
    secrets = {version: Secret(value) for version, value in held.items()}
    return KeyRing(tenant_id=tenant, key_id=key, purpose=purpose, versions=secrets, active=active, entropy=entropy)


def flipped(text: str, at: int) -> str:
    letter = "A" if text[at] != "A" else "B"
    return text[:at] + letter + text[at + 1 :]


@pytest.mark.parametrize("value", [b"", b"call Grace", bytes(MAX_PLAINTEXT)], ids=["empty", "short", "largest"])
def test_sealed_value_opens_in_its_context(entropy: Entropy, value: bytes) -> None:
    held = ring(entropy)
    assert held.open(held.seal(value, CONTEXT), CONTEXT) == value


def test_same_value_is_never_sealed_twice_alike(entropy: Entropy) -> None:
    held = ring(entropy)
    assert len({held.seal(b"x", CONTEXT) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "context", [{}, {"table": "note"}, {"table": "note", "row": "8"}, {"tabl": "enote", "row": "7"}]
)
def test_other_context_opens_nothing(entropy: Entropy, context: dict[str, str]) -> None:
    held = ring(entropy)
    with pytest.raises(Unreadable):
        held.open(held.seal(b"x", CONTEXT), context_bytes(context))


def test_other_key_and_other_tenant_open_nothing(entropy: Entropy) -> None:
    """N20: not even with the very same material."""
    text = ring(entropy).seal(b"x", CONTEXT)
    other = UUID(bytes=b"\x33" * 16)
    for held in (ring(entropy, tenant=other), ring(entropy, key=other), ring(entropy, versions={1: SECOND})):
        with pytest.raises(Unreadable):
            held.open(text, CONTEXT)


def test_destroyed_version_opens_nothing_and_retired_one_opens(entropy: Entropy) -> None:
    text = ring(entropy).seal(b"x", CONTEXT)
    assert ring(entropy, versions={1: FIRST, 2: SECOND}, active=2).open(text, CONTEXT) == b"x"
    with pytest.raises(Unreadable):
        ring(entropy, versions={2: SECOND}, active=2).open(text, CONTEXT)


def test_key_without_active_version_seals_nothing(entropy: Entropy) -> None:
    with pytest.raises(NotFound):
        ring(entropy, active=None).seal(b"x", CONTEXT)


def test_every_flipped_letter_is_refused(entropy: Entropy) -> None:
    """N42, N38: no bit of the text can change, in any part of it."""
    held = ring(entropy)
    text = held.seal(b"call Grace", CONTEXT)
    for at in range(len(text)):
        with pytest.raises(Unreadable):
            held.open(flipped(text, at), CONTEXT)


def test_every_truncation_and_addition_is_refused(entropy: Entropy) -> None:
    held = ring(entropy)
    text = held.seal(b"call Grace", CONTEXT)
    for short in [text[:at] for at in range(len(text))] + [text + "A", text + "=", " " + text, text + "\n"]:
        with pytest.raises(Unreadable):
            held.open(short, CONTEXT)


def test_oversized_value_and_text_are_refused(entropy: Entropy) -> None:
    held = ring(entropy)
    with pytest.raises(TooLarge):
        held.seal(bytes(MAX_PLAINTEXT + 1), CONTEXT)
    with pytest.raises(Unreadable):
        held.open(PREFIX + "A" * (MAX_TEXT + 1), CONTEXT)


def test_wire_format_of_a_value_is_the_documented_one(entropy: Entropy) -> None:
    """Written a second time from `docs/operations/vault-format.md`: HKDF-SHA256, AES-256-GCM, base64url."""

    def counted(*parts: bytes) -> bytes:
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)

    salt, nonce = b"\xa0" * 16, b"\xb0" * 12
    derived = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"airside/application/seal").derive(FIRST)
    context = counted(b"row", b"7", b"table", b"note")
    aad = counted(b"airside/application", b"\x01", TENANT.bytes, KEY.bytes, b"\x00\x00\x00\x01", salt, context)
    body = AESGCM(derived).encrypt(nonce, b"call Grace", aad)
    data = b"\x01" + b"\x00\x00\x00\x01" + salt + nonce + body
    text = "airside:v1:" + urlsafe_b64encode(data).rstrip(b"=").decode()
    assert ring(entropy).open(text, CONTEXT) == b"call Grace"
    assert to_text(from_text(text)) == text


def test_another_salt_is_drawn_long_before_nonces_could_meet(entropy: Entropy) -> None:
    """NIST SP 800-38D §8.3."""
    held = ring(entropy)
    salts = [from_text(held.seal(b"", b"")) for _ in range(SEALS_PER_SALT + 1)]
    first, last = salts[0], salts[-1]
    assert isinstance(first, Sealed)
    assert isinstance(last, Sealed)
    assert first.salt != last.salt
    assert len({each.salt for each in salts if isinstance(each, Sealed)}) == 2


def test_data_key_opens_as_data_key_alone(entropy: Entropy) -> None:
    """N06: neither kind passes for the other."""
    held = ring(entropy)
    plaintext, wrapped = held.data_key(CONTEXT)
    assert held.unwrap(wrapped, CONTEXT).reveal() == plaintext.reveal()
    value = held.seal(plaintext.reveal(), CONTEXT)
    for wrong in (lambda: held.open(wrapped, CONTEXT), lambda: held.unwrap(value, CONTEXT)):
        with pytest.raises(Unreadable):
            wrong()


def test_data_key_seals_where_the_plaintext_is(entropy: Entropy) -> None:
    held = ring(entropy)
    data_key, wrapped = held.data_key(b"")
    key = from_text(wrapped)
    assert isinstance(key, Sealed)
    text = seal_local(data_key.reveal(), key, nonce=entropy.bytes(12), plaintext=b"x", context={"row": "7"})
    local = from_text(text)
    assert isinstance(local, Local)
    again = held.unwrap(to_text(local.wrapped), b"").reveal()
    assert open_local(again, local, {"row": "7"}) == b"x"
    with pytest.raises(Unreadable):
        open_local(again, local, {"row": "8"})
    for at in range(len(text)):
        broken = flipped(text, at)
        with pytest.raises(Unreadable):
            found = from_text(broken)
            assert isinstance(found, Local)
            open_local(held.unwrap(to_text(found.wrapped), b"").reveal(), found, {"row": "7"})
    for at in range(len(text)):
        with pytest.raises(Unreadable):
            found = from_text(text[:at])
            assert isinstance(found, Local)
            open_local(again, found, {"row": "7"})


def test_rewrapping_moves_to_the_active_version_and_keeps_what_is_inside(entropy: Entropy) -> None:
    first, both = ring(entropy), ring(entropy, versions={1: FIRST, 2: SECOND}, active=2)
    after = ring(entropy, versions={2: SECOND}, active=2)
    text = both.rewrap(first.seal(b"x", CONTEXT), CONTEXT)
    assert after.open(text, CONTEXT) == b"x"
    data_key, wrapped = first.data_key(b"")
    key = from_text(wrapped)
    assert isinstance(key, Sealed)
    sealed = seal_local(data_key.reveal(), key, nonce=entropy.bytes(12), plaintext=b"y", context={"row": "7"})
    moved = from_text(both.rewrap(sealed, b""))
    assert isinstance(moved, Local)
    assert open_local(after.unwrap(to_text(moved.wrapped), b"").reveal(), moved, {"row": "7"}) == b"y"
    with pytest.raises(Unreadable):
        both.rewrap(first.seal(b"x", CONTEXT), b"")


def test_equal_values_of_a_field_have_equal_tokens_and_no_others(entropy: Entropy) -> None:
    held = ring(entropy, purpose="token")
    token = held.tokenise(IBAN, FIELD)
    assert held.tokenise(IBAN, FIELD) == token == ring(entropy, purpose="token").tokenise(IBAN, FIELD)
    other = UUID(bytes=b"\x33" * 16)
    others = [
        held.tokenise(IBAN, b"customer.bban"),
        held.tokenise(IBAN + b" ", FIELD),
        ring(entropy, purpose="token", tenant=other).tokenise(IBAN, FIELD),
        ring(entropy, purpose="token", key=other).tokenise(IBAN, FIELD),
        ring(entropy, purpose="token", versions={1: SECOND}).tokenise(IBAN, FIELD),
    ]
    assert len({token, *others}) == 6
    assert held.detokenise(token, FIELD) == IBAN


def test_token_of_another_field_tenant_or_key_says_nothing(entropy: Entropy) -> None:
    """N20."""
    token = ring(entropy, purpose="token").tokenise(IBAN, FIELD)
    other = UUID(bytes=b"\x33" * 16)
    for held, field in (
        (ring(entropy, purpose="token"), b"customer.bban"),
        (ring(entropy, purpose="token", tenant=other), FIELD),
        (ring(entropy, purpose="token", key=other), FIELD),
        (ring(entropy, purpose="token", versions={2: FIRST}, active=2), FIELD),
        (ring(entropy), FIELD),
    ):
        with pytest.raises(Unreadable):
            held.detokenise(token, field)


def test_changed_cut_and_oversized_tokens_are_refused(entropy: Entropy) -> None:
    held = ring(entropy, purpose="token")
    token = held.tokenise(IBAN, FIELD)
    changed = [flipped(token, at) for at in range(len(token))]
    for wrong in [*changed, *(token[:at] for at in range(len(token))), PREFIX + "B" * (MAX_TEXT + 1)]:
        with pytest.raises(Unreadable):
            held.detokenise(wrong, FIELD)
    with pytest.raises(TooLarge):
        held.tokenise(bytes(MAX_PLAINTEXT + 1), FIELD)


def test_wire_format_of_a_token_is_the_documented_one(entropy: Entropy) -> None:
    """RFC 5297 under a key by HKDF-SHA256."""

    def counted(*parts: bytes) -> bytes:
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)

    derived = HKDF(algorithm=SHA256(), length=64, salt=None, info=b"airside/application/tokens").derive(FIRST)
    aad = counted(b"airside/application", b"\x04", TENANT.bytes, KEY.bytes, b"\x00\x00\x00\x01", b"", FIELD)
    data = b"\x04" + b"\x00\x00\x00\x01" + AESSIV(derived).encrypt(IBAN, [aad])
    wanted = "airside:v1:" + urlsafe_b64encode(data).rstrip(b"=").decode()
    assert ring(entropy, purpose="token").tokenise(IBAN, FIELD) == wanted


def test_token_is_carried_over_a_rotation(entropy: Entropy) -> None:
    both = ring(entropy, purpose="token", versions={1: FIRST, 2: SECOND}, active=2)
    old = ring(entropy, purpose="token").tokenise(IBAN, FIELD)
    assert both.detokenise(old, FIELD) == IBAN
    assert both.retokenise(old, FIELD) == both.tokenise(IBAN, FIELD) != old


def test_key_does_the_work_of_its_purpose_alone(entropy: Entropy) -> None:
    """N06."""
    with pytest.raises(NotFound):
        ring(entropy).tokenise(IBAN, FIELD)
    with pytest.raises(NotFound):
        ring(entropy, purpose="token").seal(b"x", CONTEXT)
    with pytest.raises(Unreadable):
        ring(entropy, purpose="token").open(ring(entropy).seal(b"x", CONTEXT), CONTEXT)
    with pytest.raises(Unreadable):
        ring(entropy).rewrap(ring(entropy, purpose="token").tokenise(IBAN, FIELD), CONTEXT)
