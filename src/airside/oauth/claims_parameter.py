"""The `claims` parameter (OpenID Connect Core §5.5): which claims a client wants to see, and what it insists on. Pure.

It is read here; who answers it are the tokens and the userinfo endpoint.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias, cast

from airside.core.errors import Refusal
from airside.core.strict_json import Json, loads_object
from airside.oauth.errors import InvalidRequest

MAX_CLAIMS_TEXT: Final = 8 * 1024
MAX_CLAIMS: Final = 64
MAX_CLAIM_NAME: Final = 128
MAX_VALUES: Final = 32
PLACES: Final = ("id_token", "userinfo")
"""Where claims can be asked for. Other members are passed over (§5.5)."""

ClaimsRequest: TypeAlias = dict[str, Any]


def read_claims_parameter(text: str) -> ClaimsRequest | None:
    """What `text` asks for: `{"id_token": {name: None | {"essential", "value", "values"}}, "userinfo": …}`, with
    nothing else in it; None where it asks for nothing.

    Raises:
        InvalidRequest: not strict JSON, another shape, or over a cap.
    """
    try:
        asked = loads_object(text.encode(), max_bytes=MAX_CLAIMS_TEXT)
    except Refusal as cause:
        raise InvalidRequest("claims isn't a JSON object, or too long") from cause
    found = {place: _place(asked[place]) for place in PLACES if asked.get(place) is not None}
    return {place: claims for place, claims in found.items() if claims} or None


def essential_values(claims: ClaimsRequest | None, name: str) -> tuple[str, ...]:
    """The values of the ID token's claim `name` of which one is insisted on (§5.5.1); none where any will do."""
    return _values(claims, name, essential=True)


def voluntary_values(claims: ClaimsRequest | None, name: str) -> tuple[str, ...]:
    """The values of the ID token's claim `name` of which one is wished for."""
    return _values(claims, name, essential=False)


def asked_subject(claims: ClaimsRequest | None) -> str | None:
    """The one user who will do, as the client calls them; None for anybody (§5.5.1)."""
    asked = (claims or {}).get("id_token", {}).get("sub")
    return None if asked is None or "value" not in asked else str(asked["value"])


def _values(claims: ClaimsRequest | None, name: str, *, essential: bool) -> tuple[str, ...]:
    asked = (claims or {}).get("id_token", {}).get(name)
    if asked is None or asked.get("essential", False) is not essential:
        return ()
    values = [asked["value"]] if "value" in asked else asked.get("values", [])
    return tuple(value if isinstance(value, str) else "" for value in values)


def _place(asked: Json) -> ClaimsRequest:
    if not isinstance(asked, dict) or len(asked) > MAX_CLAIMS:
        raise InvalidRequest("claims of another shape, or too many")
    if not all(0 < len(name) <= MAX_CLAIM_NAME for name in asked):
        raise InvalidRequest("a claim without a name, or with too long a one")
    return {name: None if wish is None else _wish(wish) for name, wish in asked.items()}


def _wish(wish: Json) -> ClaimsRequest:
    if not isinstance(wish, dict):
        raise InvalidRequest("a claim is asked for by null or an object")
    values = wish.get("values", [])
    if not isinstance(wish.get("essential", False), bool) or ("value" in wish and "values" in wish):
        raise InvalidRequest("essential is a boolean, and value and values exclude each other")
    if not isinstance(values, list) or len(values) > MAX_VALUES or ("values" in wish and not values):
        raise InvalidRequest("values is a list that holds something, but not too much")
    if not all(isinstance(value, str | int | float | bool) for value in [wish.get("value", ""), *values]):
        raise InvalidRequest("a value is plain")
    known = cast("Mapping[str, Any]", wish)
    return {member: known[member] for member in ("essential", "value", "values") if member in known}
