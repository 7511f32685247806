"""A body on its way in: it stops at its cap and at its hour, and JSON is read before the application reads it."""

import asyncio
import types
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final

from airside.core import strict_json
from airside.core.errors import Refusal, TooLarge
from airside.shield.form_fields import FormFields

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
_END: Final = "http.disconnect"


class TooSlow(Refusal):
    """The body didn't arrive in time."""

    code = "too_slow"


class Arriving:
    """`receive` for the body of one request: at most `cap` bytes, whole within `seconds` (0: no bound), and of a form
    as many `fields` as it may have.

    `fault` is the code of the refusal once there is one: the application never saw the body whole.
    """

    __slots__ = ("_cap", "_deadline", "_fields", "_receive", "_replay", "_seen", "_whole", "fault")

    def __init__(self, receive: Receive, cap: int, seconds: float, fields: FormFields | None = None) -> None:
        self._receive = receive
        self._cap = cap
        self._fields = fields
        self._deadline = asyncio.get_running_loop().time() + seconds if seconds else None
        self._seen = 0
        self._whole = False
        self._replay: Message | None = None
        self.fault = ""

    async def receive(self) -> Message:
        """The next message.

        Raises:
            TooLarge: more bytes than the cap have come, now or before, or more fields.
            TooSlow: the hour has passed before the body was whole.
        """
        if self._replay is not None:
            message, self._replay = self._replay, None
            return message
        if self._whole:  # what is waited for now is the end of the connection, which has no hour
            return await self._receive()
        message = await (self._receive() if self._deadline is None else self._in_time(self._deadline))
        chunk = message.get("body", b"")
        self._seen += len(chunk)
        if self._seen > self._cap:
            self.fault = TooLarge.code
            raise TooLarge("body over its cap", max_bytes=self._cap)
        if self._fields is not None:
            self._count(self._fields, chunk)
        self._whole = not message.get("more_body", False)
        return message

    async def read_json(self) -> None:
        """Take the whole body in, look at it as strictly as `core.strict_json`, and hold it ready to be received.

        Raises:
            TooLarge, TooSlow: see `receive`.
            InvalidInput: JSON that two readers could read differently, or none.
        """
        message = await self.receive()
        if not self._whole:
            message = await self._gathered(message)
        if message["type"] != _END:
            check_json(message.get("body", b""))
        self._replay = message

    async def _gathered(self, message: Message) -> Message:
        """The last message, with the whole body of which `message` is the beginning."""
        chunks = [message.get("body", b"")]
        while not self._whole:
            message = await self.receive()
            chunks.append(message.get("body", b""))
        if message["type"] != _END:
            message["body"] = b"".join(chunks)
        return message

    def _count(self, fields: FormFields, chunk: bytes) -> None:
        try:
            fields.count(chunk)
        except TooLarge:
            self.fault = TooLarge.code
            raise

    @types.coroutine
    def _in_time(self, deadline: float) -> Generator[Any, Any, Message]:
        """Most bodies are there already, and need no timer: that costs as much as all else that is done for a body."""
        coming = self._receive().__await__()
        try:
            waits_for = next(coming)
        except StopIteration as there:
            message: Message = there.value
            if message.get("more_body") and asyncio.get_running_loop().time() > deadline:
                raise self._too_slow() from None
            return message
        timer = asyncio.timeout_at(deadline)
        try:
            return (yield from _until(timer, _Begun(coming, waits_for)).__await__())
        except TimeoutError:
            if not timer.expired():  # it is the server's own
                raise
            raise self._too_slow() from None

    def _too_slow(self) -> TooSlow:
        self.fault = TooSlow.code
        return TooSlow("body past its hour")


async def _until(timer: asyncio.Timeout, coming: Awaitable[Message]) -> Message:
    async with timer:
        return await coming


class _Begun:
    """What somebody began to await, from where it waits."""

    def __init__(self, awaited: Generator[Any, Any, Message], waits_for: Any) -> None:
        self._awaited = awaited
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, Message]:
        while True:
            try:
                yield self._waits_for
            except BaseException as error:  # noqa: BLE001 - it is told to whom it is for
                try:
                    self._waits_for = self._awaited.throw(error)
                except StopIteration as done:
                    return done.value
            else:
                return (yield from self._awaited)


def check_json(body: bytes) -> None:
    """Return if `body`, held to its cap already, is strict JSON, or empty.

    Raises:
        InvalidInput: it isn't.
    """
    if body:
        strict_json.loads(body, max_bytes=len(body))
