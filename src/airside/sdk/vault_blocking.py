"""The vault for applications that don't await."""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Self, TypeVar

from airside.core.errors import Unavailable
from airside.sdk.background import Background
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
        self._background = Background("airside-vault")
        self._vault: AppVault | None = None

    def __enter__(self) -> Self:
        self._background.start()
        try:
            self._vault = self._wait(self._enter())
        except BaseException:
            self._background.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._wait(self._leave())
        finally:
            self._background.stop()

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

    def _opened(self) -> AppVault:
        if self._vault is None:
            raise Unavailable("vault")
        return self._vault

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self._background.run(work, part="vault", patience=PATIENCE)
