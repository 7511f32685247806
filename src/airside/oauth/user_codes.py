"""User codes: what people carry from a device to a browser by eye and hand (RFC 8628 §6.1). Pure."""

from typing import Final

from airside.core.entropy import Entropy
from airside.core.secret import Secret

ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Twenty letters without vowels: they spell no word, and none is taken for a digit."""
LENGTH: Final = 8
"""34 bits: enough because tries are counted (`DEVICE_CODE_ORIGIN`, `DEVICE_CODE_ACCOUNT`) and codes live minutes."""
MAX_TYPED: Final = 64
"""Characters of a typed code that are looked at: one with more is no code."""

_EVEN: Final = 256 - 256 % len(ALPHABET)
"""Bytes from here on are drawn again, so that every letter is as likely as any other."""
_GAPS: Final = dict.fromkeys(map(ord, " \t\r\n\u00a0\u2007\u202f-._\u00ad\u2010\u2011\u2012\u2013\u2014\u2212"))


def draw_user_code(entropy: Entropy) -> str:
    """A new code, in the one spelling that is hashed."""
    letters = ""
    while len(letters) < LENGTH:
        letters += "".join(ALPHABET[byte % len(ALPHABET)] for byte in entropy.bytes(LENGTH) if byte < _EVEN)
    return letters[:LENGTH]


def read_user_code(typed: Secret[str]) -> str | None:
    """The one spelling of what was typed: capitals, no spaces, no dashes. None for what can be no code."""
    text = typed.reveal()
    if len(text) > MAX_TYPED:
        return None
    text = text.translate(_GAPS)
    if not text.isascii():
        return None
    text = text.upper()
    return text if len(text) == LENGTH and all(letter in ALPHABET for letter in text) else None


def show_user_code(code: str) -> Secret[str]:
    """`XXXX-XXXX`."""
    half = LENGTH // 2
    return Secret(f"{code[:half]}-{code[half:]}")
