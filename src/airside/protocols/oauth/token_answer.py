"""What a foreign token endpoint and a foreign userinfo endpoint answer (RFC 6749 §5; OpenID Connect Core §3.1.3.3,
§5.3.2), read strictly. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from airside.core.errors import Refusal
from airside.core.secret import Secret
from airside.core.strict_json import Json, loads
from airside.protocols.oauth.authorization_request import ProviderRefused

MAX_ANSWER: Final = 64 * 1024
MAX_TOKEN_CHARACTERS: Final = 16 * 1024
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What came for a code. The ID token has yet to be verified; the access token is opaque to us."""

    access_token: Secret[str]
    id_token: Secret[str] | None


def read_token_answer(status: int, content_type: str, body: bytes) -> TokenAnswer:
    """The tokens in an answer: 200, JSON, a bearer token (RFC 6749 §5.1, §7.1). An error of GitHub's, which comes
    with 200, is an error all the same.

    Raises:
        ProviderRefused: `token_endpoint_…` says why.
    """
    said = _object(status, content_type, body, "token_endpoint")
    kind = said.get("token_type")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise ProviderRefused("token_endpoint_malformed")
    identity = said.get("id_token")
    return TokenAnswer(_token(said.get("access_token")), None if identity is None else _token(identity))


def read_userinfo(status: int, content_type: str, body: bytes) -> Mapping[str, Json]:
    """The claims in an unsigned userinfo answer. Whose they are is for the caller to compare.

    Raises:
        ProviderRefused: `userinfo_…` says why; a signed or encrypted answer was never asked for.
    """
    return _object(status, content_type, body, "userinfo")


def read_list(status: int, content_type: str, body: bytes) -> list[Json]:
    """The list that a resource of a provider (GitHub's e-mail addresses) answered.

    Raises:
        ProviderRefused: it answered anything else.
    """
    value = _json(status, content_type, body, "userinfo")
    if not isinstance(value, list):
        raise ProviderRefused("userinfo_malformed")
    return value


def _object(status: int, content_type: str, body: bytes, part: str) -> dict[str, Json]:
    value = _json(status, content_type, body, part)
    if not isinstance(value, dict):
        raise ProviderRefused(f"{part}_malformed")
    if "error" in value:
        raise ProviderRefused(f"{part}_error")
    return value


def _json(status: int, content_type: str, body: bytes, part: str) -> Json:
    if status != 200:
        raise ProviderRefused(f"{part}_error" if 400 <= status < 500 else f"{part}_away")
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise ProviderRefused(f"{part}_malformed")
    try:
        return loads(body, max_bytes=MAX_ANSWER)
    except Refusal:
        raise ProviderRefused(f"{part}_malformed") from None


def _token(value: Json) -> Secret[str]:
    if not isinstance(value, str) or len(value) > MAX_TOKEN_CHARACTERS or _TOKEN.fullmatch(value) is None:
        raise ProviderRefused("token_endpoint_malformed")
    return Secret(value)
