"""What an answer of an OpenID Connect issuer is like that was refused: as `protocols/saml/outline.py`, unverified."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from airside.core.errors import InvalidInput, TooLarge
from airside.core.secret import Secret
from airside.core.strict_json import Json, loads_object
from airside.protocols.jose import TokenRefused, b64url_decode

MAX_NAMED: Final = 12
_ERROR: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,64}")
"""RFC 6749 §4.1.2.1, without the space."""


def claims_of(fields: Mapping[str, str], id_token: Secret[str] | None) -> dict[str, str]:
    """Which parameters the browser brought, and what an ID token says of itself: anybody may have written either.
    No code, and nothing of a person."""
    found = {"parameters": ", ".join(sorted(fields)[:MAX_NAMED])}
    if _ERROR.fullmatch(fields.get("error", "")):
        found["error"] = fields["error"]
    if "iss" in fields:
        found["issuer"] = fields["iss"]
    return found | ({} if id_token is None else dict(_token(id_token.reveal())))


def _token(token: str) -> Iterator[tuple[str, str]]:
    header, _, rest = token.partition(".")
    said, claims = _object(header), _object(rest.partition(".")[0])
    yield "bytes", str(len(token))
    for name, value in (
        ("algorithm", said.get("alg")),
        ("key", said.get("kid")),
        ("issuer", claims.get("iss")),
        ("audience", claims.get("aud")),
        ("issued", _moment(claims.get("iat"))),
        ("until", _moment(claims.get("exp"))),
    ):
        words = [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str) and each]
        if words:
            yield name, ", ".join(words[:MAX_NAMED])


def _object(segment: str) -> dict[str, Json]:
    try:
        return loads_object(b64url_decode(segment))
    except (InvalidInput, TokenRefused, TooLarge):
        return {}


def _moment(value: Json) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**33:
        return None
    return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds")
