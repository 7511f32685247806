"""The only place that draws randomness. Every draw comes from the operating system's CSPRNG."""

import base64
import secrets
from typing import Protocol


class Entropy(Protocol):
    """A source of random bytes."""

    def bytes(self, count: int) -> bytes:
        """`count` unpredictable bytes."""
        ...


class SystemEntropy:
    """The operating system's CSPRNG."""

    def bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)


def token(entropy: Entropy, bits: int = 256) -> str:
    """A URL-safe, unpadded base64 string of `bits` random bits (a multiple of 8)."""
    return base64.urlsafe_b64encode(entropy.bytes(bits // 8)).rstrip(b"=").decode()


def equal(one: bytes, other: bytes) -> bool:
    """Whether two secrets are the same, in time that doesn't depend on where they differ."""
    return secrets.compare_digest(one, other)
