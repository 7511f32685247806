"""Whatever a browser sends in whatever order, no session is stronger than what was proven."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airside.core.errors import NotFound
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.identity import PasswordAnswer, Session
from airside.signin import Done, StartedFlow
from airside.signin.model import LIFETIME
from tests.identity.kit import PASSWORD, Kit
from tests.signin.test_flow import OtherAnswer

BROWSERS = 2
FLOWS = 3
PEOPLE = ("ada@example.com", "bob@example.com")
WAITS = (0, 30, 300, 700)


@dataclass(frozen=True)
class Start:
    """A browser opens the sign-in page."""

    browser: int


@dataclass(frozen=True)
class Wait:
    """Time passes."""

    seconds: int


@dataclass(frozen=True)
class Post:
    """A browser answers one of the flows, its own or another's."""

    what: str
    browser: int
    flow: int
    email: str


Act: TypeAlias = Start | Wait | Post
ACTS: st.SearchStrategy[Act] = st.one_of(
    st.builds(Start, st.integers(0, BROWSERS - 1)),
    st.builds(Wait, st.sampled_from(WAITS)),
    st.builds(
        Post,
        st.sampled_from(["right", "wrong", "empty", "other", "none"]),
        st.integers(0, BROWSERS - 1),
        st.integers(0, FLOWS - 1),
        st.sampled_from(PEOPLE),
    ),
)


@dataclass
class World:
    """What is true beside the server: whose flow is whose, which are open, and who knew a password when."""

    kit: Kit
    now: datetime
    flows: list[tuple[int, StartedFlow, datetime]] = field(default_factory=list[tuple[int, StartedFlow, datetime]])
    spent: set[int] = field(default_factory=set[int])
    attempts: int = 0

    async def start(self, browser: int) -> None:
        async with self.kit.open_ctx(self.kit.tenant_id, now=self.now) as ctx:
            flow = await self.kit.flows.start(ctx, "/t/acme/account")
        self.flows.append((browser, flow, self.now))

    async def answer(self, post: Post) -> None:
        what, browser, number, email = post.what, post.browser, post.flow, post.email
        held = [flow for owner, flow, _ in self.flows if owner == browser]
        if number >= len(self.flows) or not held:
            return
        owner, flow, born = self.flows[number]
        secret = flow.browser if owner == browser else held[-1].browser
        answer = {
            "right": PasswordAnswer(email, Secret(PASSWORD)),
            "wrong": PasswordAnswer(email, Secret("wrong password")),
            "empty": PasswordAnswer("", Secret("")),
            "other": OtherAnswer(),
            "none": None,
        }[what]
        lawful = owner == browser and number not in self.spent and self.now - born < LIFETIME
        self.attempts += 1
        origin = Origin(f"10.{self.attempts >> 16}.{self.attempts >> 8 & 255}.{self.attempts & 255}")
        try:
            async with self.kit.open_ctx(self.kit.tenant_id, origin=origin, now=self.now) as ctx:
                step = await self.kit.flows.submit(ctx, flow.flow_id, secret, answer)
        except NotFound:
            assert not lawful
            return
        assert lawful
        assert isinstance(step, Done) == (what == "right")
        if isinstance(step, Done):
            self.spent.add(number)
            await self.check(step.session.session, email)

    async def check(self, session: Session, email: str) -> None:
        assert session.assurance == "aal1"
        assert session.amr == ("pwd",)
        assert session.auth_time == self.now
        async with self.kit.open_ctx(self.kit.tenant_id, now=self.now) as ctx:
            assert (await self.kit.users.get(ctx, session.user_id)).email == email

    async def run(self, acts: list[Act]) -> None:
        for act in acts:
            match act:
                case Start(browser):
                    await self.start(browser)
                case Wait(seconds):
                    self.now += timedelta(seconds=seconds)
                case Post():
                    await self.answer(act)


@pytest.mark.gauntlet
async def test_no_sequence_of_steps_gives_a_session_above_what_was_proven(kit: Kit) -> None:
    """G37, short form; also N11 (other browser), N12 (skipped, empty), N14 (replayed, expired)."""
    for email in PEOPLE:
        await kit.user(email)
    loop = asyncio.get_running_loop()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        world = World(kit, ctx.now)

    def play(acts: list[Act]) -> None:
        world.flows.clear()
        world.spent.clear()
        world.now += timedelta(hours=2)
        asyncio.run_coroutine_threadsafe(world.run(acts), loop).result(60)

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(ACTS, min_size=4, max_size=14))
    def sequences(acts: list[Act]) -> None:
        play([Start(0), Start(1), *acts])

    await asyncio.to_thread(sequences)
    assert world.attempts > 50
