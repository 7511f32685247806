"""Webhooks by Standard Webhooks 1.0: how a message is signed, and told from one that nobody signed. Pure.

A message has three headers: `webhook-id`, the same at every try; `webhook-timestamp`, the seconds of this try; and
`webhook-signature`, one or more of `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, with a blank between
them. A secret is `whsec_` and the base64 of 24 to 64 random bytes. While one is being changed for another, a message
carries the signatures of both.
"""

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from airside.core.clock import epoch
from airside.core.entropy import Entropy, equal
from airside.core.errors import InvalidInput, Unauthenticated
from airside.core.secret import Secret

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
"""Of a new secret: as many as the hash has."""
MIN_SECRET: Final = 24
MAX_SECRET: Final = 64
TOLERANCE: Final = timedelta(minutes=5)
"""How far a message's time may lie from the present, either way."""
MAX_BODY: Final = 256 * 1024
MAX_SIGNATURES: Final = 8
_MAX_HEADER: Final = 1024
_DIGEST: Final = 32

# A full stop would let two messages be signed as one: it stands between what is signed.
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SECONDS: Final = re.compile(r"[0-9]{1,11}")


class WebhookRefused(Unauthenticated):
    """A message that proves nothing. The reason is for the log of who received it."""


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """A message whose signature holds. Only `verify` makes one."""

    id: str
    at: datetime
    body: bytes


def new_secret(entropy: Entropy) -> Secret[str]:
    """A secret of `SECRET_BYTES` random bytes."""
    return Secret(PREFIX + b64encode(entropy.bytes(SECRET_BYTES)).decode())


def parse_secret(text: str) -> Secret[bytes]:
    """The key that `text` spells. One key has one spelling.

    Raises:
        InvalidInput: another prefix or alphabet, fewer than `MIN_SECRET` bytes or more than `MAX_SECRET`.
    """
    coded = text.removeprefix(PREFIX)
    key = _bytes(coded) if coded != text and len(coded) <= 2 * MAX_SECRET else b""
    if not MIN_SECRET <= len(key) <= MAX_SECRET:
        raise InvalidInput("malformed webhook secret")
    return Secret(key)


def signed(secrets: Sequence[Secret[bytes]], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of a message, with a signature for each of `secrets`.

    Raises:
        ValueError: no secret or too many, or an id that isn't one.
    """
    if not 0 < len(secrets) <= MAX_SIGNATURES or _ID.fullmatch(message_id) is None:
        raise ValueError("a message has an id and one to eight secrets")
    seconds = str(epoch(at))
    content = _content(message_id, seconds, body)
    signatures = " ".join(f"v1,{b64encode(_mac(secret, content)).decode()}" for secret in secrets)
    return {ID: message_id, TIMESTAMP: seconds, SIGNATURE: signatures}


def verify(
    secrets: Sequence[Secret[bytes]], headers: Mapping[str, str], body: bytes, *, now: datetime
) -> SignedMessage:
    """The message that `headers` and `body` are, if one of `secrets` signed it within `TOLERANCE` of `now`.

    Signatures of other kinds than `v1` are passed over, as the standard demands. Whether it came before is the
    caller's to ask.

    Raises:
        WebhookRefused: a header missing, twice or malformed, a body over `MAX_BODY`, a time too far off, or no
            signature of ours.
    """
    if len(body) > MAX_BODY:
        raise WebhookRefused("body over its cap")
    message_id, seconds, signatures = (_header(headers, name) for name in (ID, TIMESTAMP, SIGNATURE))
    if _ID.fullmatch(message_id) is None or _SECONDS.fullmatch(seconds) is None:
        raise WebhookRefused("malformed header")
    content = _content(message_id, seconds, body)
    expected = [_mac(secret, content) for secret in secrets]
    if not _one_holds(expected, list(_given(signatures))):
        raise WebhookRefused("no signature of ours")
    if abs(epoch(now) - int(seconds)) > TOLERANCE.total_seconds():
        raise WebhookRefused("too old, or from the future")
    return SignedMessage(message_id, datetime.fromtimestamp(int(seconds), UTC), body)


def _one_holds(expected: Iterable[bytes], given: Sequence[bytes]) -> bool:
    """Each comparison takes the same time, whatever was given."""
    return any(equal(one, other) for one in expected for other in given)


def _given(header: str) -> Iterable[bytes]:
    parts = header.split(" ")
    if len(parts) > MAX_SIGNATURES:
        raise WebhookRefused("too many signatures")
    for part in parts:
        version, _, coded = part.partition(",")
        digest = _bytes(coded) if version == "v1" else b""
        if len(digest) == _DIGEST:
            yield digest


def _header(headers: Mapping[str, str], name: str) -> str:
    found = [value for key, value in headers.items() if key.lower() == name]
    if len(found) != 1 or len(found[0]) > _MAX_HEADER:
        raise WebhookRefused("a header missing, twice or over its cap")
    return found[0]


def _content(message_id: str, seconds: str, body: bytes) -> bytes:
    return f"{message_id}.{seconds}.".encode() + body


def _mac(secret: Secret[bytes], content: bytes) -> bytes:
    return hmac.digest(secret.reveal(), content, sha256)


def _bytes(coded: str) -> bytes:
    """What standard base64 with padding spells, in its one spelling; nothing where it isn't that."""
    try:
        found = b64decode(coded, validate=True)
    except ValueError:
        return b""
    return found if b64encode(found).decode() == coded else b""
