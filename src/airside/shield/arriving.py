"""A body on its way in: it stops at its cap and at its hour, and JSON is read before the application reads it."""

import asyncio
from collections.abc import Awaitable, Callable
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
        message = await self._next()
        self._seen += len(message.get("body", b""))
        if self._seen > self._cap:
            self.fault = TooLarge.code
            raise TooLarge("body over its cap", max_bytes=self._cap)
        if self._fields is not None:
            self._count(self._fields, message.get("body", b""))
        self._whole = not message.get("more_body", False)
        return message

    async def read_json(self) -> None:
        """Take the whole body in, look at it as strictly as `core.strict_json`, and hold it ready to be received.

        Raises:
            TooLarge, TooSlow: see `receive`.
            InvalidInput: JSON that two readers could read differently, or none.
        """
        chunks: list[bytes] = []
        while not self._whole:
            message = await self.receive()
            if message["type"] == _END:
                self._replay = message
                return
            chunks.append(message.get("body", b""))
        body = b"".join(chunks)
        check_json(body)
        self._replay = {"type": "http.request", "body": body, "more_body": False}

    def _count(self, fields: FormFields, chunk: bytes) -> None:
        try:
            fields.count(chunk)
        except TooLarge:
            self.fault = TooLarge.code
            raise

    async def _next(self) -> Message:
        if self._deadline is None:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._receive()
        except TimeoutError:
            self.fault = TooSlow.code
            raise TooSlow("body past its hour") from None


def check_json(body: bytes) -> None:
    """Return if `body`, held to its cap already, is strict JSON, or empty.

    Raises:
        InvalidInput: it isn't.
    """
    if body:
        strict_json.loads(body, max_bytes=len(body))
