"""The vault for applications that don't await: an event loop of its own in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Self, TypeVar

from airside.core.errors import Unavailable
from airside.sdk.vault import AppVault

PATIENCE: Final = 15.0
"""Seconds for one value, a new token and a new data key included."""
T = TypeVar("T")


class BlockingVault:
    """As `AppVault`, from any thread, for as long as the context is open.

    `make` is entered and left on the loop: what it opens (client, fetcher) belongs there and nowhere else.
    """

    def __init__(self, make: Callable[[], AbstractAsyncContextManager[AppVault]]) -> None:
        self._making = make()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="airside-vault", daemon=True)
        self._vault: AppVault | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._vault = self._wait(self._enter())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._wait(self._leave())
        finally:
            self._end()

    def seal(self, value: bytes, context: Mapping[str, str]) -> str:
        """As `AppVault.seal`."""
        return self._wait(self._opened().seal(value, context))

    def open(self, text: str, context: Mapping[str, str]) -> bytes:
        """As `AppVault.open`."""
        return self._wait(self._opened().open(text, context))

    def tokenise(self, value: bytes, field: str) -> str:
        """As `AppVault.tokenise`."""
        return self._wait(self._opened().tokenise(value, field))

    def detokenise(self, token: str, field: str) -> bytes:
        """As `AppVault.detokenise`."""
        return self._wait(self._opened().detokenise(token, field))

    async def _enter(self) -> AppVault:
        return await self._making.__aenter__()

    async def _leave(self) -> None:
        await self._making.__aexit__(None, None, None)

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _opened(self) -> AppVault:
        if self._vault is None:
            raise Unavailable("vault")
        return self._vault

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        asked = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return asked.result(PATIENCE)
        except TimeoutError:
            asked.cancel()
            raise Unavailable("vault") from None
