"""A world of logins for G37: people, browsers, policies and time, and beside them what was truly shown in each login.

The strength of what was shown is counted here from the contract's table, not by the server's own rule. An answer shows
something only if it is right, new, of the login's person and brought by the login's browser, whatever the server makes
of it; and a new generator only beside a first factor of somebody who has no second one.
"""

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import msgspec
import pytest

from airside.core.errors import Conflict, Refusal
from airside.core.principal import Assurance, Origin
from airside.core.secret import Secret
from airside.federation import Connection, ConnectionDraft, ExternalClaims, OidcAnswer, OidcSettings
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
from airside.signin import Ask, Done, StartedFlow, Step
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
    spent: list[Answer] = field(default_factory=list[Answer])
    device: Authenticator | None = None
    active: bool = True

    def second(self, policy: TenantPolicy) -> bool:
        """Whether they have a second factor that the tenant takes."""
        has = {"totp"} if self.secret is not None else set[str]()
        has |= {"passkey"} if self.device is not None else set[str]()
        has |= {"recovery_code"} if has and self.sheet else set[str]()
        return bool(has & policy.factors)


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

    @property
    def of(self) -> UUID | None:
        """Whom it is of, as far as that was shown."""
        return self.held.user_id if self.held is not None else next((who for who, _, _ in self.shown), None)

    def strength(self, user_id: UUID, now: datetime, policy: TenantPolicy) -> Assurance:
        """The most that was shown of `user_id`, with what the session that is strengthened still counts for."""
        kinds = self.kinds(user_id, now, policy)
        level = 0
        if self.held is not None and self.held.user_id == user_id and self.since is not None:
            level = LEVELS.index(self.held.assurance) if self.held.auth_time >= self.since else 0
        first = bool(kinds & {"password", "oidc"}) or level > 0
        second = bool(kinds & {"totp", "recovery_code"})
        return LEVELS[max(level, int(first), 2 * int("passkey" in kinds), 2 * int(first and second))]

    def kinds(self, user_id: UUID, now: datetime, policy: TenantPolicy) -> set[str]:
        """What was shown of `user_id` in the login itself and counts now."""
        shown = {kind for who, kind, at in self.shown if who == user_id and now - at <= TRUST}
        return shown & (policy.factors | {"oidc"})


