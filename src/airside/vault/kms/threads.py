"""Threads for libraries that wait: a call that hangs holds up neither the loop nor the end of the process."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, TypeVar

T = TypeVar("T")

MAX_WAITING: Final = 64
"""Calls that wait for a thread; more are refused, for nobody may queue behind one that hangs for ever."""


class Threads:
    """At most `count` threads that take calls in turn. Daemons: whoever ends the process doesn't wait for them."""

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name
        self._waiting: SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Future[Any], Callable[[], Any]]]
        self._waiting = SimpleQueue()
        self._started = 0

    async def run(self, call: Callable[[], T]) -> T:
        """What `call` returns or raises, called in one of the threads; cancelled before its turn, it isn't called.

        Raises:
            TimeoutError: too many wait already.
        """
        if self._waiting.qsize() >= MAX_WAITING:
            raise TimeoutError
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.put((loop, future, call))
        if self._started < self._count:
            self._started += 1
            Thread(target=self._work, name=f"{self._name}-{self._started}", daemon=True).start()
        return await future

    def _work(self) -> None:
        while True:
            loop, future, call = self._waiting.get()
            if future.cancelled():
                continue
            result: Any = None
            failure: BaseException | None = None
            try:
                result = call()
            except BaseException as error:  # noqa: BLE001  # it belongs to whoever called
                failure = error
            with suppress(RuntimeError):  # the loop has closed: nobody waits any more
                loop.call_soon_threadsafe(_settle, future, result, failure)
            del future, call, result, failure  # nothing of it is held until the next call


def _settle(future: asyncio.Future[Any], result: object, failure: BaseException | None) -> None:
    if future.done():
        return
    if failure is None:
        future.set_result(result)
    else:
        future.set_exception(failure)
