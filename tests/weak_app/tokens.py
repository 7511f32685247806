"""Mistakes in verifying a token, each by itself."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey


def believed(token: str, faults: set[str], public: bytes) -> bool:
    """Whether one of the mistakes in `faults` lets `token` in; `public` is the key that should have verified it."""
    parts = token.split(".")
    if len(parts) != 3:
        return False
    try:
        header = json.loads(_decoded(parts[0]))
    except ValueError:
        return False
    return any(fault in faults and mistake(header, parts, public) for fault, mistake in MISTAKES.items())


def _none(header: dict[str, Any], _parts: list[str], _public: bytes) -> bool:
    return str(header.get("alg", "")).lower() == "none"


def _unsigned(_header: dict[str, Any], parts: list[str], _public: bytes) -> bool:
    return parts[2] == ""


def _confused(header: dict[str, Any], parts: list[str], public: bytes) -> bool:
    return header.get("alg") == "HS256" and _fits(parts, public)


def _guessed(header: dict[str, Any], parts: list[str], _public: bytes) -> bool:
    return header.get("alg") == "HS256" and _fits(parts, b"secret")


def _brought(header: dict[str, Any], parts: list[str], _public: bytes) -> bool:
    if "jwk" not in header:
        return False
    try:
        jwt.decode(".".join(parts), ECKey.import_key(header["jwk"]), algorithms=["ES256"])
    except (JoseError, ValueError):
        return False
    return True


def _unread(header: dict[str, Any], _parts: list[str], _public: bytes) -> bool:
    return header.get("alg") == "ES256"  # signed by whomever


MISTAKES: dict[str, Callable[[dict[str, Any], list[str], bytes], bool]] = {
    "token-forgery none": _none,
    "token-forgery unsigned": _unsigned,
    "token-forgery confused": _confused,
    "token-forgery guessed": _guessed,
    "token-forgery brought": _brought,
    "token-forgery unread": _unread,
}


def _fits(parts: list[str], secret: bytes) -> bool:
    made = hmac.new(secret, ".".join(parts[:2]).encode(), hashlib.sha256).digest()
    return hmac.compare_digest(made, _decoded(parts[2]))


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
