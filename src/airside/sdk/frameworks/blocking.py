"""An application that doesn't await: one `Application` in each process, on a loop of its own."""

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Final, Self, TypeVar

from airside.core.errors import Unavailable
from airside.sdk.background import Background
from airside.sdk.frameworks.application import Application
from airside.sdk.frameworks.certificates import CertificateSource, of_nobody
from airside.sdk.frameworks.credentials import Credential
from airside.sdk.frameworks.demands import Demand
from airside.sdk.permissions import Permissions
from airside.sdk.token import VerifiedToken

PATIENCE: Final = 15.0
"""Seconds for one request's questions, the first keys and token of a process included."""
_PART: Final = "airside"
T = TypeVar("T")


class BlockingApplication:
    """Opens its `Application` at the first question of each process, so that servers that fork after loading the
    application (gunicorn's `--preload`, uWSGI) share no loop, thread or connection; closes it when the process ends.

    `make` is called once at once, so that a setting that can't be meant stops the start and not the first request.
    `certificates` says where the server tells of clients' certificates, such as `of_socket()`; unless told, none is
    believed. Under ASGI its own place for them comes first.
    """

    def __init__(self, make: Callable[[], Application], *, certificates: CertificateSource = of_nobody) -> None:
        make()
        self.certificates = certificates
        self._make = make
        self._lock = threading.Lock()
        self._process: _Process | None = None

    @classmethod
    def from_environment(
        cls,
        *,
        audience: str,
        environment: Mapping[str, str] = os.environ,
        certificates: CertificateSource = of_nobody,
    ) -> Self:
        """As `Application.from_environment`."""
        said = dict(environment)
        make = partial(Application.from_environment, audience=audience, environment=said)
        return cls(make, certificates=certificates)

    def close(self) -> None:
        """End what this process has open; the next question opens it anew."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None and process.id == os.getpid():
            process.close()

    def admit(self, wanted: Demand | None, credential: Credential, values: Mapping[str, object]) -> VerifiedToken:
        """The caller's verified token, if they may. Raises: as `Application.verify` and `demand`."""
        return self.ask(lambda application: _admit(application, wanted, credential, values))

    async def admit_async(
        self, wanted: Demand | None, credential: Credential, values: Mapping[str, object]
    ) -> VerifiedToken:
        """As `admit`, from another event loop, which isn't held up."""
        process = await asyncio.to_thread(self._opened) if self._process is None else self._opened()
        work = process.background.submit(_admit(process.application, wanted, credential, values))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(work), PATIENCE)
        except TimeoutError:
            raise Unavailable(_PART) from None

    def ask(self, question: Callable[[Application], Coroutine[Any, Any, T]]) -> T:
        """The answer to anything else, such as `lambda application: application.permissions.write([…])`."""
        process = self._opened()
        return process.background.run(question(process.application), part=_PART, patience=PATIENCE)

    def permission(self, question: Callable[[Permissions], Coroutine[Any, Any, T]]) -> T:
        """As `ask`, of the permissions alone."""
        return self.ask(lambda application: question(application.permissions))

    def _opened(self) -> "_Process":
        with self._lock:
            if self._process is None or self._process.id != os.getpid():
                self._process = _Process(self._make)
                atexit.register(self.close)
            return self._process


class _Process:
    """What one process has open."""

    def __init__(self, make: Callable[[], Application]) -> None:
        self.id = os.getpid()
        self.background = Background("airside-sdk")
        self.background.start()
        try:
            self.application, self._running = self.background.run(_open(make), part=_PART, patience=PATIENCE)
        except BaseException:
            self.background.stop()
            raise

    def close(self) -> None:
        try:
            self.background.run(_close(self._running), part=_PART, patience=PATIENCE)
        finally:
            self.background.stop()


async def _open(make: Callable[[], Application]) -> tuple[Application, AbstractAsyncContextManager[None]]:
    application = make()
    running = application.running()
    await running.__aenter__()
    return application, running


async def _close(running: AbstractAsyncContextManager[None]) -> None:
    await running.__aexit__(None, None, None)


async def _admit(
    application: Application, wanted: Demand | None, credential: Credential, values: Mapping[str, object]
) -> VerifiedToken:
    token = await application.verify(credential)
    if wanted is not None:
        await application.demand(wanted, token, values)
    return token
