"""A world of logins for G37: people, browsers, policies and time, and beside them what was truly shown in each login.

The strength of what was shown is counted here from the contract's table, not by the server's own rule.
"""

import base64
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from airside.core.errors import Refusal
from airside.core.principal import Assurance, Origin
from airside.core.secret import Secret
from airside.identity import (
    Answer,
    EnrolTotpAnswer,
    PasskeyAnswer,
    PasswordAnswer,
    RecoveryCodeAnswer,
    Session,
    TotpAnswer,
    User,
)
from airside.protocols import otp
from airside.signin import Done, StartedFlow
from airside.tenancy import TenantPolicy
from tests.authenticator import Authenticator
from tests.identity.kit import PASSWORD, Kit
from tests.identity.passkeys_kit import register

LEVELS: tuple[Assurance, ...] = ("aal0", "aal1", "aal2", "aal3")
TRUST = timedelta(minutes=10)
"""How long what was shown in a login counts."""


@dataclass
class Somebody:
    """One person, and what they have in hand."""

    user: User
    secret: bytes | None = None
    step: int = 0
    sheet: list[str] = field(default_factory=list[str])
    spent: list[str] = field(default_factory=list[str])
    device: Authenticator | None = None
    active: bool = True

    def second(self, policy: TenantPolicy) -> bool:
        """Whether they have a second factor that the tenant takes."""
        return (self.secret is not None and "totp" in policy.factors) or (
            self.device is not None and "passkey" in policy.factors
        )


@dataclass
class Login:
    """One login: whose browser, what was asked of it, and what was truly shown in it by whom."""

    browser: int
    flow: StartedFlow
    began: datetime
    minimum: Assurance
    held: Session | None = None
    since: datetime | None = None
    shown: list[tuple[UUID, str, datetime]] = field(default_factory=list[tuple[UUID, str, datetime]])
    done: bool = False

    def strength(self, user_id: UUID, now: datetime, policy: TenantPolicy) -> Assurance:
        """The most that was shown of `user_id`, with what the session that is strengthened still counts for."""
        kinds = {kind for who, kind, at in self.shown if who == user_id and now - at <= TRUST}
        kinds &= policy.factors
        first, level = "password" in kinds, 0
        if self.held is not None and self.held.user_id == user_id and self.since is not None:
            level = LEVELS.index(self.held.assurance) if self.held.auth_time >= self.since else 0
        first = first or level > 0
        level = max(
            level, int(first), 2 * int("passkey" in kinds), 2 * int(first and bool(kinds & {"totp", "recovery_code"}))
        )
        return LEVELS[level]


