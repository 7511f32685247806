"""Threads whose work waits in lines, one a tenant: the lines take turns, each is first come, first served. So whoever
has much waiting waits for it alone."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, Generic, TypeVar
from uuid import UUID

from airside.core.errors import Unavailable

Result = TypeVar("Result")


class Turns:
    """At most `threads` that work at once."""

    def __init__(self, threads: int, name: str) -> None:
        self.threads = threads
        self._name = name
        self._executor = ThreadPoolExecutor(threads, name)
        self._lock = Lock()
        self._lines: OrderedDict[UUID, deque[_Job[Any]]] = OrderedDict()
        """None is empty; the one whose turn it is comes first."""
        self._working = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many wait, of all tenants."""
        with self._lock:
            return sum(map(len, self._lines.values()))

    def ahead(self, tenant_id: UUID) -> int:
        """How many of those would be taken before one more of the tenant's: its own, and as many of each other's."""
        with self._lock:
            own = len(self._lines.get(tenant_id, ()))
            return sum(min(own, len(line)) for line in self._lines.values())

    async def do(self, tenant_id: UUID, work: Callable[[], Result]) -> Result:
        """What `work` returns or raises. Whoever is cancelled while it waits leaves the line.

        Raises:
            Unavailable: closed, before its turn has come.
        """
        job = _Job(work)
        self._join(tenant_id, job)
        try:
            return await asyncio.wrap_future(job.outcome)
        except asyncio.CancelledError:
            self._leave(tenant_id, job)
            raise

    def close(self) -> None:
        """Refuse what waits, and end the threads when they have done what they are at."""
        with self._lock:
            self._closed = True
            dropped = [job for line in self._lines.values() for job in line]
            self._lines.clear()
        for job in dropped:
            job.refuse(Unavailable(self._name))
        self._executor.shutdown(wait=True)

    def _join(self, tenant_id: UUID, job: "_Job[Any]") -> None:
        with self._lock:
            if self._closed:
                raise Unavailable(self._name)
            self._lines.setdefault(tenant_id, deque()).append(job)
            if self._working < self.threads:
                self._working += 1
                self._executor.submit(self._work)

    def _leave(self, tenant_id: UUID, job: "_Job[Any]") -> None:
        with self._lock:
            line = self._lines.get(tenant_id, deque())
            if job in line:
                line.remove(job)
                if not line:
                    del self._lines[tenant_id]

    def _work(self) -> None:
        while (job := self._next()) is not None:
            job.run()

    def _next(self) -> "_Job[Any] | None":
        with self._lock:
            if not self._lines:
                self._working -= 1
                return None
            tenant_id, line = self._lines.popitem(last=False)
            job = line.popleft()
            if line:
                self._lines[tenant_id] = line
            return job


class _Job(Generic[Result]):
    """Work, and the future of whoever waits for it."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work = work
        self.outcome: Future[Result] = Future()

    def run(self) -> None:
        """Do it, unless nobody waits any more."""
        if not self.outcome.set_running_or_notify_cancel():
            return
        try:
            result = self._work()
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits
            self.outcome.set_exception(error)
        else:
            self.outcome.set_result(result)

    def refuse(self, refusal: Unavailable) -> None:
        """Say so instead of doing it."""
        if self.outcome.set_running_or_notify_cancel():
            self.outcome.set_exception(refusal)
