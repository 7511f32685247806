"""The feed of what has been revoked: followed in the background, effective within a second."""

import asyncio
import logging
from typing import Final
from urllib.parse import urlencode

from airside.core.clock import Clock
from airside.core.errors import InvalidInput, Refusal, TooLarge, Unavailable
from airside.core.strict_json import loads_object
from airside.fetch import Fetcher
from airside.sdk.client import ServiceClient
from airside.sdk.remote import issuer_address
from airside.sdk.revoked import RevokedSet, read_entry

WAIT: Final = 25  # seconds for which the server may hold an answer back until there is news
TIMEOUT: Final = WAIT + 5.0  # seconds
MAX_SILENCE: Final = 40.0  # seconds without an answer after which nothing counts as unrevoked, if the feed is required
MAX_PAGE: Final = 1024 * 1024  # bytes
MAX_CURSOR: Final = 512
FIRST_PAUSE: Final = 0.25  # seconds after a failure, doubled up to:
LAST_PAUSE: Final = 5.0
PRUNE_EVERY: Final = 60.0  # seconds
MIN_INTERVAL: Final = 0.2  # seconds between two answers without news: a server that doesn't wait isn't hammered
_PART: Final = "revocation feed"
_log = logging.getLogger("airside.sdk")


class RevocationFeed:
    """Follows `{issuer}/oauth2/revocations` with the application's own token (scope `revocations:read`).

    If `required`, a feed that is silent for over `MAX_SILENCE` refuses everything: who can't hear can't vouch. Neither
    does one that hasn't heard everything yet: what it missed may take several pages.
    """

    def __init__(
        self,
        issuer: str,
        *,
        client: ServiceClient,
        fetcher: Fetcher,
        clock: Clock,
        required: bool = True,
        wait: int = WAIT,
    ) -> None:
        issuer_address(issuer)
        self._url = f"{issuer}/oauth2/revocations"
        self._client = client
        self._fetcher = fetcher
        self._clock = clock
        self._required = required
        self._wait = wait
        self._revoked = RevokedSet()
        self._cursor = ""
        self._whole = False  # since the last failure an answer came that had nothing to add
        self._heard_at = float("-inf")
        self._pruned_at = 0.0
        self._task: asyncio.Task[None] | None = None

    def current(self) -> RevokedSet:
        """What is revoked, as far as told.

        Raises:
            Unavailable: the feed is required and has been silent for too long, or was never heard to its end.
        """
        if self._required and self.silent_for() > MAX_SILENCE:
            raise Unavailable(_PART)
        return self._revoked

    def silent_for(self) -> float:
        """Seconds since the server last answered; infinite until everything was heard for the first time."""
        return self._clock.monotonic() - self._heard_at

    async def start(self) -> None:
        """Follow the feed in the background; returns after the first answer or failure."""
        if self._task is None:
            first = asyncio.Event()
            self._task = asyncio.create_task(self._follow(first), name="airside-revocations")
            await first.wait()

    async def stop(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _follow(self, first: asyncio.Event) -> None:
        pause = FIRST_PAUSE
        wait = 0  # the first answer is what stands now, at once
        while True:
            asked_at = self._clock.monotonic()
            try:
                news = await self._poll(wait)
            except Refusal as refusal:
                self._whole = False  # what was missed may take several pages
                _log.warning("the revocation feed doesn't answer: %s", refusal.reason)
                first.set()
                await asyncio.sleep(pause)
                pause = min(pause * 2, LAST_PAUSE)
                continue
            pause, wait = FIRST_PAUSE, 0 if news else self._wait
            if not news:
                first.set()
                await asyncio.sleep(max(0.0, MIN_INTERVAL - (self._clock.monotonic() - asked_at)))

    async def _poll(self, wait: int) -> bool:
        """One answer, taken in whole or not at all; whether it held entries."""
        token, headers = await self._client.authorization()
        url = f"{self._url}?{urlencode({'after': self._cursor, 'wait': wait})}"
        answer = await self._fetcher.get(url, headers=headers, max_bytes=MAX_PAGE, timeout=TIMEOUT)
        if answer.status == 401:
            self._client.forget(token)
        if answer.status in (400, 410):
            self._cursor = ""  # the server doesn't know our place any more: hear everything again
        if answer.status != 200:
            raise Unavailable(_PART)
        try:
            page = loads_object(answer.body, max_bytes=MAX_PAGE)
            listed, cursor = page.get("entries"), page.get("cursor")
            if not isinstance(listed, list) or not isinstance(cursor, str) or len(cursor) > MAX_CURSOR:
                raise InvalidInput("not a page of revocations")
            entries = [read_entry(value) for value in listed]
        except TooLarge as refusal:
            raise InvalidInput(refusal.reason) from None
        for entry in entries:
            self._revoked.add(entry)
        self._cursor = cursor
        self._whole = self._whole or not entries
        if self._whole:
            self._heard_at = self._clock.monotonic()
            self._prune()
        return bool(entries)

    def _prune(self) -> None:
        if self._heard_at - self._pruned_at >= PRUNE_EVERY:
            self._pruned_at = self._heard_at
            self._revoked.prune(self._clock.now().timestamp())
