"""Where a key encryption key is, in one word."""

from pathlib import Path

import pytest

from airside.vault.kms.address import (
    AwsAddress,
    FileAddress,
    KekAddress,
    Pkcs11Address,
    TransitAddress,
    read_kek,
    read_keks,
)
from airside.vault.kms.transit import AppRole, TokenFile

ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
GOOD: list[tuple[str, KekAddress]] = [
    ("file:/etc/airside/kek", FileAddress(Path("/etc/airside/kek"))),
    (f"aws:{ARN}", AwsAddress(ARN)),
    (f"aws:{ARN}?region=eu-central-1", AwsAddress(ARN)),
    (f"aws:{ARN}?endpoint=https://vpce.example.com", AwsAddress(ARN, "https://vpce.example.com")),
    (
        "transit:https://bao.example.com:8200/transit/airside?token_file=/run/token&ca=/etc/ca.pem",
        TransitAddress(
            "https://bao.example.com:8200", "transit", "airside", TokenFile(Path("/run/token")), Path("/etc/ca.pem")
        ),
    ),
    (
        "transit:https://bao.example.com/a/b/kek?role_id_file=/r&secret_id_file=/s&auth=roles&namespace=n&id=bao",
        TransitAddress(
            "https://bao.example.com",
            "a/b",
            "kek",
            AppRole(Path("/r"), Path("/s"), "roles"),
            namespace="n",
            known_as="bao",
        ),
    ),
    (
        "pkcs11:token=My%20token;object=kek;type=secret-key?module-path=/usr/lib/p11.so&pin-source=file:/run/pin",
        Pkcs11Address(Path("/usr/lib/p11.so"), "My token", "kek", Path("/run/pin")),
    ),
]


@pytest.mark.parametrize(("word", "address"), GOOD)
def test_address_is_read(word: str, address: KekAddress) -> None:
    """PKCS#11: RFC 7512 §2.3."""
    assert read_kek(word) == address
    assert not address.plain


def test_several_are_separated_by_commas() -> None:
    assert read_keks(", ".join(word for word, _ in GOOD)) == tuple(address for _, address in GOOD)


@pytest.mark.parametrize("word", [f"aws:{ARN}?endpoint=http://localhost:1", "transit:http://[::1]:2/t/k?token_file=/t"])
def test_way_without_tls_leads_to_this_machine_only_and_says_so(word: str) -> None:
    assert read_kek(word).plain
    with pytest.raises(ValueError, match="without TLS"):
        read_kek(word.replace("localhost", "kms.internal").replace("[::1]", "10.0.0.1"))


@pytest.mark.parametrize(
    "word",
    [
        "transit:https://root:hvs.canary@bao.example.com/transit/kek?token_file=/t",
        "transit:https://bao.example.com/transit/kek?token=hvs.canary",
        f"aws:{ARN}?secret_access_key=hvs.canary",
        "pkcs11:token=a;object=b?module-path=/m&pin-value=hvs.canary",
        "pkcs11:token=a;object=b;pin-value=hvs.canary?module-path=/m&pin-source=file:/p",
    ],
)
def test_word_that_holds_a_secret_is_refused_and_not_repeated(word: str) -> None:
    """N37"""
    with pytest.raises(ValueError, match=r".") as refused:
        read_kek(word)
    assert "canary" not in str(refused.value)
