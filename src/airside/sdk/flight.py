"""Many who need the same answer wait for one question."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs `work` once for everybody who asks while it runs. Who gives up waiting doesn't stop it for the others."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self._task: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        """The result, or the failure, of the run under way or of a new one."""
        return await asyncio.shield(self.start())

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._task is not None and not self._task.done()

    def start(self) -> "asyncio.Task[T]":
        """The run under way, or a new one; nobody has to wait for it."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())
            self._task.add_done_callback(_seen)
        return self._task

    async def stop(self) -> None:
        """End the run under way."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])


def _seen(task: "asyncio.Task[Any]") -> None:
    """A failure that nobody waited for is not an unhandled one: the next run tells it again."""
    if not task.cancelled():
        task.exception()
