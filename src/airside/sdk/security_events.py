"""Security events where they are received: signed by this tenant's Airside for us, and not the same twice."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from airside.core.clock import Clock
from airside.core.errors import Misconfigured, Unauthenticated
from airside.fetch import Fetcher
from airside.protocols.jose import KeySet, UnknownKey
from airside.protocols.secevent import LEEWAY, MAX_AGE, SecurityEvent, verify_set
from airside.sdk.keys import RemoteKeys
from airside.sdk.webhooks import Seen, SeenHere


class SecurityEventReplayed(Unauthenticated):
    """It came before, and was taken then. It is acknowledged all the same, or it comes again."""


class SecurityEventVerifier:
    """Verifies security event tokens of one issuer for one client (RFC 8417, SSF 1.0 §4.1), however they came.

    Args:
        audience: the client's id.
        seen: which tokens were taken; each is remembered until it is too old to be taken, eight days. `SeenHere`
            remembers in this process.
    """

    def __init__(self, issuer: str, audience: str, *, fetcher: Fetcher, clock: Clock, seen: Seen | None = None) -> None:
        if not audience:
            raise Misconfigured("audience", "must name the client that the stream belongs to")
        self._keys = RemoteKeys(issuer, fetcher=fetcher, clock=clock)
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._seen = SeenHere() if seen is None else seen

    @asynccontextmanager
    async def taking(self, token: str) -> AsyncGenerator[SecurityEvent]:
        """The event, if it is good and new. Whoever leaves the block by an exception hasn't taken it, and it may come
        again.

        Raises:
            SecurityEventReplayed: it was taken before, or is being taken now.
            TokenRefused: it isn't signed by the issuer for us as an event, or too old; `reason` says why.
            Unavailable: nobody can tell, for there are no keys; or it can't be remembered.
        """
        event = await self._verified(token)
        until = datetime.fromtimestamp(event.issued_at, UTC) + MAX_AGE + LEEWAY
        if not self._seen.begin(event.jti, self._clock.now(), until):
            raise SecurityEventReplayed("it came before")
        try:
            yield event
        except BaseException:
            self._seen.forget(event.jti)
            raise

    async def stop(self) -> None:
        """End what runs in the background."""
        await self._keys.stop()

    async def _verified(self, token: str) -> SecurityEvent:
        keys = self._keys.held()
        try:
            return self._verify(token, await self._keys.newest() if keys is None else keys)
        except UnknownKey:
            return self._verify(token, await self._keys.newest())

    def _verify(self, token: str, keys: KeySet) -> SecurityEvent:
        now = self._clock.now().timestamp()
        return verify_set(token, keys, issuer=self._issuer, audience=self._audience, now=now)
