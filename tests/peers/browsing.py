"""A browser that goes from an application to the sign-in page and back again."""

from urllib.parse import urljoin

import httpx2

from airside.identity import User
from tests.trips.visitor import Visitor, ahead_of

MAX_STEPS = 20


async def reach(browser: Visitor, address: str, user: User | None = None) -> httpx2.Response:
    """The page that `address` leads to, by whatever redirects; `user` fills in the sign-in form on the way."""
    answer = await browser.http.get(address)
    for _ in range(MAX_STEPS):
        here = str(answer.url)
        if answer.is_redirect:
            answer = await browser.http.get(urljoin(here, answer.headers["location"]))
        elif user is not None and here.startswith(f"{browser.place.issuer}/signin/"):
            answer = await browser.onward(await browser.sign_in(answer, user))
        elif here.startswith(f"{browser.place.issuer}/") and 'http-equiv="refresh"' in answer.text:
            answer = await browser.http.get(ahead_of(answer))
        else:
            return answer
    raise AssertionError(f"more than {MAX_STEPS} steps from {address}")