class World:
    """Plays acts against the real flows, and checks every session that comes of them."""

    def __init__(self, kit: Kit, dice: random.Random, now: datetime) -> None:
        self.kit, self.dice, self.now = kit, dice, now
        self.people: list[Somebody] = []
        self.logins: list[Login] = []
        self.sessions: dict[int, Session] = {}
        self.policy, self.version = TenantPolicy(), 0
        self.answers = self.started = 0

    async def settle(self) -> None:
        """Four people: with a password, with an app and recovery codes too, with a passkey too, with all of it."""
        for name in ("ada", "bob", "cleo", "dora"):
            self.people.append(Somebody(await self.kit.user(f"{name}@example.com")))
        for one in self.people[1::2]:
            async with self._ctx() as ctx:
                begun = await self.kit.totp.begin(ctx, one.user.id, one.user.email, "Acme")
                one.secret = base64.b32decode(begun.secret.reveal())
                code = self._code(one)
                await self.kit.totp.confirm(ctx, one.user.id, begun.factor_id, Secret(code))
        for one in self.people[2:]:
            one.device = Authenticator()
            await register(self.kit, one.user, one.device)

    async def play(self, acts: int) -> None:
        """A sequence: days later, with a fresh sheet of codes, nobody signed in."""
        self.now += timedelta(days=3)
        self.logins, self.sessions = [], {}
        await self._demand(TenantPolicy())
        for one in self.people:
            await self._set_active(one, True)
            async with self._ctx() as ctx:
                await self.kit.sessions.end_all(ctx, one.user.id)
                if one is self.people[0]:
                    await self.kit.factors.reset(ctx, one.user.id)
                    one.secret = None
                one.sheet, one.spent = [], []
                if one.secret is not None:
                    one.sheet = [code.reveal() for code in await self.kit.recovery_codes.renew(ctx, one.user.id)]
        await self.start(0)
        for _ in range(acts):
            await self.act()

    async def act(self) -> None:
        """Something happens."""
        dice, browser = self.dice, self.dice.randrange(2)
        roll = dice.random()
        if roll < 0.12:
            await self.start(browser)
        elif roll < 0.22:
            await self.step_up(browser)
        elif roll < 0.27:
            self.now += timedelta(seconds=dice.choice((5, 40, 400, 700)))
        elif roll < 0.32:
            factors = dice.choice(
                (TenantPolicy().factors, TenantPolicy().factors - {dice.choice(["passkey", "recovery_code"])})
            )
            await self._demand(
                TenantPolicy(minimum_assurance=dice.choice(("aal1", "aal2")), factors=frozenset(factors))
            )
        elif roll < 0.35:
            await self._set_active(dice.choice(self.people), dice.random() < 0.5)
        elif roll < 0.37 and browser in self.sessions:
            async with self._ctx() as ctx:
                await self.kit.sessions.end_all(ctx, self.sessions[browser].user_id)
        elif self.logins:
            await self.answer(dice.choice(self.logins[-3:]), browser)

    async def start(self, browser: int) -> None:
        minimum = self.dice.choice(("aal1", "aal1", "aal2"))
        async with self._ctx() as ctx:
            flow = await self.kit.flows.start(ctx, "/t/acme/account", minimum=minimum)
        self.logins.append(Login(browser, flow, self.now, minimum))

    async def step_up(self, browser: int) -> None:
        session = self.sessions.get(browser)
        if session is None:
            return
        age = self.dice.choice((None, timedelta(minutes=5)))
        async with self._ctx() as ctx:
            flow = await self.kit.flows.step_up(ctx, session, "/t/acme/account", minimum="aal2", max_age=age)
        since = session.auth_time if age is None else self.now - age
        self.logins.append(Login(browser, flow, self.now, "aal2", session, since))

    async def answer(self, login: Login, browser: int) -> None:
        """An answer by that browser, right or wrong, of whoever; the login's own browser most of the time."""
        dice = self.dice
        own = [each for each in self.logins if each.browser == browser]
        mine = login.browser == browser or dice.random() < 0.8
        secret = login.flow.browser if mine else (own[-1].flow.browser if own else Secret("x" * 43))
        of = [one for one in self.people if login.shown and one.user.id == login.shown[-1][0]]
        one = dice.choice(of if of and dice.random() < 0.85 else self.people)
        answer, kind = await self._made(login, secret, one)
        if isinstance(answer, EnrolTotpAnswer):
            one = self._enrolling(login, one)
        try:
            async with self._ctx() as ctx:
                step = await self.kit.flows.submit(ctx, login.flow.flow_id, secret, answer)
        except Refusal:
            step = None
        self.answers += 1
        if mine and kind:
            login.shown.append((one.user.id, kind, self.now))
        if isinstance(step, Done):
            await self._check(login, step.session.session, mine=mine)

    async def _made(self, login: Login, secret: Secret[str], one: Somebody) -> tuple[Answer | None, str]:
        """An answer, and what it truly shows of `one`; empty where it shows nothing."""
        begun = ("password", "password", "password", "passkey", "totp", "none")
        after = ("password", "totp", "totp", "totp", "recovery_code", "passkey", "enrol_totp", "none")
        what = self.dice.choice(after if login.shown or login.held else begun)
        right = self.dice.random() < 0.8
        if what == "password":
            typed = PASSWORD if right else "wrong"
            return PasswordAnswer(one.user.email, Secret(typed)), what if right and one.active else ""
        if what == "totp" and one.secret is not None:
            code = self._code(one) if right else f"{(int(self._code(one)) + 500_000) % 1_000_000:06d}"
            return TotpAnswer(Secret(code)), what if right else ""
        if what == "recovery_code" and one.sheet:
            if right or not one.spent:
                one.spent.append(one.sheet.pop())
            return RecoveryCodeAnswer(Secret(one.spent[-1 if right else 0])), what
        if what == "passkey" and one.device is not None:
            options = await self._challenge(login, secret, "passkey")
            return PasskeyAnswer(one.device.get(options["options"]) if options else "{}"), what if options else ""
        if what == "enrol_totp":
            return await self._enrolment(login, secret, one)
        return None, ""

    async def _enrolment(self, login: Login, secret: Secret[str], one: Somebody) -> tuple[Answer | None, str]:
        shown = await self._challenge(login, secret, "enrol_totp")
        if not shown:
            return EnrolTotpAnswer(Secret("000000")), ""
        whose = self._enrolling(login, one)
        whose.secret = base64.b32decode(shown["secret"])
        return EnrolTotpAnswer(Secret(self._code(whose))), "totp"

    def _enrolling(self, login: Login, one: Somebody) -> Somebody:
        """Whom the login is of."""
        of = login.held.user_id if login.held is not None else next((who for who, _, _ in login.shown), one.user.id)
        return next(each for each in self.people if each.user.id == of)

    async def _challenge(self, login: Login, secret: Secret[str], kind: str) -> dict[str, str]:
        try:
            async with self._ctx() as ctx:
                return dict(await self.kit.flows.challenge(ctx, login.flow.flow_id, secret, kind))
        except Refusal:
            return {}

    async def _check(self, login: Login, session: Session, *, mine: bool) -> None:
        self.started += 1
        one = next(each for each in self.people if each.user.id == session.user_id)
        assert mine, "another browser's secret finished it"
        assert not login.done, "it was finished twice"
        assert one.active, "of somebody disabled"
        assert self.now - login.began < TRUST, "after its end"
        wanted = max(login.minimum, self.policy.minimum_assurance)
        shown = login.strength(session.user_id, self.now, self.policy)
        assert session.assurance <= shown, f"{session.assurance} where {shown} was shown"
        assert session.assurance >= wanted, f"{session.assurance} where {wanted} was demanded"
        assert session.assurance >= "aal2" or not one.second(self.policy), "without the second factor that they have"
        if login.held is not None:
            assert (session.id, session.user_id) == (login.held.id, login.held.user_id)
        login.done = True
        self.sessions[login.browser] = session

    def _code(self, one: Somebody) -> str:
        assert one.secret is not None
        one.step = max(one.step + 1, otp.step_at(self.now) - 1)
        return otp.code_at(one.secret, one.step)

    async def _demand(self, policy: TenantPolicy) -> None:
        async with self._ctx() as ctx:
            self.version = (await self.kit.policies.change(ctx, self.version, policy)).version
        self.policy = policy

    async def _set_active(self, one: Somebody, active: bool) -> None:
        async with self._ctx() as ctx:
            await self.kit.users.set_state(ctx, one.user.id, "active" if active else "disabled")
        one.active = active

    def _ctx(self):
        origin = Origin(f"10.{self.dice.randrange(256)}.{self.dice.randrange(256)}.{self.dice.randrange(1, 255)}")
        return self.kit.open_ctx(self.kit.tenant_id, now=self.now, origin=origin)
