"""Encrypted elements (XML Encryption 1.1): RSA-OAEP for the key; AES-GCM, or AES-CBC under a signature, for content.

RSA1_5 is refused. CBC has no integrity of its own: whoever may send us changed ciphertexts learns the plaintext from
how we answer, or from how long it takes (Jager and Somorovsky, 2011). So content in CBC is decrypted only where a
verified signature covers the ciphertext, and everything that goes wrong from the unwrapping of the key to the end of
the padding has one answer (N42).
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from airside.protocols.saml.names import DS, XENC, XENC11, ds, xenc
from airside.protocols.saml.refusals import Reason, SamlRefused
from airside.protocols.saml.xml import Element, at_most_one, children, demand_children, only, text

MAX_DECRYPTION_KEYS: Final = 4
"""Ours at once, for a rollover."""
OAEP_MGF1P: Final = f"{XENC}rsa-oaep-mgf1p"
OAEP: Final = f"{XENC11}rsa-oaep"
AES_CBC: Final = {f"{XENC}aes{bits}-cbc": bits // 8 for bits in (128, 192, 256)}
AES_GCM: Final = {f"{XENC11}aes{bits}-gcm": bits // 8 for bits in (128, 192, 256)}
MGF1_SHA1: Final = f"{XENC11}mgf1sha1"

_DIGESTS: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    f"{DS}sha1": hashes.SHA1,
    f"{XENC}sha256": hashes.SHA256,
    f"{XENC}sha512": hashes.SHA512,
}
_MASKS: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    MGF1_SHA1: hashes.SHA1,
    f"{XENC11}mgf1sha256": hashes.SHA256,
    f"{XENC11}mgf1sha512": hashes.SHA512,
}
_BLOCK: Final = 16
_NONCE: Final = 12
_TAG: Final = 16
_MGF: Final = f"{{{XENC11}}}MGF"


def decrypt(encrypted: Element, keys: Sequence[rsa.RSAPrivateKey], *, covered: bool) -> bytes:
    """The XML inside of an EncryptedAssertion or EncryptedID. `covered`: a verified signature covers the ciphertext.

    Raises:
        SamlRefused: nothing of ours decrypts it, or it isn't built as we take it. There is one reason for all.
    """
    try:
        return _decrypt(encrypted, keys, covered=covered)
    except (ValueError, binascii.Error, InvalidTag, SamlRefused):
        raise SamlRefused(Reason.ENCRYPTION) from None


def _decrypt(encrypted: Element, keys: Sequence[rsa.RSAPrivateKey], *, covered: bool) -> bytes:
    demand_children(encrypted, frozenset({xenc("EncryptedData"), xenc("EncryptedKey")}))
    data = only(encrypted, xenc("EncryptedData"))
    demand_children(data, frozenset({xenc("EncryptionMethod"), ds("KeyInfo"), xenc("CipherData")}))
    if data.get("Type", f"{XENC}Element") != f"{XENC}Element":
        raise SamlRefused(Reason.ENCRYPTION)
    method = only(data, xenc("EncryptionMethod")).get("Algorithm") or ""
    length = AES_GCM.get(method) or (AES_CBC.get(method) if covered else None)
    if length is None or not 0 < len(keys) <= MAX_DECRYPTION_KEYS:
        raise SamlRefused(Reason.ENCRYPTION)
    content = _cipher_value(data)
    padding_of_key, wrapped = _wrapped_key(_encrypted_key(encrypted, data))
    for key in keys:
        try:
            secret = key.decrypt(wrapped, padding_of_key)
        except ValueError:
            continue
        if len(secret) == length:
            return _open_gcm(secret, content) if method in AES_GCM else _open_cbc(secret, content)
    raise SamlRefused(Reason.ENCRYPTION)


def _encrypted_key(encrypted: Element, data: Element) -> Element:
    """The one wrapped key, in one of its two lawful places (SAML Errata E43)."""
    info = at_most_one(data, ds("KeyInfo"))
    inside = [] if info is None else children(info, xenc("EncryptedKey"))
    found = inside + children(encrypted, xenc("EncryptedKey"))
    if len(found) != 1:
        raise SamlRefused(Reason.ENCRYPTION)
    return found[0]


def _wrapped_key(key: Element) -> tuple[padding.OAEP, bytes]:
    method = only(key, xenc("EncryptionMethod"))
    demand_children(method, frozenset({ds("DigestMethod"), _MGF}))
    digest = at_most_one(method, ds("DigestMethod"))
    mask = at_most_one(method, _MGF)
    algorithm = method.get("Algorithm")
    if algorithm not in (OAEP_MGF1P, OAEP) or (algorithm == OAEP_MGF1P and mask is not None):
        raise SamlRefused(Reason.ENCRYPTION)
    hashed = _DIGESTS.get(f"{DS}sha1" if digest is None else digest.get("Algorithm") or "")
    masked = _MASKS.get(MGF1_SHA1 if mask is None else mask.get("Algorithm") or "")
    if hashed is None or masked is None:
        raise SamlRefused(Reason.ENCRYPTION)
    return padding.OAEP(padding.MGF1(masked()), hashed(), None), _cipher_value(key)


def _cipher_value(element: Element) -> bytes:
    """The bytes, in the element itself: a CipherReference would have us fetch them (N28)."""
    data = only(element, xenc("CipherData"))
    demand_children(data, frozenset({xenc("CipherValue")}))
    return base64.b64decode("".join(text(only(data, xenc("CipherValue"))).split()), validate=True)


def _open_gcm(secret: bytes, content: bytes) -> bytes:
    if len(content) < _NONCE + _TAG:
        raise SamlRefused(Reason.ENCRYPTION)
    return AESGCM(secret).decrypt(content[:_NONCE], content[_NONCE:], None)


def _open_cbc(secret: bytes, content: bytes) -> bytes:
    if len(content) < 2 * _BLOCK or len(content) % _BLOCK:
        raise SamlRefused(Reason.ENCRYPTION)
    decryptor = Cipher(algorithms.AES(secret), modes.CBC(content[:_BLOCK])).decryptor()
    padded = decryptor.update(content[_BLOCK:]) + decryptor.finalize()
    if not 1 <= padded[-1] <= _BLOCK:  # XML Encryption §5.2: the last byte counts the padding, the rest is anything
        raise SamlRefused(Reason.ENCRYPTION)
    return padded[: -padded[-1]]
