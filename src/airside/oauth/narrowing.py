"""Asking for less than one has (RFC 6749 §3.3). Pure."""

from airside.core.errors import InvalidInput
from airside.oauth.errors import InvalidScope
from airside.protocols.oauth import parse_scope


def requested_scopes(text: str | None, most: frozenset[str]) -> frozenset[str]:
    """The scopes of `text`, or all of `most` where none are named.

    Raises:
        InvalidScope: malformed, or beyond `most`.
    """
    if text is None:
        return most
    try:
        scopes = parse_scope(text)
    except InvalidInput as cause:
        raise InvalidScope(cause.reason) from cause
    if not scopes or not scopes <= most:
        raise InvalidScope("more than there is")
    return scopes
