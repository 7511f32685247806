"""Days of guessing at second factors by somebody who knows every password, and the owners who sign in meanwhile: the
real verbs, the clock moved.

Whatever falls into one minute of the simulated time is done at the same moment, several at once.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from airside.core.entropy import SystemEntropy
from airside.core.errors import LimitExceeded, Refusal, Unauthenticated
from airside.core.ids import uuid7
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.identity import Proof, User
from airside.protocols import otp
from airside.store import RequestContext
from tests.authenticator import Authenticator
from tests.identity.factor_kit import Second
from tests.identity.passkeys_kit import register

AT_ONCE = 8
BURST = 12
"""Guesses at one account in one minute, now and then: more than a minute allows."""
WAYS = ("known device", "passkey", "recovery code")
_WEIGHTS = {"totp": 80, "email_code": 10, "recovery_code": 10}


@dataclass(frozen=True)
class Size:
    """How much of it."""

    guesses: int
    accounts: int
    days: int

    @property
    def minutes(self) -> int:
        return self.days * 24 * 60


@dataclass
class Owner:
    """Somebody with one to three generators, a sheet of recovery codes, a passkey and a device they are known by."""

    user: User
    secrets: list[bytes]
    sheet: list[Secret[str]]
    passkey: Authenticator
    device: UUID


@dataclass(frozen=True)
class Guess:
    """One that was compared with `secrets` secrets, and was right with this `chance`."""

    minute: int
    account: int
    kind: str
    secrets: int
    chance: float


@dataclass
class Log:
    """What came of it."""

    compared: list[Guess] = field(default_factory=list[Guess])
    refused: int = 0
    lucky: int = 0
    replayed: int = 0
    ways: dict[str, list[str]] = field(default_factory=lambda: {way: [] for way in WAYS})


class Siege:
    """Plans the days by the dice, and lives them."""

    def __init__(self, second: Second, size: Size, dice: Random, start: datetime) -> None:
        self._second = second
        self._size = size
        self._dice = dice
        self._start = start
        self._room = asyncio.Semaphore(AT_ONCE)
        self._owners: list[Owner] = []
        self.log = Log()

    async def prepare(self) -> None:
        """Make the owners."""
        second, before = self._second, self._start - timedelta(hours=1)
        for number in range(self._size.accounts):
            user = await second.kit.user(f"owner-{number}@example.com")
            secrets = [(await second.enrol(user.id, before))[1] for _ in range(number % 3 + 1)]
            passkey = Authenticator()
            await register(second.kit, user, passkey)
            device = await second.known_device(user.id)
            owner = Owner(user, secrets, [], passkey, device)
            await self._renew(owner)
            self._owners.append(owner)

    async def live(self) -> None:
        """Let the days pass."""
        plan: dict[int, list[Callable[[int], Coroutine[None, None, None]]]] = defaultdict(list)
        planned = 0
        while planned < self._size.guesses:
            minute, account = self._dice.randrange(self._size.minutes), self._dice.randrange(self._size.accounts)
            many = BURST if self._dice.random() < 0.02 else 1
            plan[minute] += [self._attack(account) for _ in range(many)]
            planned += many
        for account in range(self._size.accounts):
            for number, minute in enumerate(range(self._dice.randrange(5, 180), self._size.minutes, 180)):
                plan[minute].append(self._visit(account, WAYS[number % len(WAYS)]))
        for minute in sorted(plan):
            await asyncio.gather(*(act(minute) for act in plan[minute]))

    def _attack(self, account: int) -> Callable[[int], Coroutine[None, None, None]]:
        kind = self._dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        digits, origin = f"{self._dice.randrange(10**6):06d}", f"198.18.{self._dice.randrange(250)}.7"
        letters = "".join(self._dice.choices("0123456789abcdefghjkmnpqrstvwxyz", k=10))
        owner = self._owners[account]

        async def act(minute: int) -> None:
            # Each guess is a login of its own, from a browser that was never seen before.
            flow_id, device_id = self._id(minute), self._id(minute)
            code = Secret(letters if kind == "recovery_code" else digits)
            try:
                async with self._room, self._at(minute, Origin(origin)) as ctx:
                    await self._tried(ctx, kind, owner, code, flow_id, device_id)
            except LimitExceeded:
                self.log.refused += 1
                return
            except Unauthenticated:
                pass
            else:
                self.log.lucky += 1
            secrets = len(owner.secrets) if kind == "totp" else 1
            chance = {"totp": secrets * 3e-6, "email_code": 1e-6, "recovery_code": 10 / 32**10}[kind]
            self.log.compared.append(Guess(minute, account, kind, secrets, chance))

        return act

    async def _tried(
        self, ctx: RequestContext, kind: str, owner: Owner, code: Secret[str], flow_id: UUID, device_id: UUID
    ) -> None:
        second, user_id = self._second, owner.user.id
        if kind == "totp":
            await second.totp.prove(ctx, user_id, code, device_id)
        elif kind == "recovery_code":
            await second.recovery_codes.prove(ctx, user_id, code, device_id)
        else:
            await second.email_codes.ensure(ctx, flow_id, user_id, device_id)
            await second.email_codes.prove(ctx, flow_id, user_id, code, device_id)

    def _visit(self, account: int, way: str) -> Callable[[int], Coroutine[None, None, None]]:
        owner, origin = self._owners[account], Origin(f"203.0.113.{account % 250}")

        async def act(minute: int) -> None:
            try:
                async with self._room:
                    proof = await self._entered(owner, way, minute, origin)
            except Refusal as refusal:
                self.log.ways[way].append(refusal.code)
            else:
                self.log.ways[way].append("in" if proof.user_id == owner.user.id else "somebody else")

        return act

    async def _entered(self, owner: Owner, way: str, minute: int, origin: Origin) -> Proof:
        second, user_id = self._second, owner.user.id
        if way == "known device":
            code = Secret(otp.code_at(owner.secrets[0], otp.step_at(self._moment(minute))))
            async with self._at(minute, origin) as ctx:
                proof = await second.totp.prove(ctx, user_id, code, owner.device)
            await self._replay(owner, code, minute, origin)
            return proof
        if way == "recovery code":
            code = owner.sheet.pop()
            async with self._at(minute, origin) as ctx:
                proof = await second.recovery_codes.prove(ctx, user_id, code, self._id(minute))
            await self._replay(owner, code, minute, origin)
            if len(owner.sheet) < 2:
                await self._renew(owner)
            return proof
        attempt_id = self._id(minute)
        async with self._at(minute, origin) as ctx:
            options = await second.kit.passkeys.challenge(ctx, attempt_id, user_id=user_id)
        assert options is not None
        async with self._at(minute, origin) as ctx:
            return await second.kit.passkeys.prove(ctx, attempt_id, owner.passkey.get(options), user_id=user_id)

    async def _replay(self, owner: Owner, code: Secret[str], minute: int, origin: Origin) -> None:
        """Somebody who looked on tries it too, at the same device."""
        for kind in ("totp", "recovery_code"):
            try:
                async with self._at(minute, origin) as ctx:
                    await self._tried(ctx, kind, owner, code, self._id(minute), owner.device)
            except Unauthenticated:
                continue
            self.log.replayed += 1

    async def _renew(self, owner: Owner) -> None:
        async with self._second.kit.open_ctx(self._second.kit.tenant_id) as ctx:
            owner.sheet = list(await self._second.recovery_codes.renew(ctx, owner.user.id))

    def _moment(self, minute: int) -> datetime:
        return self._start + timedelta(minutes=minute)

    def _at(self, minute: int, origin: Origin) -> AbstractAsyncContextManager[RequestContext]:
        return self._second.kit.open_ctx(self._second.kit.tenant_id, now=self._moment(minute), origin=origin)

    def _id(self, minute: int) -> UUID:
        return uuid7(self._moment(minute), SystemEntropy())
