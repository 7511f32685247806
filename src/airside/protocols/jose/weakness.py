"""RSA public keys that prove nothing: too short, a broken exponent, or the mark of ROCA (CVE-2017-15361).

ROCA: primes made as k·M + 65537^a mod M leave a modulus whose remainder by every small prime lies in the group
that 65537 generates (Nemec et al., CCS 2017, §3.1). A sound modulus passes all of them with chance 2^-27.
"""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from airside.protocols.jose.refusals import KeyRefused

MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192  # a longer key is a way to spend our CPU (N27)
MIN_RSA_EXPONENT: Final = 65537
MAX_RSA_EXPONENT: Final = 2**32 - 1
_ROCA_PRIMES: Final = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


def _powers(prime: int) -> frozenset[int]:
    return frozenset(pow(65537, exponent, prime) for exponent in range(prime))


_ROCA_GROUPS: Final = {prime: _powers(prime) for prime in _ROCA_PRIMES}


def refuse_weak_rsa(numbers: rsa.RSAPublicNumbers) -> None:
    """Refuse a key that isn't worth verifying with (N42).

    Raises:
        KeyRefused: modulus outside 2048–8192 bits or even, exponent even or outside 65537–2^32, or ROCA.
    """
    if not MIN_RSA_BITS <= numbers.n.bit_length() <= MAX_RSA_BITS or numbers.n % 2 == 0:
        raise KeyRefused("RSA modulus refused", bits=numbers.n.bit_length())
    if not MIN_RSA_EXPONENT <= numbers.e <= MAX_RSA_EXPONENT or numbers.e % 2 == 0:
        raise KeyRefused("RSA exponent refused")
    if all(numbers.n % prime in group for prime, group in _ROCA_GROUPS.items()):
        raise KeyRefused("RSA modulus has the mark of ROCA")
