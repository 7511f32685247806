"""G15: a wrong password and an unknown user can't be told apart by the answer or by its time."""

import os
import re
import statistics
from collections.abc import Sequence
from math import exp, sqrt
from random import Random
from time import perf_counter
from urllib.parse import urlencode

import httpx2
import pytest

from airside.core.secret import Secret
from tests.running import Place, Running
from tests.trips.visitor import FORM, csrf_of

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
SAMPLES = int(os.environ.get("G15_SAMPLES", "20000" if FULL else "2000"))
"""Of each kind; its mutant needs fewer to be caught."""
ACCOUNTS = SAMPLES // 20
"""Every account is guessed at 40 times at most, with the repeat: it takes 50 failures at once."""
PER_ORIGIN = 10
"""Failures that one origin may have at once."""
SEED = 20_261
PASSWORD = "the right one, never tried"
LIMIT = 0.0005
"""Seconds between the medians."""
P_VALUE = 0.001
_CHALLENGE = re.compile(r"challenge&#34;:&#34;[\w-]+|flw_\w+")
"""What is another in every login, whoever it is of."""


def kolmogorov_smirnov(one: Sequence[float], other: Sequence[float]) -> float:
    """The asymptotic p-value that two samples are of one distribution (two-sided)."""
    merged = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    seen, distance = [0, 0], 0.0
    for position, (value, kind) in enumerate(merged):
        seen[kind] += 1
        if position + 1 == len(merged) or merged[position + 1][0] != value:
            distance = max(distance, abs(seen[0] / len(one) - seen[1] / len(other)))
    size = sqrt(len(one) * len(other) / (len(one) + len(other)))
    scaled = (size + 0.12 + 0.11 / size) * distance
    if scaled < 0.2:
        return 1.0
    return max(0.0, min(1.0, 2 * sum((-1) ** (k - 1) * exp(-2 * k * k * scaled * scaled) for k in range(1, 101))))


async def _accounts(place: Place) -> list[str]:
    emails = [f"known-{number:06d}@example.com" for number in range(ACCOUNTS)]
    services = place.server.services
    async with place.operator() as ctx:
        for email in emails:
            await services.user_admin.create(ctx, email, "Somebody", Secret(PASSWORD))
    return emails


async def _guess(http: httpx2.AsyncClient, page: httpx2.Response, origin: str, email: str) -> tuple[float, str]:
    form = urlencode({"email": email, "password": "a wrong password", "csrf_token": csrf_of(page)})
    started = perf_counter()
    answer = await http.post(str(page.url), content=form, headers={**FORM, "origin": origin})
    elapsed = perf_counter() - started
    assert answer.status_code == 401, answer.text
    text = answer.text
    for own, word in ((email, "E-MAIL"), (answer.headers["x-request-id"], ""), (csrf_of(answer), "TOKEN")):
        text = text.replace(own, word)
    return elapsed, _CHALLENGE.sub("", text)


async def _measure(place: Place, emails: Sequence[str], dice: Random) -> tuple[list[float], list[float]]:
    order = [number % 2 == 0 for number in range(2 * SAMPLES)]
    dice.shuffle(order)
    times: dict[bool, list[float]] = {True: [], False: []}
    words: dict[bool, set[str]] = {True: set(), False: set()}
    for start in range(0, len(order), PER_ORIGIN):
        # Each client comes from an address of its own, as strangers do: the limits stay in force.
        address = f"127.{dice.randrange(1, 250)}.{dice.randrange(250)}.{dice.randrange(1, 250)}"
        async with place.server.client(source=address) as http:
            page = await http.get(f"{place.issuer}/signin", follow_redirects=True)
            for known in order[start : start + PER_ORIGIN]:
                number = len(times[True]) if known else dice.randrange(900_000)
                email = emails[number % len(emails)] if known else f"other-{number:06d}@example.com"
                elapsed, text = await _guess(http, page, place.server.url, email)
                times[known].append(elapsed)
                words[known].add(text)
    assert words[True] <= words[False] <= words[True], "the answers differ"
    assert len(words[True]) < 5, "the answers are all different, so nothing is compared"
    return times[True], times[False]


@pytest.mark.gauntlet
@pytest.mark.alone
async def test_unknown_user_and_wrong_password_take_the_same_time(server: Running):
    place = await server.tenant()
    emails = await _accounts(place)
    dice = Random(SEED)
    for attempt in (1, 2):  # one repeat is allowed
        known, unknown = await _measure(place, emails, dice)
        difference = abs(statistics.median(known) - statistics.median(unknown))
        p = kolmogorov_smirnov(known, unknown)
        print(f"\nG15: n = {SAMPLES} of each, seed {SEED}, attempt {attempt}:", end=" ")
        print(f"medians {statistics.median(known) * 1e3:.2f} and {statistics.median(unknown) * 1e3:.2f} ms,", end=" ")
        print(f"difference {difference * 1e3:.3f} ms, KS p = {p:.4f}")
        if difference < LIMIT and p > P_VALUE:
            return
    pytest.fail(f"told apart: difference {difference * 1e3:.3f} ms, KS p = {p:.5f}")


def test_the_statistic_itself_tells_samples_apart():
    dice = Random(SEED)
    one, same = ([dice.gauss(25, 2) for _ in range(2000)] for _ in range(2))
    other = [dice.gauss(25.5, 2) for _ in range(2000)]
    assert kolmogorov_smirnov(one, same) > P_VALUE
    assert kolmogorov_smirnov(one, other) < P_VALUE
