"""G17 at the password hashes, which cost more than anything else that a stranger can ask for: one tenant's full queue
is that tenant's to wait for, and another's people sign in as ever.

The queue is kept full from inside, for on a machine of many cores no client fills it: with as many hashes as the server
takes from the tenant's known devices. Strangers who guess at the tenant meanwhile find no room, by HTTP.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from statistics import median
from urllib.parse import urlencode

import httpx2
import pytest

from airside.core.errors import LimitExceeded, Unavailable
from tests.running import Place, Running
from tests.trips.visitor import FORM, Visitor, csrf_of

WIDTH = 100 * (os.cpu_count() or 1)
"""Who hash at once: more than there is room for."""
ROUNDS = 6
"""Hashes of each, so that it ends whatever happens: it goes on for many times as long as the sign-ins take."""
PAUSE = 0.5
GUESSERS = 8
GUESSES = 6
"""Of one origin: fewer than it takes to be refused for anything but room."""
SIGN_INS = 5


class Crowded:
    """A tenant whose queue is full."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.hashes = place.server.services.hashes
        self.waiting = 0
        self.hashed = 0

    async def crowd(self) -> None:
        """One of those who fill it."""
        for _ in range(ROUNDS):
            self.waiting += 1
            try:
                await self.hashes.hash(self.place.tenant_id, b"password")
            except Unavailable:
                await asyncio.sleep(PAUSE)
            else:
                self.hashed += 1
            finally:
                self.waiting -= 1

    async def guess(self, http: httpx2.AsyncClient, page: httpx2.Response) -> list[int]:
        """What a stranger is answered who guesses at accounts that nobody has."""
        answers = list[int]()
        for number in range(GUESSES):
            fields = {"email": f"nobody-{number}@example.com", "password": "wrong", "csrf_token": csrf_of(page)}
            headers = {**FORM, "origin": self.place.server.url}
            answers.append((await http.post(str(page.url), content=urlencode(fields), headers=headers)).status_code)
        return answers


async def _opened(stack: AsyncExitStack, place: Place, source: str) -> tuple[Visitor, httpx2.Response]:
    browser = Visitor(place, await stack.enter_async_context(place.server.client(source=source)))
    return browser, await browser.get(f"{place.issuer}/signin")


@pytest.fixture
async def crowded(server: Running) -> AsyncIterator[Crowded]:
    made = Crowded(await server.tenant())
    yield made
    assert made.waiting == 0


@pytest.mark.gauntlet
async def test_guesses_at_one_tenant_refuse_no_sign_in_at_another(crowded: Crowded, place: Place) -> None:
    user = await place.user()
    statuses, overtaken = list[int](), list[float]()
    async with AsyncExitStack() as stack:
        guessers = [await _opened(stack, crowded.place, f"127.17.0.{n + 1}") for n in range(GUESSERS)]
        browsers = [await _opened(stack, place, f"127.17.1.{n + 1}") for n in range(SIGN_INS)]
        crowd = [asyncio.create_task(crowded.crowd()) for _ in range(WIDTH)]
        await asyncio.sleep(0)
        with pytest.raises((LimitExceeded, Unavailable)):
            crowded.hashes.admit(crowded.place.tenant_id)
        guesses = asyncio.gather(*(crowded.guess(guesser.http, page) for guesser, page in guessers))
        for browser, page in browsers:
            waiting, hashed = crowded.waiting, crowded.hashed
            statuses.append((await browser.sign_in(page, user)).status_code)
            overtaken.append((crowded.hashed - hashed) / waiting)
        refused = Counter(status for answers in await guesses for status in answers)
        for task in crowd:
            task.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
    print(
        f"\nG17: {statuses} to sign-ins, a median of {median(overtaken):.0%} of another tenant's full queue hashed"
        f" before each; {dict(refused)} to guesses there"
    )
    assert statuses == [200] * SIGN_INS
    assert set(refused) <= {429, 503}
    assert median(overtaken) < 0.5
