"""N13, N15: guesses counted, whatever they are dressed as, and answered alike. Over HTTP."""

import asyncio
import re
from collections import Counter
from dataclasses import replace
from urllib.parse import urlencode

import httpx2
import pytest

from airside.identity import User
from airside.limits import SIGNIN_PAIR, TOKEN_FAILURES
from tests.admin.kit import generator_of
from tests.running import PASSWORD, Place
from tests.trips.manager import program
from tests.trips.visitor import FORM, Visitor, csrf_of, token_request, visitor

_CHANGING = re.compile(r'value="[^"]*"|flw_\w+|req_\w+|challenge&#34;:&#34;[\w-]+')


async def guess(place: Place, email: str, password: str, **headers: str) -> httpx2.Response:
    """One sign-in from a new browser."""
    async with visitor(place) as browser:
        page = await browser.get(f"{place.issuer}/signin")
        fields = {"email": email, "password": password, "csrf_token": csrf_of(page)}
        sent = {**FORM, "origin": place.server.url, **headers}
        return await browser.http.post(str(page.url), content=urlencode(fields), headers=sent)


async def test_of_fifty_guesses_at_once_five_are_looked_at(place: Place) -> None:
    """N13: parallel requests, each with a browser and a flow of its own; the right password among the last is refused
    with them."""
    user = await place.user()
    async with asyncio.TaskGroup() as group:
        browsers = [group.create_task(_opened(place)) for _ in range(50)]
    ready = [one.result() for one in browsers]
    answers = await asyncio.gather(*(_send(place, http, page, user) for http, page in ready))
    await asyncio.gather(*(http.aclose() for http, _ in ready))
    seen = Counter(answer.status_code for answer in answers)
    assert seen[401] <= SIGNIN_PAIR.rate.count, seen
    assert set(seen) <= {401, 429, 503}, seen
    assert seen[429] > 0
    assert (await guess(place, user.email, PASSWORD)).status_code == 429


async def _opened(place: Place) -> tuple[httpx2.AsyncClient, httpx2.Response]:
    http = place.server.client()
    return http, await Visitor(place, http).get(f"{place.issuer}/signin")


async def _send(place: Place, http: httpx2.AsyncClient, page: httpx2.Response, user: User) -> httpx2.Response:
    return await Visitor(place, http).sign_in(page, user, "not the password")


async def test_other_spellings_and_forwarded_headers_are_no_new_budget(place: Place) -> None:
    """N13: case, white space, full-width letters, a proxy's headers from nobody's proxy."""
    user = await place.user()
    name, _, domain = user.email.partition("@")
    wide = "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in name)
    tries: list[tuple[str, dict[str, str]]] = [
        (user.email, {}),
        (user.email.upper(), {}),
        (f"  {user.email}\t", {"x-forwarded-for": "198.51.100.7"}),
        (f"{wide}@{domain}", {"forwarded": "for=198.51.100.8"}),
        (f"{name}@{domain.title()}", {"x-real-ip": "198.51.100.9"}),
    ]
    for email, headers in tries:
        assert (await guess(place, email, "not the password", **headers)).status_code == 401, email
    assert (await guess(place, user.email, PASSWORD, **{"x-forwarded-for": "198.51.100.10"})).status_code == 429


async def test_success_between_guesses_gives_none_of_them_back(place: Place) -> None:
    """N13: reset on success."""
    user = await place.user()
    for _ in range(3):
        assert (await guess(place, user.email, "not the password")).status_code == 401
    assert (await guess(place, user.email, PASSWORD)).status_code == 200
    assert (await guess(place, user.email, "not the password")).status_code == 401
    assert (await guess(place, user.email, PASSWORD)).status_code == 429


async def test_somebody_elses_guesses_lock_nobody_out(place: Place) -> None:
    """N13: lockout as denial of service: another origin signs in as ever."""
    user = await place.user()
    answers = [await guess(place, user.email, "not the password") for _ in range(6)]
    assert answers[-1].status_code == 429
    async with place.server.client(source="127.0.0.2") as http:
        browser = Visitor(place, http)
        done = await browser.sign_in(await browser.get(f"{place.issuer}/signin"), user)
    assert done.status_code == 200


async def people(place: Place) -> dict[str, tuple[str, str]]:
    """Everybody who can't sign in, and with what they try."""
    known, disabled = await place.user("member"), await place.user("member")
    services = place.server.services
    async with place.operator() as ctx:
        await services.user_admin.set_state(ctx, disabled.id, "disabled")
        bare = await services.user_admin.create(ctx, replace(known, email="bare@example.com").email, "Bare")
    return {
        "wrong password": (known.email, "not the password"),
        "disabled, right password": (disabled.email, PASSWORD),
        "no password": (bare.email, PASSWORD),
        "nobody": ("nobody@example.com", PASSWORD),
        "no address": ("nobody", PASSWORD),
    }


