"""PKCE (RFC 7636), S256 only: `plain` protects from nobody who sees the request (RFC 9700 §2.1.1, N08)."""

import hashlib
import re
from typing import Final

from airside.core.entropy import equal
from airside.core.errors import InvalidInput
from airside.protocols.jose.segments import b64url_encode

S256: Final = "S256"
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 §4.1
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # base64url of 32 bytes


def check_method(method: str | None) -> None:
    """Let pass only S256. A missing method means `plain` (RFC 7636 §4.3), so it is refused too.

    Raises:
        InvalidInput: any other method, or none.
    """
    if method != S256:
        raise InvalidInput("code_challenge_method must be S256")


def check_challenge(challenge: str | None) -> str:
    """The challenge, if it is one.

    Raises:
        InvalidInput: missing, or not the shape of an S256 challenge.
    """
    if challenge is None or not _CHALLENGE.fullmatch(challenge):
        raise InvalidInput("code_challenge is missing or malformed")
    return challenge


def challenge_of(verifier: str) -> str:
    """BASE64URL(SHA256(ASCII(verifier))), RFC 7636 §4.2."""
    return b64url_encode(hashlib.sha256(verifier.encode()).digest())


def proves(verifier: str | None, challenge: str) -> bool:
    """Whether `verifier` is well-formed and made `challenge`, compared in constant time (RFC 7636 §4.6)."""
    if verifier is None or not _VERIFIER.fullmatch(verifier) or not _CHALLENGE.fullmatch(challenge):
        return False
    return equal(challenge_of(verifier).encode(), challenge.encode())
