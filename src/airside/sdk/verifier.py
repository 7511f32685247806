"""Access tokens, verified where they are used: no call to the server on the way."""

from typing import Final

from airside.core.clock import Clock
from airside.core.errors import Misconfigured, Unauthenticated
from airside.fetch import Fetcher
from airside.protocols.jose import CachedVerifier, Expected, KeySet, UnknownKey
from airside.sdk.keys import RemoteKeys
from airside.sdk.revocation import RevocationFeed
from airside.sdk.sender import Sender, Senders
from airside.sdk.token import VerifiedToken, read_access_token

TYPE: Final = "at+jwt"  # RFC 9068 §2.1


class Verifier:
    """Verifies access tokens of one issuer for one audience (RFC 9068 §4), and refuses revoked ones.

    Without `revocations` a token lives to its end. A token that is bound to a key or a certificate is taken only with
    the proof of its holder (RFC 9449 §7, RFC 8705 §3). One instance belongs to one event loop.
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
        self._senders = Senders()

    async def verify(self, token: str, sender: Sender | None = None) -> VerifiedToken:
        """What `token` says, if it is good. `sender` is how its request came; without it no bound token is.

        Raises:
            TokenRefused: it isn't; `reason` says why.
            SenderUnproven: it is bound, and this request doesn't come from its holder.
            Unauthenticated: it has been revoked.
            Unavailable: nobody can tell: no keys, or no news of revocations for too long.
        """
        keys = self._keys.held()
        if keys is None:
            return self._verify(token, await self._keys.newest(), sender)
        try:
            return self._verify(token, keys, sender)
        except UnknownKey:
            return self._verify(token, await self._keys.newest(), sender)

    def verify_cached(self, token: str, sender: Sender | None = None) -> VerifiedToken | None:
        """As `verify`, but without asking anybody: None where the keys at hand don't suffice. Raises as `verify`."""
        keys = self._keys.held()
        if keys is None:
            return None
        try:
            return self._verify(token, keys, sender)
        except UnknownKey:
            return None

    async def stop(self) -> None:
        """End what runs in the background."""
        await self._keys.stop()

    def _verify(self, token: str, keys: KeySet, sender: Sender | None) -> VerifiedToken:
        now = self._clock.now().timestamp()
        verified = self._tokens.verify(token, keys, self._expected, now)
        if self._revocations is not None and self._revocations.current().covers(verified):
            raise Unauthenticated("revoked")
        if verified.bound or (sender is not None and sender.dpop):
            self._senders.demand(sender, token, verified, now)
        return verified
