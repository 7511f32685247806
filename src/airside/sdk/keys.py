"""The issuer's signing keys: found by discovery, kept, and asked for seldom whatever tokens arrive."""

import logging
from typing import Final

from airside.core.clock import Clock
from airside.core.errors import Refusal, Unavailable
from airside.fetch import Fetcher
from airside.protocols.jose import KeySet, keyset_from_jwks
from airside.sdk.flight import SingleFlight
from airside.sdk.remote import MAX_ANSWER, issuer_address, read, same_origin

FETCH_EVERY: Final = 30.0  # seconds between two fetches, successful or not, whatever tokens name (G36)
REFRESH_AFTER: Final = 600.0  # seconds after which keys are fetched again in the background
MAX_AGE: Final = 86_400.0  # seconds for which known keys hold while the key server is away; then every answer is no
TIMEOUT: Final = 5.0  # seconds for one request
_PART: Final = "signing keys"
_log = logging.getLogger("airside.sdk")


class RemoteKeys:
    """The keys behind `{issuer}/.well-known/openid-configuration` (OpenID Connect Discovery 1.0 §4)."""

    def __init__(self, issuer: str, *, fetcher: Fetcher, clock: Clock) -> None:
        issuer_address(issuer)
        self._issuer = issuer
        self._fetcher = fetcher
        self._clock = clock
        self._keys: KeySet | None = None
        self._fetched_at = 0.0
        self._next_fetch = float("-inf")
        self._jwks_uri: str | None = None
        self._fetch = SingleFlight(self._fetch_once)

    def held(self) -> KeySet | None:
        """The keys at hand, if they aren't too old; asks for newer ones in the background when that is due."""
        if self._keys is None:
            return None
        age = self._clock.monotonic() - self._fetched_at
        if age < REFRESH_AFTER:
            return self._keys
        if self._may_fetch():
            self._fetch.start()
        return self._keys if age < MAX_AGE else None

    async def newest(self) -> KeySet:
        """The keys after a fetch, if one is allowed now; else those at hand.

        Raises:
            Unavailable: there are none, or they are over `MAX_AGE`.
        """
        if self._fetch.running or self._may_fetch():
            await self._fetch()
        keys = self.held()
        if keys is None:
            raise Unavailable(_PART, max(self._next_fetch - self._clock.monotonic(), 1.0))
        return keys

    async def stop(self) -> None:
        """End a fetch under way."""
        await self._fetch.stop()

    def _may_fetch(self) -> bool:
        return self._clock.monotonic() >= self._next_fetch

    async def _fetch_once(self) -> None:
        """One attempt. A failure is told in the log, and by the age of the keys at hand."""
        self._next_fetch = self._clock.monotonic() + FETCH_EVERY
        try:
            uri = self._jwks_uri or await self._discover()
            answer = await self._fetcher.get(uri, max_bytes=MAX_ANSWER, timeout=TIMEOUT)
            if answer.status != 200:
                raise Unavailable(_PART)
            keys = keyset_from_jwks(answer.body)
        except Refusal as refusal:
            self._jwks_uri = None
            _log.warning("signing keys could not be fetched: %s", refusal.reason)
            return
        self._keys, self._fetched_at, self._jwks_uri = keys, self._clock.monotonic(), uri

    async def _discover(self) -> str:
        answer = await self._fetcher.get(
            f"{self._issuer}/.well-known/openid-configuration", max_bytes=MAX_ANSWER, timeout=TIMEOUT
        )
        metadata = read("discovery", answer)
        uri = metadata.get("jwks_uri")
        if metadata.get("issuer") != self._issuer:  # Discovery 1.0 §4.3
            raise Refusal("the metadata is of another issuer")
        if not isinstance(uri, str) or not same_origin(uri, self._issuer):
            raise Refusal("the keys are not of the issuer's own origin")
        return uri
