"""A tenant's keys: what they seal opens in its place, under this tenant, and nowhere else."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from airside.core.entropy import Entropy
from airside.core.errors import TooLarge
from airside.core.secret import Secret
from airside.vault import Keyset, Place, Unopenable
from airside.vault.envelope import MAX_PLAINTEXT, OVERHEAD
from airside.vault.indexes import STRENGTHS

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
    assert one.blind_index("invitation", "email_index", b"v") != other.blind_index("invitation", "email_index", b"v")
    assert one.keyed_hash("limit/a", b"v") != other.keyed_hash("limit/a", b"v")
    assert one.derive("csrf") != other.derive("csrf")


def test_blind_index_is_what_it_always_was(entropy: Entropy) -> None:
    """N37: what rows are found by that stand in a database already."""
    keyset = fixed(entropy)
    found = {place: keyset.blind_index(*place, b"ada@example.org").hex() for place in STRENGTHS}
    assert found == {
        ("user_account", "email_index"): "99500ce619ee709a266b6c626c3e6008",
        ("user_account", "email_domain_index"): "3755",
        ("invitation", "email_index"): "99500ce619ee709a266b6c626c3e6008",
        ("passkey", "credential_index"): "dfe292ef8ad5e3e27fb2a8cce8c72a94",
        ("external_identity", "subject_index"): "78f9ee1e3828a7047db86b72d4a994ad",
        ("federated_session", "foreign_index"): "6ca4b9912e424c16e3b77f0c959f50bb",
        ("scim_user", "user_name_index"): "23c19546681540c7ac549a5b33250fca",
        ("scim_user", "external_id_index"): "9e653acaf5cf28ce872ce6eecacb4a44",
        ("scim_email", "email_index"): "f2f813b15b735cd587c7d54e7ee85f77",
        ("scim_group", "name_index"): "6a4c57689afb0a88366882385cb2bf38",
        ("scim_group", "external_id_index"): "513a05df52f6748017d580744f6cb241",
        ("recovery_code", "code_hash"): "5ecd964f3dbf74b6254d7a509e49ff61",
    }


def test_blind_index_differs_by_tenant_column_value_and_key(entropy: Entropy) -> None:
    one, other = fresh(entropy, TENANT), fresh(entropy, OTHER_TENANT)
    places = [("passkey", "credential_index"), ("scim_user", "user_name_index"), ("scim_email", "email_index")]
    asked = [(keyset, place, value) for keyset in (one, other) for place in places for value in (b"e", b"f")]
    assert len({keyset.blind_index(*place, value) for keyset, place, value in asked}) == len(asked)
    assert one.blind_index(*places[0], b"e") == one.blind_index(*places[0], b"e")


def test_column_that_is_not_in_the_catalogue_has_no_index(entropy: Entropy) -> None:
    for index in (fixed(entropy).blind_index, fixed(entropy).blind_indexes):
        with pytest.raises(KeyError):
            index("user_account", "email", b"ada@example.org")


def test_value_is_found_by_every_index_key_that_there_is_the_present_one_first(entropy: Entropy) -> None:
    keys = [Secret(entropy.bytes(32)) for _ in range(3)]
    alone = [_indexed_by(entropy, key).blind_index("passkey", "credential_index", b"v") for key in keys]
    keyset = _indexed_by(entropy, keys[0], keys[1:])
    assert keyset.blind_indexes("passkey", "credential_index", b"v") == alone
    assert keyset.blind_index("passkey", "credential_index", b"v") == alone[0]


def test_keyed_hash_stays_when_the_index_key_is_another(entropy: Entropy) -> None:
    one, other = (_indexed_by(entropy, Secret(entropy.bytes(32))) for _ in range(2))
    assert one.keyed_hash("limit/a", b"v") == other.keyed_hash("limit/a", b"v")
    assert len({one.keyed_hash(use, value) for use in ("limit/a", "limit/b") for value in (b"v", b"w")}) == 4


def _indexed_by(entropy: Entropy, index: Secret[bytes], former: Sequence[Secret[bytes]] = ()) -> Keyset:
    data, derive = {FIRST: Secret(bytes(32))}, Secret(bytes(32))
    return Keyset(tenant_id=TENANT, data=data, active=FIRST, index=index, derive=derive, entropy=entropy, former=former)


def test_derived_key_is_what_it_always_was(entropy: Entropy) -> None:
    assert fixed(entropy).derive("csrf").hex() == "15a559cbe59bc87eda38a65568955921e27dd61cdc4a0b7bf5e3168a3c5cc02b"
    assert fixed(entropy).derive("cursor") != fixed(entropy).derive("csrf")


def test_keyset_prints_no_key(entropy: Entropy) -> None:
    """N37"""
    keyset = fixed(entropy)
    keyset.blind_index("passkey", "credential_index", b"v")
    shown = repr(keyset) + str(vars(keyset))
    for start in range(0, 128, 32):
        assert repr(bytes(range(start, start + 32)))[2:20] not in shown
    assert shown.count("***") == 5
