"""Verify ID tokens that come back as hints: whose they were, for which client, of which session.

An ID token proves nothing about now: it is signed, and then anybody may hold it. Its expiry isn't demanded (OpenID
Connect RP-Initiated Logout 1.0 §4); everything else is.
"""

from dataclasses import InitVar, dataclass
from datetime import timedelta
from typing import Final, final

from airside.core.proof import Mint
from airside.protocols.jose import (
    ANY_AUDIENCE,
    Expected,
    Reason,
    TokenRefused,
    UnknownKey,
    VerifiedJwt,
    peek_claims,
    verify_jwt,
)
from airside.store import RequestContext
from airside.tokens.issue import ID_TYPE
from airside.tokens.keys import SigningKeys
from airside.tokens.model import REFRESH_ABSOLUTE

MAX_AGE: Final = REFRESH_ABSOLUTE
"""How old one may be: as long as anything that was given out with it can live."""
LEEWAY: Final = timedelta(seconds=5)
_MINT: Final = Mint("VerifiedIdToken")


@final
@dataclass(frozen=True, slots=True)
class VerifiedIdToken:
    """An ID token that this issuer once gave `client_id`. Only `IdTokenVerifier` hands one out.

    `subject` is what that client calls the user: `usr_…`, or a word of its own.
    """

    subject: str
    client_id: str
    session_id: str | None
    issued_at: int
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


class IdTokenVerifier:
    """Verifies this server's own ID tokens."""

    def __init__(self, *, keys: SigningKeys) -> None:
        self._keys = keys

    async def verify(self, ctx: RequestContext, token: str, *, issuer: str) -> VerifiedIdToken:
        """What `token` said when it was issued. Encrypted ones aren't read.

        Raises:
            TokenRefused: malformed, another algorithm, key, type or issuer, not for exactly one client, issued in the
                future or more than `MAX_AGE` ago.
        """
        # Whether it was lawful is asked of the moment that it was issued at: that it has expired since is no matter.
        issued_at = _integer(peek_claims(token).get("iat"), "iat")
        expected = Expected(ID_TYPE, issuer, ANY_AUDIENCE)
        try:
            found = verify_jwt(token, await self._keys.keyset(ctx), expected, float(issued_at))
        except UnknownKey as unknown:
            found = verify_jwt(token, await self._keys.past(ctx, unknown.kid), expected, float(issued_at))
        age = ctx.now.timestamp() - issued_at
        if age < -LEEWAY.total_seconds():
            raise TokenRefused(Reason.NOT_YET)
        if age > MAX_AGE.total_seconds():
            raise TokenRefused(Reason.EXPIRED)
        return _read(found, issued_at)


def _read(jwt: VerifiedJwt, issued_at: int) -> VerifiedIdToken:
    claims = jwt.claims
    subject, client_id, session_id = claims.get("sub"), claims.get("aud"), claims.get("sid")
    if not isinstance(subject, str) or not subject:
        raise TokenRefused(Reason.CLAIM, claim="sub")
    if not isinstance(client_id, str):
        raise TokenRefused(Reason.AUDIENCE)
    if session_id is not None and not isinstance(session_id, str):
        raise TokenRefused(Reason.CLAIM, claim="sid")
    return VerifiedIdToken(subject, client_id, session_id, issued_at, _MINT)


def _integer(value: object, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TokenRefused(Reason.CLAIM, claim=name)
    return value
