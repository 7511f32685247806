"""Pages behind a sign-in, in each framework: the way there and back, and forms."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from airside.core.clock import FixedClock
from airside.core.entropy import SystemEntropy
from airside.core.secret import Secret
from airside.protocols.jose import b64url_decode
from airside.sdk.code_flow import KEPT, MAX_RETURN, MOST_EXPIRED
from airside.sdk.login import SESSION, LoginSettings
from airside.sdk.sessions import MemorySessions, Stored, Tokens, key_of, seal
from tests.sdk.peer import Peer, settings
from tests.sdk.web import HOST
from tests.trips.web_apps import Serve, django, fastapi, flask

SECRET = Secret("s" * 43)
SIGNED_IN = f"{SESSION}={SECRET.reveal()}"


@pytest.fixture(params=[fastapi, flask, django], ids=["fastapi", "flask", "django"])
def framework(request: pytest.FixtureRequest) -> Serve:
    return request.param


@pytest.fixture
async def http(framework: Serve, peer: Peer, moment: FixedClock) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody's browser: whoever sends `SIGNED_IN` is signed in."""
    now, sessions = moment.now().timestamp(), MemorySessions()
    sealed = seal(SECRET, Tokens(peer.token(), "refresh", "id", now + 900), SystemEntropy())
    await sessions.put(key_of(SECRET), Stored(sealed, "usr_1", "ses_1", 0, now + 900), now)
    login = LoginSettings("cli_2", Secret("secret"), "https://app.test/auth/callback")
    options = settings(peer, moment) | {"login": login, "sessions": sessions}
    async with (
        framework(options) as address,
        httpx2.AsyncClient(base_url=address, headers={"host": HOST}) as client,
    ):
        yield client


def kept(answer: httpx2.Response) -> dict[str, str]:
    """What the browser is told to keep; a value is empty where it is told to forget."""
    pairs = [line.partition(";")[0].partition("=") for line in answer.headers.get_list("set-cookie")]
    return {name: value.strip('"') for name, _, value in pairs}


def back(cookie: str) -> str:
    """Where a flow's cookie leads."""
    return b64url_decode(cookie.partition(".")[2]).decode()


@pytest.mark.parametrize(
    ("address", "back_to"),
    [
        ("/read/a?tab=1&q=%C3%A9", "/read/a?tab=1&q=%C3%A9"),
        ("/read/a%20b", "/read/a%20b"),
        ("/read/st%C3%A4dte", "/read/st%C3%A4dte"),
        ("/read/a%3Fb%25", "/read/a%3Fb%25"),
        ("/read/a?url=https://news.example//x", "/read/a?url=https:%2F%2Fnews.example%2F%2Fx"),
        ("/read/a?q=[x]|", "/read/a?q=%5Bx%5D%7C"),
    ],
)
async def test_stranger_is_led_there_and_back(http: httpx2.AsyncClient, address: str, back_to: str) -> None:
    signed_in = {"cookie": SIGNED_IN}
    shown = await http.get(address, headers=signed_in)
    assert shown.status_code == 200, shown.text
    led = await http.get(address)
    assert led.status_code == 303, led.text
    begun = await http.get(led.headers["location"])
    assert begun.status_code == 303, begun.text
    (cookie,) = kept(begun).values()
    assert back(cookie) == back_to
    again = await http.get(back(cookie), headers=signed_in)
    assert again.text == shown.text
    one, other = (parse_qs(urlsplit(each).query) for each in (address, back_to))
    assert one == other


async def test_address_that_no_spelling_leads_back_to_is_left_out(http: httpx2.AsyncClient) -> None:
    """N10: whoever isn't signed in gets to the sign-in page all the same."""
    led = await http.get("/read/" + "a" * MAX_RETURN)
    assert (led.status_code, led.headers["location"]) == (303, "/auth/login")
    (cookie,) = kept(await http.get(led.headers["location"])).values()
    assert back(cookie) == "/"


@pytest.mark.parametrize("length", [1, MAX_RETURN], ids=["short", "long"])
async def test_sign_ins_that_others_begin_shut_nobody_out(http: httpx2.AsyncClient, length: int) -> None:
    """Any site may lead a browser to the sign-in, as often as it likes."""
    jar = {SESSION: SECRET.reveal()}
    for _ in range(70):
        cookie = "; ".join(f"{name}={value}" for name, value in jar.items())
        begun = await http.get(
            "/auth/login", params={"return_to": "/" + "a" * (length - 1)}, headers={"cookie": cookie}
        )
        assert begun.status_code == 303, begun.text
        told = kept(begun)
        jar = {name: value for name, value in (jar | told).items() if value}
    assert len(jar) == 1 + KEPT
    cookie = "; ".join(f"{name}={value}" for name, value in jar.items())
    assert (await http.get("/page", headers={"cookie": cookie})).status_code == 200


async def test_browser_with_too_many_sign_ins_begins_another(http: httpx2.AsyncClient) -> None:
    """What an older release left there is taken back."""
    names = [f"__Host-airside_login_{number:012}" for number in range(70)]
    begun = await http.get("/auth/login", headers={"cookie": "; ".join(f"{name}={'x' * 100}" for name in names)})
    assert begun.status_code == 303
    assert [name for name, value in kept(begun).items() if not value] == names[:MOST_EXPIRED]


async def posted(http: httpx2.AsyncClient, body: str) -> int:
    """What the page answers to a form of whoever is signed in; `TOKEN` is its token."""
    headers = {"cookie": SIGNED_IN, "origin": f"http://{HOST}"}
    csrf = (await http.get("/page", headers=headers)).text.strip('"').split()[1]
    headers["content-type"] = "application/x-www-form-urlencoded"
    return (await http.post("/page", headers=headers, content=body.replace("TOKEN", csrf).encode())).status_code


@pytest.mark.parametrize(
    "fields",
    [
        "&tag=a&tag=b",
        "&title=caf\u00e9&broken=%zz&&=",
        "&" + "&".join(f"field{number}=1" for number in range(70)),
        "&text=" + "a" * 70_000,
    ],
    ids=["twice", "spelled-loosely", "many-fields", "long-text"],
)
async def test_ordinary_form_with_its_token_is_taken(http: httpx2.AsyncClient, fields: str) -> None:
    assert await posted(http, f"csrf_token=TOKEN{fields}") == 200
    assert await posted(http, f"csrf_token=other{fields}") == 403


@pytest.mark.parametrize("body", ["csrf_token=TOKEN&csrf_token=TOKEN", "csrf_token=&csrf%5Ftoken=TOKEN", "a=1", ""])
async def test_form_without_exactly_one_token_is_refused(http: httpx2.AsyncClient, body: str) -> None:
    """N11."""
    assert await posted(http, body) == 403
