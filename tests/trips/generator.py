"""An app that makes codes (RFC 6238), in the hand of whoever has enrolled it."""

import asyncio
from uuid import UUID

from airside.core.clock import SystemClock
from airside.identity import User
from airside.protocols import otp
from tests.admin.kit import generator_of
from tests.running import Place


class Generator:
    """Gives each code once: the next one is of a later step."""

    def __init__(self, secret: bytes, spent: int) -> None:
        self._secret = secret
        self._spent = spent

    async def code(self) -> str:
        """One that wasn't taken yet; the server takes those of the step before the present one and of the next."""
        early = (self._spent - otp.step_at(SystemClock().now())) * otp.STEP
        if early > 0:
            await asyncio.sleep(early)
        self._spent = max(self._spent + 1, otp.step_at(SystemClock().now()) - 1)
        return otp.code_at(self._secret, self._spent)


_OF_USERS: dict[UUID, Generator] = {}


async def generator(place: Place, user: User) -> Generator:
    """The user's, enrolled when it is first asked for."""
    if user.id not in _OF_USERS:
        _, secret = await generator_of(place, user)
        _OF_USERS[user.id] = Generator(secret, otp.step_at(SystemClock().now()) - 1)
    return _OF_USERS[user.id]
