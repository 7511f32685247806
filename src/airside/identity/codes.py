"""Codes that people type: read generously, compared as one spelling. Pure."""

import hmac
from hashlib import sha256
from typing import Final
from uuid import UUID

from airside.core.entropy import Entropy
from airside.core.ids import ALPHABET
from airside.core.secret import Secret

DIGITS: Final = 6
MAX_TYPED: Final = 64
"""Characters of a typed code that are looked at: one with more is no code."""
RECOVERY_CHARACTERS: Final = 10
"""50 bits in Crockford's base32: guessing is hopeless, whatever the limits."""

_GAPS: Final = dict.fromkeys(map(ord, " \t\r\n\u00a0\u2007\u202f-\u00ad\u2010\u2011\u2012\u2013\u2014\u2212"))
"""Spaces and dashes, also those that word processors and fonts put in their place."""
_LOOK_ALIKES: Final = str.maketrans("ilo", "110")


def read_digits(typed: Secret[str]) -> str | None:
    """The six digits in what was typed, without spaces and dashes; None for anything else."""
    text = _dense(typed)
    return text if text is not None and len(text) == DIGITS and text.isdigit() else None


def read_recovery(typed: Secret[str]) -> str | None:
    """The one spelling of a recovery code: lower case, no spaces, no dashes, `i` and `l` read as 1, `o` as 0
    (Crockford). None for what can be no such code."""
    text = _dense(typed)
    if text is None:
        return None
    text = text.lower().translate(_LOOK_ALIKES)
    return text if len(text) == RECOVERY_CHARACTERS and all(character in ALPHABET for character in text) else None


def draw_recovery(entropy: Entropy) -> str:
    """A new recovery code: ten Crockford characters, each of five random bits."""
    return "".join(ALPHABET[byte & 31] for byte in entropy.bytes(RECOVERY_CHARACTERS))


def show_recovery(code: str) -> Secret[str]:
    """`xxxxx-xxxxx`."""
    half = RECOVERY_CHARACTERS // 2
    return Secret(f"{code[:half]}-{code[half:]}")


def derive_digits(key: bytes, row_id: UUID) -> str:
    """Six digits that follow from a key and a row's id: HMAC-SHA256, cut to 64 bits, modulo 10^6. Of two codes one is
    likelier than another by less than 10^-13, so nothing is gained by guessing the low ones first."""
    mac = hmac.digest(key, row_id.bytes, sha256)
    return f"{int.from_bytes(mac[:8]) % 10**DIGITS:0{DIGITS}d}"


def _dense(typed: Secret[str]) -> str | None:
    text = typed.reveal()
    if len(text) > MAX_TYPED:
        return None
    text = text.translate(_GAPS)
    return text if text.isascii() else None
