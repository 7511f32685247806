"""The ASGI lifespan protocol (ASGI specification, Lifespan 2.0): start an application, and end it once.

uvicorn's own swallows what went wrong; here a start-up that fails raises what the application raised.
"""

import asyncio
from typing import Any, Final

from starlette.types import ASGIApp, Message

_VERSION: Final = {"version": "3.0", "spec_version": "2.0"}


class Lifespan:
    """One application's life. `state` is what it hands to each of its requests."""

    def __init__(self, app: ASGIApp) -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._events: asyncio.Queue[Message] = asyncio.Queue()
        self._answers: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def startup(self) -> None:
        """Start the application; raises what it raises."""
        scope = {"type": "lifespan", "asgi": _VERSION, "state": self.state}
        self._task = asyncio.create_task(self._live(scope), name="lifespan")
        await self._say("lifespan.startup")

    async def shutdown(self) -> None:
        """End the application; raises what it raises."""
        await self._say("lifespan.shutdown")

    def cancel(self) -> None:
        """Give up on an application that doesn't end."""
        if self._task is not None:
            self._task.cancel()

    async def _live(self, scope: dict[str, Any]) -> None:
        await self._app(scope, self._events.get, self._answers.put)

    async def _say(self, event: str) -> None:
        assert self._task is not None, "startup comes first"  # noqa: S101  # a mistake in the caller's order
        self._events.put_nowait({"type": event})
        answer = asyncio.create_task(self._answers.get())
        try:
            await asyncio.wait((answer, self._task), return_when=asyncio.FIRST_COMPLETED)
            if answer.done() and answer.result()["type"] == f"{event}.complete":
                return
            await self._task
        finally:
            answer.cancel()
        raise RuntimeError(f"the application ended without an answer to {event}")
