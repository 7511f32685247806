"""A tenant's keys: what they seal opens in its place, under this tenant, and nowhere else."""

from uuid import UUID

import pytest

from airside.core.entropy import Entropy
from airside.core.errors import TooLarge
from airside.core.secret import Secret
from airside.vault import Keyset, Place, Unopenable
from airside.vault.envelope import MAX_PLAINTEXT, OVERHEAD

TENANT, OTHER_TENANT = UUID(bytes=b"\x22" * 16), UUID(bytes=b"\x23" * 16)
FIRST, SECOND = UUID(bytes=b"\x11" * 16), UUID(bytes=b"\x12" * 16)
ROW, OTHER_ROW = UUID(bytes=b"\x33" * 16), UUID(bytes=b"\x34" * 16)
PLACE = Place("user_account", "email_sealed", ROW)
FIXED_SEALED = bytes.fromhex(
    "0111111111111111111111111111111111a0a1a2a3a4a5a6a7a8a9aaab"
    "877c1d6d20b363d21209e2fd6808a77204b8c64ec9458091d5a6285d22b8f0"
)


def fixed(entropy: Entropy, *, tenant_id: UUID = TENANT, active: UUID = FIRST) -> Keyset:
    """The keys that the vectors here were made with: bytes counting up from zero."""
    return Keyset(
        tenant_id=tenant_id,
        data={FIRST: Secret(bytes(range(32))), SECOND: Secret(bytes(range(96, 128)))},
        active=active,
        index=Secret(bytes(range(32, 64))),
        derive=Secret(bytes(range(64, 96))),
        entropy=entropy,
    )


def fresh(entropy: Entropy, tenant_id: UUID) -> Keyset:
    return Keyset(
        tenant_id=tenant_id,
        data={FIRST: Secret(entropy.bytes(32))},
        active=FIRST,
        index=Secret(entropy.bytes(32)),
        derive=Secret(entropy.bytes(32)),
        entropy=entropy,
    )


@pytest.mark.parametrize("value", [b"", b"ada@example.org", bytes(MAX_PLAINTEXT)], ids=["empty", "short", "largest"])
def test_sealed_field_opens_in_its_place(entropy: Entropy, value: bytes) -> None:
    keyset = fixed(entropy)
    sealed = keyset.seal(PLACE, value)
    assert len(sealed) == len(value) + OVERHEAD
    assert keyset.open(PLACE, sealed) == value


@pytest.mark.parametrize(
    "place",
    [
        PLACE._replace(table="user_session"),
        PLACE._replace(column="name_sealed"),
        PLACE._replace(row_id=OTHER_ROW),
        # The same letters, cut elsewhere: lengths are bound too.
        Place("user_accounte", "mail_sealed", ROW),
    ],
)
def test_sealed_field_opens_in_no_other_place(entropy: Entropy, place: Place) -> None:
    keyset = fixed(entropy)
    with pytest.raises(Unopenable):
        keyset.open(place, keyset.seal(PLACE, b"ada@example.org"))


def test_sealed_field_with_any_byte_changed_doesn_t_open(entropy: Entropy) -> None:
    keyset = fixed(entropy)
    for place in range(len(FIXED_SEALED)):
        changed = FIXED_SEALED[:place] + bytes([FIXED_SEALED[place] ^ 1]) + FIXED_SEALED[place + 1 :]
        with pytest.raises(Unopenable):
            keyset.open(PLACE, changed)


def test_sealed_field_cut_anywhere_or_lengthened_doesn_t_open(entropy: Entropy) -> None:
    keyset = fixed(entropy)
    for changed in [FIXED_SEALED[:length] for length in range(len(FIXED_SEALED))] + [FIXED_SEALED + b"\0"]:
        with pytest.raises(Unopenable):
            keyset.open(PLACE, changed)


def test_oversized_field_is_neither_sealed_nor_opened(entropy: Entropy) -> None:
    with pytest.raises(TooLarge):
        fixed(entropy).seal(PLACE, bytes(MAX_PLAINTEXT + 1))
    with pytest.raises(Unopenable):
        fixed(entropy).open(PLACE, FIXED_SEALED[:17] + bytes(MAX_PLAINTEXT + OVERHEAD))


def test_fields_sealed_by_an_earlier_version_still_open(entropy: Entropy) -> None:
    """Wire format: computed apart from this code."""
    assert fixed(entropy).open(PLACE, FIXED_SEALED) == b"ada@example.org"
    assert fixed(entropy, active=SECOND).open(PLACE, FIXED_SEALED) == b"ada@example.org"


def test_new_active_key_seals_and_the_old_one_still_opens(entropy: Entropy) -> None:
    sealed = fixed(entropy, active=SECOND).seal(PLACE, b"x")
    assert sealed[1:17] == SECOND.bytes
    assert fixed(entropy).open(PLACE, sealed) == b"x"


def test_two_tenants_open_nothing_of_each_other(entropy: Entropy) -> None:
    """N20"""
    one, other = fresh(entropy, TENANT), fresh(entropy, OTHER_TENANT)
    for here, there in ((one, other), (other, one)):
        with pytest.raises(Unopenable):
            there.open(PLACE, here.seal(PLACE, b"ada@example.org"))


def test_tenant_is_bound_even_where_keys_are_the_same(entropy: Entropy) -> None:
    """N20: a row copied to another tenant doesn't open, and its index and derived keys differ."""
    one, other = fixed(entropy), fixed(entropy, tenant_id=OTHER_TENANT)
    with pytest.raises(Unopenable):
        other.open(PLACE, FIXED_SEALED)
    assert one.blind_index("t", "c", b"v") != other.blind_index("t", "c", b"v")
    assert one.derive("csrf") != other.derive("csrf")


def test_blind_index_is_what_it_always_was(entropy: Entropy) -> None:
    index = fixed(entropy).blind_index("user_account", "email_index", b"ada@example.org")
    assert index.hex() == "272aeece4f542a337cabc8f0cc1826c6"


def test_blind_index_differs_by_tenant_table_column_and_value(entropy: Entropy) -> None:
    one, other = fresh(entropy, TENANT), fresh(entropy, OTHER_TENANT)
    places = [
        (keyset, table, column, value)
        for keyset in (one, other)
        for table in "ab"
        for column in "cd"
        for value in (b"e", b"f")
    ]
    found = {keyset.blind_index(table, column, value) for keyset, table, column, value in places}
    assert len(found) == len(places)
    assert one.blind_index("a", "c", b"e") == one.blind_index("a", "c", b"e")
    assert one.blind_index("ab", "c", b"") != one.blind_index("a", "bc", b"")


def test_derived_key_is_what_it_always_was(entropy: Entropy) -> None:
    assert fixed(entropy).derive("csrf").hex() == "15a559cbe59bc87eda38a65568955921e27dd61cdc4a0b7bf5e3168a3c5cc02b"
    assert fixed(entropy).derive("cursor") != fixed(entropy).derive("csrf")


def test_keyset_prints_no_key(entropy: Entropy) -> None:
    """N37"""
    keyset = fixed(entropy)
    keyset.blind_index("t", "c", b"v")
    shown = repr(keyset) + str(vars(keyset))
    for start in range(0, 128, 32):
        assert repr(bytes(range(start, start + 32)))[2:20] not in shown
    assert shown.count("***") == 5
