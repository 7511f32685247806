"""Tokens that nobody issued: each is one known way to be believed all the same (RFC 8725 §2)."""

import base64
import hashlib
import hmac
import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, KeySet, RSAKey

from airside.assurance.target import ELSEWHERE

GARBAGE: Final = "airside-checklist"
MAX_KEYS: Final = 3


@dataclass(frozen=True, slots=True)
class Forgery:
    """A token, and the mistake that would have to be made to accept it."""

    mistake: str
    token: str


def forgeries(token: str | None, issuer: str, jwks: Mapping[str, Any], now: int) -> Iterator[Forgery]:
    """What to try. A real `token` lends its header and its claims, which makes every forgery better; without one the
    claims are made up. `jwks` are the published keys, `now` is in seconds."""
    header, claims = _told(token, issuer, now)
    body = _text(claims)
    for word in ("none", "None", "NONE", "nOnE"):
        yield Forgery(f"the algorithm {word} is believed", f"{_text({**header, 'alg': word})}.{body}.")
    if token is not None:
        first, payload, signature = token.split(".")
        yield Forgery("a missing signature is believed", f"{first}.{payload}.")
        other = _text({**claims, "sub": GARBAGE, "scope": "openid admin"})
        yield Forgery("claims may be changed under the same signature", f"{first}.{other}.{signature}")
        cut = signature[:-8] + ("A" * 8 if signature[-8:] != "A" * 8 else "B" * 8)
        yield Forgery("a signature that doesn't fit is believed", f"{first}.{payload}.{cut}")
    yield from _by_public_key(header, body, jwks)
    for secret in ("", "secret", "changeme", "your-256-bit-secret"):
        yield Forgery(
            f"HS256 by the secret {secret!r} is believed", _mac({**header, "alg": "HS256"}, body, secret.encode())
        )
    lost = {**header, "alg": "HS256", "kid": "../../../../dev/null"}
    yield Forgery("kid names a file, and an empty one is a key", _mac(lost, body, b""))
    yield from _by_own_key(header, claims)


def _by_public_key(header: dict[str, Any], body: str, jwks: Mapping[str, Any]) -> Iterator[Forgery]:
    """What verifies by a public key, asked to verify by HMAC, takes that key for the secret: it is known to all."""
    for key in islice(_readable(jwks), MAX_KEYS):
        pem = key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        told = {**header, "alg": "HS256", **({"kid": key.kid} if key.kid else {})}
        yield Forgery("a published key is believed as the secret of HS256", _mac(told, body, pem))
        yield Forgery("a published key is believed as the secret of HS256", _mac(told, body, pem.strip()))


def _readable(jwks: Mapping[str, Any]) -> Iterator[RSAKey | ECKey]:
    """Each by itself: a key of a kind or curve that isn't known here leaves the others what they are."""
    held: object = jwks.get("keys")
    for each in cast("list[object]", held) if isinstance(held, list) else []:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SecurityWarning)  # a short one is found by a check of its own
                keys = KeySet.import_key_set(cast("Any", {"keys": [each]})).keys
        except (ValueError, TypeError, KeyError, AttributeError, JoseError, UnsupportedAlgorithm):
            continue
        yield from (key for key in keys if isinstance(key, RSAKey | ECKey))


def _by_own_key(header: dict[str, Any], claims: dict[str, Any]) -> Iterator[Forgery]:
    own = ECKey.generate_key("P-256", {"kid": GARBAGE})
    public = own.as_dict(private=False)
    ways: dict[str, dict[str, Any]] = {
        "a key that the token itself brings (jwk) is believed": {"jwk": public},
        "keys at an address that the token names (jku) are believed": {"jku": f"https://{ELSEWHERE}/jwks"},
        "a key that nobody published is believed": {},
    }
    for mistake, more in ways.items():
        told = {**header, "alg": "ES256", "kid": GARBAGE, **more}
        registry = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
        yield Forgery(mistake, jws.serialize_compact(told, json.dumps(claims).encode(), own, registry=registry))


def _told(token: str | None, issuer: str, now: int) -> tuple[dict[str, Any], dict[str, Any]]:
    if token is not None:
        first, payload, _ = token.split(".")
        return _read(first), _read(payload)
    claims = {
        "iss": issuer, "sub": GARBAGE, "aud": issuer, "iat": now, "nbf": now, "exp": now + 300, "jti": GARBAGE,
        "scope": "openid profile email", "client_id": GARBAGE,
    }  # fmt: skip
    return {"typ": "at+jwt"}, claims


def _mac(header: dict[str, Any], body: str, secret: bytes) -> str:
    # By hand, for no library lends itself to it: they refuse public keys and empty ones as secrets.
    signed = f"{_text(header)}.{body}"
    return f"{signed}.{_base64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def _text(value: Mapping[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _read(part: str) -> dict[str, Any]:
    value: object = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def is_jwt(token: str) -> bool:
    """Whether `token` is a signed JWT in its compact form, which can be taken apart."""
    try:
        first, payload, signature = token.split(".")
        return bool(_read(first).get("alg") and _read(payload) and signature)
    except ValueError:
        return False
