"""Access tokens, verified where they are used: no call to the server on the way."""

from typing import Final

from airside.core.clock import Clock
from airside.core.errors import Misconfigured, Unauthenticated
from airside.fetch import Fetcher
from airside.protocols.jose import CachedVerifier, Expected, KeySet, UnknownKey
from airside.sdk.keys import RemoteKeys
from airside.sdk.revocation import RevocationFeed
from airside.sdk.token import VerifiedToken, read_access_token

TYPE: Final = "at+jwt"  # RFC 9068 §2.1


class Verifier:
    """Verifies access tokens of one issuer for one audience (RFC 9068 §4), and refuses revoked ones.

    Without `revocations` a token lives to its end. One instance belongs to one event loop.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        fetcher: Fetcher,
        clock: Clock,
        revocations: RevocationFeed | None = None,
    ) -> None:
        if not audience:
            raise Misconfigured("audience", "must name this application")
        self._keys = RemoteKeys(issuer, fetcher=fetcher, clock=clock)
        self._expected = Expected(TYPE, issuer, audience)
        self._clock = clock
        self._revocations = revocations
        self._tokens = CachedVerifier(read_access_token)

    async def verify(self, token: str) -> VerifiedToken:
        """What `token` says, if it is good.

        Raises:
            TokenRefused: it isn't; `reason` says why.
            Unauthenticated: it has been revoked.
            Unavailable: nobody can tell: no keys, or no news of revocations for too long.
        """
        keys = self._keys.held()
        if keys is None:
            return self._verify(token, await self._keys.newest())
        try:
            return self._verify(token, keys)
        except UnknownKey:
            return self._verify(token, await self._keys.newest())

    def verify_cached(self, token: str) -> VerifiedToken | None:
        """As `verify`, but without asking anybody: None where the keys at hand don't suffice. Raises as `verify`."""
        keys = self._keys.held()
        if keys is None:
            return None
        try:
            return self._verify(token, keys)
        except UnknownKey:
            return None

    async def stop(self) -> None:
        """End what runs in the background."""
        await self._keys.stop()

    def _verify(self, token: str, keys: KeySet) -> VerifiedToken:
        verified = self._tokens.verify(token, keys, self._expected, self._clock.now().timestamp())
        if self._revocations is not None and self._revocations.current().covers(verified):
            raise Unauthenticated("revoked")
        return verified
