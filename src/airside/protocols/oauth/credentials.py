"""The Authorization header: bearer tokens (RFC 6750 §2.1) and client passwords (RFC 6749 §2.3.1)."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from airside.core.errors import InvalidInput, Unauthenticated
from airside.core.secret import Secret
from airside.protocols.oauth.form import unquote_form

MAX_AUTHORIZATION: Final = 16 * 1024 + 16
_BEARER: Final = re.compile(r"bearer (?P<token>[A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
_BASIC: Final = re.compile(r"basic (?P<pair>[A-Za-z0-9+/]+=*)", re.IGNORECASE)
_BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class BasicCredentials:
    """What a client says of itself: nothing is proven yet."""

    client_id: str
    client_secret: Secret[str]


def parse_bearer(header: str) -> str:
    """The token of an Authorization header: one space, one token of RFC 6750's alphabet.

    Raises:
        Unauthenticated: another scheme, another shape, or too long.
    """
    match = _BEARER.fullmatch(header) if len(header) <= MAX_AUTHORIZATION else None
    if match is None:
        raise Unauthenticated("malformed bearer header")
    return match["token"]


def parse_basic(header: str) -> BasicCredentials:
    """Client id and secret, each form-decoded *after* the base64 and the split (RFC 6749 §2.3.1).

    Raises:
        Unauthenticated: another scheme, another shape, an empty id, or too long.
    """
    match = _BASIC.fullmatch(header) if len(header) <= MAX_AUTHORIZATION else None
    if match is None:
        raise Unauthenticated("malformed basic header")
    try:
        pair = base64.b64decode(match["pair"], validate=True)
    except binascii.Error:
        raise Unauthenticated("malformed basic header") from None
    client_id, colon, secret = pair.partition(b":")
    if base64.b64encode(pair).decode() != match["pair"]:  # one pair has one spelling
        raise Unauthenticated("malformed basic header")
    if not colon or not client_id or _BROKEN_ESCAPE.search(pair):
        raise Unauthenticated("malformed basic header")
    try:
        return BasicCredentials(unquote_form(client_id), Secret(unquote_form(secret)))
    except InvalidInput:
        raise Unauthenticated("malformed basic header") from None
