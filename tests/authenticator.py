"""The kit's virtual passkey, under the name that these tests know it by."""

from airside.testing.passkeys import (
    AT,
    BE,
    BS,
    ED,
    MODEL,
    PLAIN,
    UP,
    UV,
    Algorithm,
    Maker,
    Tree,
    Twist,
    letters,
    octets,
)
from airside.testing.passkeys import VirtualPasskey as Authenticator

__all__ = [
    "AT",
    "BE",
    "BS",
    "ED",
    "MODEL",
    "PLAIN",
    "UP",
    "UV",
    "Algorithm",
    "Authenticator",
    "Maker",
    "Tree",
    "Twist",
    "letters",
    "octets",
]