def shown(answer: httpx2.Response) -> tuple[object, ...]:
    """What of an answer could tell people apart; lengths but for the address typed."""
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in VARYING)
    return (answer.status_code, _CHANGING.sub("", answer.text), headers, sorted(answer.cookies))


VARYING = {"content-length", "date", "x-request-id", "retry-after"}


async def test_who_is_not_there_looks_like_who_is(place: Place) -> None:
    """N15: status, words, headers, cookies; and again when the limit is met."""
    for email, password in (kinds := await people(place)).values():
        assert len(email) > 0 < len(password)
    first = {name: shown(await guess(place, *who)) for name, who in kinds.items()}
    assert len(set(map(str, first.values()))) == 1, first
    assert first["nobody"][0] == 401
    limited: dict[str, tuple[object, ...]] = {}
    for name, who in kinds.items():
        for _ in range(SIGNIN_PAIR.rate.count - 1):
            await guess(place, *who)
        limited[name] = shown(await guess(place, *who))
    statuses = {name: seen[0] for name, seen in limited.items()}
    assert set(statuses.values()) == {429}, statuses
    # An origin's own budget may run out first: its words are the same, and the headers name no limit.
    assert len({re.sub(r"\d+ (seconds?|minutes?)|(?<=r=0;t=)\d+", "", str(seen)) for seen in limited.values()}) == 1


async def test_a_page_that_refuses_says_when_to_come_again_and_of_no_limit(place: Place) -> None:
    """As the API does (decision 0040): at the sign-in, at the second factor, at the recovery of somebody and nobody."""
    user = await place.user()
    refused = [[await guess(place, email, "wrong") for _ in range(6)][-1] for email in (user.email, "x@example.com")]
    async with place.server.client(source="127.0.0.3") as http:
        browser = Visitor(place, http)
        await generator_of(place, user)
        second = await browser.sign_in(await browser.get(f"{place.issuer}/signin"), user)
        refused.append([await browser.prove_again(second, "000000") for _ in range(6)][-1])
        page = await browser.get(f"{place.issuer}/recover")
        for email in (user.email, "y@example.com"):
            fields = urlencode({"email": email, "csrf_token": csrf_of(page)})
            headers = {**FORM, "origin": place.server.url}
            refused.append([await http.post(str(page.url), content=fields, headers=headers) for _ in range(4)][-1])
    for answer in refused:
        assert answer.status_code == 429, answer.text
        assert answer.headers["ratelimit"] == f'"requests";r=0;t={answer.headers["retry-after"]}'
        assert "ratelimit-policy" not in answer.headers


async def test_guesses_at_a_clients_secret_are_counted_and_bounded(place: Place) -> None:
    """N13: a hundred at once. A secret has 256 bits, so the first burst may be looked at; what follows is refused, the
    right secret with it, from this origin only."""
    _, (client_id, secret) = await program(place, "users:read")
    form = {"grant_type": "client_credentials"}
    wrong = [token_request(place, form, auth=(client_id, f"{number:043d}")) for number in range(70)]
    seen = Counter(answer.status_code for answer in await asyncio.gather(*wrong))
    assert set(seen) <= {401, 429, 503}, seen
    answer = await token_request(place, form, auth=(client_id, "x"))
    for _ in range(TOKEN_FAILURES.rate.count):
        if answer.status_code != 429:
            answer = await token_request(place, form, auth=(client_id, "x"))
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert (await token_request(place, form, auth=(client_id, secret))).status_code == 429
    async with place.server.client(source="127.0.0.2") as http:
        fine = await http.post(
            f"{place.issuer}/oauth2/token", content=urlencode(form), headers=FORM, auth=(client_id, secret)
        )
    assert fine.status_code == 200


@pytest.mark.parametrize("client_id", ["cli_00000000000000000000000000", "nobody", "", "x" * 500])
async def test_unknown_client_and_wrong_secret_are_one_answer(place: Place, client_id: str) -> None:
    """N15: a disabled one too."""
    known, (word, _) = await program(place, "users:read")
    form = {"grant_type": "client_credentials"}
    unknown = await token_request(place, form, auth=(client_id, "wrong"))
    wrong = await token_request(place, form, auth=(word, "wrong"))
    async with place.operator() as ctx:
        await place.server.services.client_admin.disable(ctx, known.client_id)
    disabled = await token_request(place, form, auth=(word, "wrong"))
    assert len({str(shown(answer)) for answer in (unknown, wrong, disabled)}) == 1
    assert unknown.status_code == 401
