"""What a verifier can be told to overlook, said aloud: for old messages in tests. No setting leads here."""

from dataclasses import dataclass
from typing import Final

MIN_RSA_BITS: Final = 2048
_SHORT_RSA_BITS: Final = 1024


@dataclass(frozen=True, slots=True)
class Lenience:
    """Everything is held to the strict reading unless it is named here.

    `sha1`: signatures and digests by SHA-1. `short_rsa`: RSA keys from 1024 bits. `no_audience`: assertions that
    don't say for whom they are (Profiles §4.1.4.2 wants it).
    """

    sha1: bool = False
    short_rsa: bool = False
    no_audience: bool = False

    @property
    def min_rsa_bits(self) -> int:
        """The shortest RSA modulus that is worth verifying with."""
        return _SHORT_RSA_BITS if self.short_rsa else MIN_RSA_BITS


STRICT: Final = Lenience()