class World:
    """Plays acts against the real flows, and checks every session that comes of them."""

    def __init__(self, kit: Kit, dice: Random, now: datetime) -> None:
        self.kit, self.dice, self.now = kit, dice, now
        self.people: list[Somebody] = []
        self.logins: list[Login] = []
        self.sessions: dict[int, Session] = {}
        self.policy, self.version = TenantPolicy(), 0
        self.offered: dict[UUID, bytes] = {}
        self.provider: Connection | None = None
        self.brought: list[OidcAnswer] = []
        self.answers = self.started = self.replayed = self.from_elsewhere = 0

    async def settle(self) -> None:
        """Four people: with a password, with an app and recovery codes too, with a passkey too, with all of it."""
        for name in ("ada", "bob", "cleo", "dora"):
            self.people.append(Somebody(await self.kit.user(f"{name}@example.com")))
        for one in self.people[1::2]:
            await self._give_app(one)
        for one in self.people[2:]:
            one.device = Authenticator()
            await register(self.kit, one.user, one.device)
        async with self._ctx() as ctx:
            provider = OidcSettings(issuer="https://idp.example.com", client_id="airside")
            self.provider = await self.kit.connections.create(ctx, ConnectionDraft("Elsewhere", provider))
        self.kit.domains.connection_id = self.provider.id
        for one in self.people:  # each is known there, and their domain proven: they are linked at first sight
            await self.start(0)
            login = self.logins[-1]
            answer, _ = await self._elsewhere(login, login.flow.browser, one, right=True)
            async with self._ctx() as ctx:
                await self.kit.flows.submit(ctx, login.flow.flow_id, login.flow.browser, answer)
        self.kit.domains.connection_id = None

    async def _give_app(self, one: Somebody) -> None:
        """As on the page of their account."""
        async with self._ctx() as ctx:
            begun = await self.kit.totp.begin(ctx, one.user.id, one.user.email, "Acme")
            one.secret, one.step = base64.b32decode(begun.secret.reveal()), 0
            await self.kit.totp.confirm(ctx, one.user.id, begun.factor_id, Secret(self._code(one)))

    async def _enrol_app(self, one: Somebody) -> None:
        """The same in the middle of logins: whoever is disabled gets none."""
        if one.active:
            await self._give_app(one)
            return
        with pytest.raises(Conflict):
            await self._give_app(one)
        one.secret = None

    async def play(self, acts: int) -> None:
        """A sequence: days later, with a fresh sheet of codes, nobody signed in."""
        self.now += timedelta(days=3)
        self.logins, self.sessions = [], {}
        await self._demand(TenantPolicy())
        self.brought = []
        await self._set_open(True)
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
        elif roll < 0.24:
            await self.step_up(browser)
        elif roll < 0.29:
            self.now += timedelta(seconds=dice.choice((5, 40, 400, 700)))
        elif roll < 0.32:
            factors = dice.choice(
                (TenantPolicy().factors, TenantPolicy().factors - {dice.choice(["passkey", "recovery_code", "totp"])})
            )
            await self._demand(
                TenantPolicy(minimum_assurance=dice.choice(("aal1", "aal2")), factors=frozenset(factors))
            )
        elif roll < 0.35:
            await self._set_active(dice.choice(self.people), dice.random() < 0.5)
        elif roll < 0.37 and browser in self.sessions:
            async with self._ctx() as ctx:
                await self.kit.sessions.end_all(ctx, self.sessions[browser].user_id)
        elif roll < 0.41:
            self.now += timedelta(seconds=1)
            await self._set_open(False)
            await self._set_open(dice.random() < 0.8)
        elif roll < 0.45 and self.people[0].secret is None and "totp" in self.policy.factors:
            await self._enrol_app(self.people[0])
        elif self.logins:
            await self.answer(self.logins[-1] if dice.random() < 0.7 else dice.choice(self.logins[-4:]), browser)

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
        if self.dice.random() < 0.5:
            self.now += timedelta(minutes=6)
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
        of = [one for one in self.people if one.user.id == login.of]
        one = of[0] if of and dice.random() < 0.85 else dice.choice(self.people)
        answer, kind = await self._made(login, secret, one)
        if of and isinstance(answer, EnrolTotpAnswer):
            one = of[0]  # whoever makes it, the generator is for whom the login is of
        try:
            async with self._ctx() as ctx:
                step = await self.kit.flows.submit(ctx, login.flow.flow_id, secret, answer)
        except Refusal:
            step = None
        self.answers += 1
        if mine and kind:
            self._note(login, one, answer, kind, step)
        if isinstance(step, Done):
            await self._check(login, step.session.session, mine=mine)

    def _note(self, login: Login, one: Somebody, answer: Answer | None, kind: str, step: Step | None) -> None:
        """Keep what a right answer showed, and itself, to be brought again. One that the server refused (a limit, a
        person disabled) showed nothing: that makes the count of what was shown stricter, never laxer."""
        taken = isinstance(step, Done) or (isinstance(step, Ask) and not step.failed)
        if isinstance(answer, EnrolTotpAnswer) and taken:
            one.secret = self.offered[login.flow.flow_id]
        if taken:
            login.shown.append((one.user.id, kind, self.now))
        if isinstance(step, Done) and answer is not None and kind != "password":
            one.spent.append(answer)

    async def _made(self, login: Login, secret: Secret[str], one: Somebody) -> tuple[Answer | None, str]:
        """An answer, and what it truly shows of `one`; empty where it shows nothing."""
        begun = ("password", "password", "oidc", "oidc", "passkey", "totp", "recovery_code", "none")
        after = ("password", "oidc", "totp", "totp", "recovery_code", "recovery_code", "passkey", "enrol_totp", "none")
        what = self.dice.choice(begun if login.of is None else after)
        right = one.active and self.dice.random() < 0.85
        if one.spent and what in ("totp", "recovery_code", "passkey") and self.dice.random() < 0.3:
            self.replayed += 1
            return self.dice.choice(one.spent), ""
        if what == "password":
            return PasswordAnswer(one.user.email, Secret(PASSWORD if right else "wrong")), what if right else ""
        if what == "oidc":
            return await self._elsewhere(login, secret, one, right=right)
        beside = right and self._has_first(login, one)
        if what == "totp" and one.secret is not None:
            code = self._code(one) if right else f"{(int(self._code(one)) + 500_000) % 1_000_000:06d}"
            return TotpAnswer(Secret(code)), what if beside else ""
        if what == "recovery_code" and one.sheet:
            code = one.sheet.pop() if right else "aaaaa-aaaaa"
            return RecoveryCodeAnswer(Secret(code)), what if beside else ""
        if what == "passkey" and one.device is not None:
            options = await self._challenge(login, secret, "passkey")
            answer = PasskeyAnswer(one.device.get(options["options"]) if options else "{}")
            return answer, what if options and one.active else ""
        if what == "enrol_totp":
            whose = [each for each in self.people if each.user.id == login.of]
            return await self._enrolment(login, secret, whose[0] if whose else one)
        return None, ""

    def _has_first(self, login: Login, one: Somebody) -> bool:
        """Whether a second factor of `one` stands beside a first one."""
        return login.of == one.user.id and login.strength(one.user.id, self.now, self.policy) != "aal0"

    async def _enrolment(self, login: Login, secret: Secret[str], one: Somebody) -> tuple[Answer | None, str]:
        """The first code of a generator that the page shows to whoever asks; of worth only to who has no second factor
        and has shown the first one in this login."""
        shown = await self._challenge(login, secret, "enrol_totp")
        if not shown:
            return EnrolTotpAnswer(Secret("000000")), ""
        made = self.offered[login.flow.flow_id] = base64.b32decode(shown["secret"])
        answer = EnrolTotpAnswer(Secret(otp.code_at(made, otp.step_at(self.now))))
        lawful = login.of == one.user.id and one.active and not one.second(self.policy)
        lawful = lawful and bool(login.kinds(one.user.id, self.now, self.policy) & {"password", "passkey", "oidc"})
        if lawful:
            one.step = otp.step_at(self.now)
        return answer, "totp" if lawful else ""

    async def _elsewhere(
        self, login: Login, secret: Secret[str], one: Somebody, *, right: bool
    ) -> tuple[Answer | None, str]:
        """What the provider says of `one`, genuine or forged, of this login or brought for another one before."""
        assert self.provider is not None
        if self.brought and self.dice.random() < 0.25:
            self.replayed += 1
            return self.dice.choice(self.brought), ""
        claims = ExternalClaims(f"elsewhere-{one.user.id}", email=one.user.email, amr=("mfa",))
        fields = {"iss": "genuine" if right else "forged", "code": msgspec.json.encode(claims).decode()}
        try:
            async with self._ctx() as ctx:
                left = await self.kit.flows.lead(ctx, login.flow.flow_id, secret, self.provider.id)
            async with self._ctx() as ctx:
                state = left.url.partition("state=")[2]
                came = await self.kit.answers.receive(ctx, "oidc", self.provider.id, state, fields)
        except Refusal:
            return None, ""
        answer = OidcAnswer(came.word)
        self.brought.append(answer)
        return answer, "oidc" if right and one.active else ""

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
        self.from_elsewhere += "oidc" in login.kinds(session.user_id, self.now, self.policy)
        assert session.assurance <= shown, f"{session.assurance} where {shown} was shown"
        assert session.assurance >= wanted, f"{session.assurance} where {wanted} was demanded"
        assert session.assurance >= "aal2" or not one.second(self.policy), "without the second factor that they have"
        if login.held is not None:
            assert (session.id, session.user_id) == (login.held.id, login.held.user_id)
        login.done = True
        self.sessions[login.browser] = session
        for each in self.logins:
            if each.held is not None and each.held.id == session.id:
                each.held = session

    def _code(self, one: Somebody) -> str:
        assert one.secret is not None
        one.step = max(one.step + 1, otp.step_at(self.now) - 1)
        while one.step > otp.step_at(self.now) + 1:  # the app's next code takes its time
            self.now += timedelta(seconds=30)
        return otp.code_at(one.secret, one.step)

    async def _demand(self, policy: TenantPolicy) -> None:
        async with self._ctx() as ctx:
            self.version = (await self.kit.policies.change(ctx, self.version, policy)).version
        self.policy = policy

    async def _set_active(self, one: Somebody, active: bool) -> None:
        async with self._ctx() as ctx:
            await self.kit.users.set_state(ctx, one.user.id, "active" if active else "disabled")
        one.active = active

    async def _set_open(self, active: bool) -> None:
        """The connection is disabled, and all that came through it counts for nothing; or it opens again."""
        assert self.provider is not None
        async with self._ctx() as ctx:
            verb = self.kit.connections.enable if active else self.kit.connections.disable
            await verb(ctx, self.provider.id)
        if active:
            return
        for login in self.logins:
            login.shown = [each for each in login.shown if each[1] != "oidc"]

    def _ctx(self):
        origin = Origin(f"10.{self.dice.randrange(256)}.{self.dice.randrange(256)}.{self.dice.randrange(1, 255)}")
        return self.kit.open_ctx(self.kit.tenant_id, now=self.now, origin=origin)
