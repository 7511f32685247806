"""Answers that wait: server-sent events (HTML Living Standard §9.2), which go on until their follower or the process
ends, and polls that are answered when there is news."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Final

from starlette.requests import Request
from starlette.types import Receive, Send

from airside.core.errors import LimitExceeded, Refusal, Unavailable
from airside.store.followers import Follower

HEARTBEAT: Final = 15.0
"""Seconds of silence after which a comment is sent, and the caller's right and what is followed are looked at again."""
_HEADERS: Final = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_BEAT: Final = b":\n\n"


async def stream(
    follower: Follower, receive: Receive, send: Send, read: Callable[[], Awaitable[tuple[bytes, bool]]]
) -> None:
    """Send what `read` finds, events as bytes, at once and whenever there is news; it also says whether there may be
    more already. A refusal of it ends the stream: whoever comes back is told why."""
    leaving = asyncio.create_task(_until_gone(receive, follower))
    try:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": _BEAT, "more_body": True})
        await _follow(follower, send, read)
        await send({"type": "http.response.body", "body": b""})
    finally:
        leaving.cancel()


async def _follow(follower: Follower, send: Send, read: Callable[[], Awaitable[tuple[bytes, bool]]]) -> None:
    while not follower.ended:
        try:
            events, more = await read()
        except Refusal:
            return
        if events:
            await send({"type": "http.response.body", "body": events, "more_body": True})
        if not more and not await follower.news(HEARTBEAT):
            await send({"type": "http.response.body", "body": _BEAT, "more_body": True})


def waiting(stack: ExitStack, follow: AbstractContextManager[Follower]) -> Follower | None:
    """Who waits until `stack` ends; None where as many wait already, or the process is about to end: they are answered
    at once."""
    try:
        return stack.enter_context(follow)
    except (LimitExceeded, Unavailable):
        return None


def moment_in(seconds: float) -> float:
    """By the clock of the event loop."""
    return asyncio.get_running_loop().time() + seconds


async def news_before(moment: float, request: Request, follower: Follower) -> bool:
    """Whether there is news before `moment` (`moment_in`), for somebody who is still there and a process that goes on.
    Whoever finds nothing then, for news is of what may have happened, waits again for the same moment."""
    seconds = moment - moment_in(0)
    if seconds <= 0:
        return False
    leaving = asyncio.create_task(_until_gone(request.receive, follower))
    try:
        return await follower.news(seconds) and not follower.ended
    finally:
        leaving.cancel()


async def _until_gone(receive: Receive, follower: Follower) -> None:
    """End the follower when whoever asked has gone, all of whose body was read."""
    while (await receive())["type"] != "http.disconnect":
        pass
    follower.end()
