"""JWE outwards: what we encrypt, joserfc's reader opens; and to which keys nothing is encrypted."""

from typing import Any

import pytest
from joserfc import jwe, jwk
from joserfc.errors import JoseError

from airside.protocols.jose import KeyRefused
from airside.protocols.jose.jwe import CONTENT_ALGORITHMS, encrypt_jwt

TOKEN = "a.signed.token"
PAIRS = [
    ("RSA-OAEP-256", "RSA"),
    ("ECDH-ES", "EC"),
    ("ECDH-ES", "OKP"),
    ("ECDH-ES+A256KW", "EC"),
    ("ECDH-ES+A256KW", "OKP"),
]
RSA = jwk.RSAKey.generate_key(2048)
EC = jwk.ECKey.generate_key("P-256")
OKP = jwk.OKPKey.generate_key("X25519")
KEYS: dict[str, Any] = {"RSA": RSA, "EC": EC, "OKP": OKP}


def public(kind: str, **more: str) -> dict[str, Any]:
    return {name: value for name, value in KEYS[kind].as_dict(private=False).items() if name != "kid"} | more


@pytest.mark.parametrize("enc", CONTENT_ALGORITHMS)
@pytest.mark.parametrize(("alg", "kind"), PAIRS)
def test_what_is_encrypted_its_reader_opens(alg: str, kind: str, enc: str) -> None:
    """RFC 7516 §5.1, RFC 7518 §4 and §5: round trip with another implementation."""
    sealed = encrypt_jwt(TOKEN, public(kind, kid="k1", use="enc", alg=alg), alg=alg, enc=enc)
    read = jwe.decrypt_compact(sealed, KEYS[kind], algorithms=[alg, enc])
    assert read.plaintext == TOKEN.encode()
    header = read.headers()
    assert (header["alg"], header["enc"], header["cty"], header["kid"]) == (alg, enc, "JWT", "k1")


def test_wire_format_is_five_parts_and_never_the_same() -> None:
    """RFC 7516 §7.1; N42: no nonce is used twice."""
    one, other = (encrypt_jwt(TOKEN, public("EC"), alg="ECDH-ES", enc="A256GCM") for _ in range(2))
    assert one.count(".") == 4
    assert one != other


def test_corrupted_and_truncated_do_not_open() -> None:
    """RFC 7516 §5.2: integrity."""
    sealed = encrypt_jwt(TOKEN, public("EC"), alg="ECDH-ES", enc="A256GCM")
    head, key, nonce, body, tag = sealed.split(".")
    swapped = ("A" if body[0] != "A" else "B") + body[1:]
    for broken in (".".join((head, key, nonce, swapped, tag)), sealed[:-2]):
        with pytest.raises((JoseError, ValueError)):
            jwe.decrypt_compact(broken, EC, algorithms=["ECDH-ES", "A256GCM"])


@pytest.mark.parametrize(
    ("alg", "enc", "key"),
    [
        ("none", "A256GCM", public("EC")),
        ("dir", "A256GCM", {"kty": "oct", "k": "AAAA"}),
        ("RSA1_5", "A256GCM", public("RSA")),
        ("PBES2-HS256+A128KW", "A256GCM", {"kty": "oct", "k": "AAAA"}),
        ("RSA-OAEP-256", "A256GCM", public("EC")),
        ("ECDH-ES", "A256GCM", public("RSA")),
        ("ECDH-ES", "none", public("EC")),
        ("ECDH-ES", "A256GCM", public("EC", use="sig")),
        ("ECDH-ES", "A256GCM", public("EC", alg="ECDH-ES+A256KW")),
        ("ECDH-ES", "A256GCM", public("EC", crv="secp256k1")),
        ("ECDH-ES", "A256GCM", public("EC", x="AAAA")),
        ("ECDH-ES", "A256GCM", {"kty": "EC", "crv": "P-256"}),
        ("ECDH-ES", "A256GCM", EC.as_dict(private=True)),
        ("RSA-OAEP-256", "A256GCM", public("RSA", n="AQAB")),
        ("ECDH-ES", "A256GCM", {}),
    ],
)
def test_nothing_is_encrypted_to_what_is_no_key_for_it(alg: str, enc: str, key: dict[str, Any]) -> None:
    """N01: algorithm and key belong together; N42: weak and malformed keys."""
    with pytest.raises(KeyRefused):
        encrypt_jwt(TOKEN, key, alg=alg, enc=enc)


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_short_rsa_key_is_refused() -> None:
    """N42"""
    short: dict[str, Any] = jwk.RSAKey.generate_key(1024).as_dict(private=False)
    with pytest.raises(KeyRefused):
        encrypt_jwt(TOKEN, short, alg="RSA-OAEP-256", enc="A256GCM")
