"""A presented credential → the Principal behind it."""

from datetime import UTC, datetime
from typing import Final

from airside.access.issuers import Issuers
from airside.core.errors import Unauthenticated
from airside.core.principal import Assurance, Principal
from airside.store import Address, RequestContext
from airside.tokens import TokenVerifier, VerifiedToken

SCHEME: Final = "bearer "
MAX_HEADER: Final = 16 * 1024 + len(SCHEME)
MAX_KNOWN: Final = 4096
"""Principals remembered beside the proof that each was read from."""
ASSURANCES: Final[dict[str | None, Assurance]] = {"aal1": "aal1", "aal2": "aal2", "aal3": "aal3"}


def bearer_token(authorization: str | None) -> str:
    """The token of an Authorization header (RFC 6750 §2.1); nowhere else is one looked for.

    Raises:
        Unauthenticated: no header, another scheme, or nothing in it.
    """
    if not authorization or len(authorization) > MAX_HEADER or authorization[:7].lower() != SCHEME:
        raise Unauthenticated("bearer token missing")
    token = authorization[7:].strip()
    if not token or " " in token:
        raise Unauthenticated("bearer token malformed")
    return token


class Credentials:
    """Verifies what a request presents."""

    def __init__(self, *, verifier: TokenVerifier, issuers: Issuers) -> None:
        self._verifier = verifier
        self._issuers = issuers
        self._principals: dict[str, tuple[VerifiedToken, Principal]] = {}

    async def principal(self, ctx: RequestContext, address: Address, token: str) -> Principal:
        """Who presents `token`, issued by this very tenant for its own interfaces.

        Raises:
            Unauthenticated: not a token of this tenant, not for us, over, or revoked.
        """
        issuer = self._issuers.of(address)
        return self._principal(token, await self._verifier.verify(ctx, token, issuer=issuer, audience=issuer))

    def principal_at_once(self, ctx: RequestContext, address: Address, token: str) -> Principal | None:
        """As `principal`, without a wait; None where it would take one.

        Raises:
            Unauthenticated: as `principal`.
        """
        issuer = self._issuers.of(address)
        verified = self._verifier.verify_at_once(ctx, token, issuer=issuer, audience=issuer)
        return None if verified is None else self._principal(token, verified)

    def _principal(self, token: str, verified: VerifiedToken) -> Principal:
        known = self._principals.get(token)
        if known is not None and known[0] is verified:  # the very proof, which the verifier remembers
            return known[1]
        if len(self._principals) >= MAX_KNOWN:
            self._principals.clear()
        principal = principal_of(verified)
        self._principals[token] = (verified, principal)
        return principal


def principal_of(token: VerifiedToken) -> Principal:
    """The caller that a verified token speaks for."""
    if token.subject == token.client_id:
        kind, subject = "client", f"client:{token.subject}"
    else:
        kind, subject = "user", f"user:{token.subject}"
    return Principal(
        kind,
        subject,
        token.scope,
        ASSURANCES.get(token.acr, "aal0"),
        None if token.auth_time is None else datetime.fromtimestamp(token.auth_time, UTC),
        token.session_id,
        token.client_id,
        token.jti,
    )
