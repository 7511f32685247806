"""An event loop of its own in a thread of its own: the SDK for code that doesn't await."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from airside.core.errors import Unavailable

T = TypeVar("T")


class Background:
    """Runs coroutines for any thread, from `start` to `stop`. What they open belongs to this loop and nowhere else."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)

    def start(self) -> None:
        """From here on `run` answers."""
        self._thread.start()

    def stop(self) -> None:
        """End the loop; what still runs on it is left where it stands."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def submit(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Begin `work`; its result is a future of threads."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T], *, part: str, patience: float) -> T:
        """The result of `work`.

        Raises:
            Unavailable: not within `patience` seconds; `part` names what is away.
        """
        asked = self.submit(work)
        try:
            return asked.result(patience)
        except TimeoutError:
            asked.cancel()
            raise Unavailable(part) from None
