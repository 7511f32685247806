"""Asking for less than one has: scopes (RFC 6749 §3.3) and resources (RFC 8707 §2). Pure."""

import re
from typing import Final

from airside.core.errors import InvalidInput
from airside.oauth.errors import InvalidScope, InvalidTarget
from airside.oauth.model import MAX_AUDIENCE, MAX_AUDIENCES
from airside.protocols.oauth import parse_scope

_RESOURCE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-\"$-~]+")  # RFC 3986 §4.3: absolute, without a fragment


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


def requested_audience(text: str | None, most: tuple[str, ...]) -> tuple[str, ...]:
    """The resources of `text`, a form's values of `resource` with spaces between them; all of `most` where none are
    named.

    Raises:
        InvalidTarget: not an absolute URI without a fragment, or beyond `most`.
    """
    if text is None:
        return most
    resources = tuple(dict.fromkeys(text.split(" ", MAX_AUDIENCES)))
    if not all(len(resource) <= MAX_AUDIENCE and _RESOURCE.fullmatch(resource) for resource in resources):
        raise InvalidTarget("not an absolute URI without a fragment")
    if not set(resources) <= set(most):
        raise InvalidTarget("a resource beyond those there are")
    return resources
