"""Signed request objects by value (RFC 9101): parameters that a client signed, so that no browser can bend them.

Signed by a key of the client's own, for this issuer, in their time; never unsigned, never by reference to somewhere
else. What stands inside is all that counts (§6.3).
"""

from collections.abc import Mapping
from typing import Final, get_args

from airside.core.errors import Unauthenticated
from airside.core.strict_json import Json, dumps
from airside.oauth.client_keys import ClientKeys
from airside.oauth.errors import InvalidRequestObject
from airside.oauth.model import Client
from airside.oauth.settings import SigningAlgorithm
from airside.protocols.jose import KeyRefused, VerifiedJws
from airside.protocols.jose.claims import read_claims
from airside.store import RequestContext

TYPES: Final = frozenset({None, "oauth-authz-req+jwt", "application/oauth-authz-req+jwt", "jwt"})
"""RFC 9101 §10.8 names one; OpenID Connect Core §6.1 none."""
ALGORITHMS: Final[tuple[SigningAlgorithm, ...]] = get_args(SigningAlgorithm)
FAPI_ALGORITHMS: Final = frozenset({"ES256", "PS256", "EdDSA"})
"""FAPI 2.0 Security Profile §5.4.1."""
LEEWAY: Final = 30
MAX_LIFETIME: Final = 24 * 3600
"""Seconds: what is good for longer is a signature to be played back, not a request."""
FAPI_LIFETIME: Final = 3600
"""FAPI 2.0 Message Signing §5.3.1: `nbf` at most so long ago, `exp` at most so long after it."""

_ENVELOPE: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})
_NEVER: Final = frozenset({"request", "request_uri", "sub"})
"""Requests in requests (RFC 9101 §4); and a `sub`, which would make it a client's assertion (§10.8, N06)."""


class RequestObjects:
    """Opens the request objects of clients."""

    def __init__(self, *, keys: ClientKeys) -> None:
        self._keys = keys

    async def open(self, ctx: RequestContext, issuer: str, client: Client, presented: str) -> Mapping[str, str]:
        """The parameters that `client` signed.

        Raises:
            InvalidRequestObject: not signed by a key of the client's with an algorithm that it may use, of another
                type, not for `issuer`, out of its time, another client's, or with members that no parameter has.
            Unavailable: the client's keys are away just now.
        """
        try:
            jws = await self._keys.verify(ctx, client, presented)
            claims = read_claims(jws.payload)
        except (Unauthenticated, KeyRefused) as cause:
            raise InvalidRequestObject(cause.reason) from cause
        _check_header(client, jws)
        _check_parties(issuer, client, claims)
        _check_time(client, claims, ctx.now.timestamp())
        return {name: _parameter(name, value) for name, value in claims.items() if name not in _ENVELOPE}


def _check_header(client: Client, jws: VerifiedJws) -> None:
    header, registered = jws.header, client.settings.request_object_signing_alg
    lawful = frozenset[str](ALGORITHMS) if registered is None else frozenset[str]({registered})
    if client.settings.profile == "fapi2":
        lawful &= FAPI_ALGORITHMS
    if header.alg not in lawful:
        raise InvalidRequestObject("signed with an algorithm that the client isn't registered for")
    if (header.typ.lower() if header.typ is not None else None) not in TYPES:
        raise InvalidRequestObject("another type of token")


def _check_parties(issuer: str, client: Client, claims: Mapping[str, Json]) -> None:
    audience = claims.get("aud")
    if audience != issuer and not (isinstance(audience, list) and issuer in audience):
        raise InvalidRequestObject("for somebody else")
    if claims.get("iss") != client.word or claims.get("client_id") != client.word:
        raise InvalidRequestObject("of another client")
    if _NEVER & claims.keys():
        raise InvalidRequestObject("a member that no request object has")


def _check_time(client: Client, claims: Mapping[str, Json], now: float) -> None:
    expires = _date(claims, "exp")
    if expires is None or not now - LEEWAY < expires <= now + MAX_LIFETIME:
        raise InvalidRequestObject("expired, or good for too long")
    starts, issued = _date(claims, "nbf"), _date(claims, "iat")
    if any(moment is not None and moment > now + LEEWAY for moment in (starts, issued)):
        raise InvalidRequestObject("from the future")
    if client.settings.profile == "fapi2" and (
        starts is None or now - starts > FAPI_LIFETIME + LEEWAY or expires - starts > FAPI_LIFETIME
    ):
        raise InvalidRequestObject("too old, or good for too long")


def _date(claims: Mapping[str, Json], name: str) -> float | None:
    value = claims.get(name)
    if name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise InvalidRequestObject("a moment that isn't one")
    return float(value)


def _parameter(name: str, value: Json) -> str:
    """A member as the parameter that it stands for (RFC 9101 §4; OpenID Connect Core §6.1)."""
    match name, value:
        case _, str():
            return value
        case "max_age", int() if not isinstance(value, bool):
            return str(value)
        case "claims", dict():
            return dumps(value).decode()
        case "resource", list() if value and all(isinstance(each, str) and " " not in each for each in value):
            return " ".join(str(each) for each in value)
        case _:
            raise InvalidRequestObject("a member of another kind", member=name)
