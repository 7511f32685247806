"""Applications that render their own pages sign people in, keep them signed in, and sign them out."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import psycopg
import pytest

from airside.core.errors import InvalidInput
from airside.core.secret import Secret
from airside.identity import User
from airside.oauth import ClientDraft, ClientSettings
from airside.sdk.frameworks.application import Application
from airside.sdk.login import SESSION, Login, LoginSettings
from airside.sdk.records_sessions import TABLES, DatabaseSessions
from airside.sdk.sessions import MemorySessions, SessionStore, key_of, unseal
from airside.store.migrate import role_of
from tests.makers import Database, MakeDatabase
from tests.running import Place
from tests.sdk.web import HOST
from tests.trips.relying_party import Parties, house, parties
from tests.trips.visitor import visitor
from tests.trips.web_apps import Options, Serve, django, fastapi, flask

__all__ = ["house", "parties"]

AUDIENCE = "https://pages.example"
CALLBACK = "https://pages.example/auth/callback"
AFTER = "https://pages.example/bye"


@dataclass(frozen=True)
class Stage:
    """A tenant, what its application is told, and one of its users."""

    place: Place
    options: Options
    user: User

    def login(self, store: SessionStore) -> tuple[Application, Login]:
        """Another process of the application."""
        application = Application(**self.options, sessions=store)
        assert application.login is not None
        return application, application.login

    async def answer(self, location: str) -> str:
        """What the browser brings back from the sign-in page: the query of the callback."""
        async with visitor(self.place) as browser:
            done = await browser.sign_in(await browser.get(location), self.user)
            back = await browser.onward(done)
        where = urlsplit(back.headers["location"])
        assert f"{where.scheme}://{where.netloc}{where.path}" == CALLBACK
        return where.query

    async def session(self, login: Login) -> dict[str, str]:
        """The cookies of a browser after a whole sign-in."""
        begun = await login.begin("/page")
        query = {name: values[0] for name, values in parse_qs(await self.answer(begun.location)).items()}
        done = await login.finish(query, {begun.cookies[0].name: begun.cookies[0].value})
        assert done.location == "/page"
        return {SESSION: done.cookies[0].value}


@pytest.fixture
async def stage(house: Place, parties: Parties) -> Stage:
    own = ClientDraft(
        name="Pages itself",
        public=False,
        grants=frozenset({"client_credentials"}),
        audiences=(house.issuer,),
        scopes=frozenset({"permissions:check", "revocations:read"}),
    )
    service, secret = await house.client(own)
    settings = ClientSettings(
        post_logout_redirect_uris=(AFTER,), backchannel_logout_uri=f"{parties.receiver.url}/{house.slug}"
    )
    web = ClientDraft(
        name="Pages",
        public=False,
        grants=frozenset({"authorization_code", "refresh_token"}),
        audiences=(AUDIENCE,),
        redirect_uris=(CALLBACK,),
        scopes=frozenset({"openid", "profile", "email"}),
        settings=settings,
    )
    client, web_secret = await house.client(web)
    assert secret is not None
    assert web_secret is not None
    async with house.operator() as ctx:
        store = (await house.server.services.tenants.current(ctx)).default_store_id
    options: Options = {
        "issuer": house.issuer,
        "audience": AUDIENCE,
        "store": store,
        "client_id": service.word,
        "client_secret": secret,
        "ca_file": house.server.certificates.ca,
        "login": LoginSettings(client.word, web_secret, CALLBACK, AFTER, "openid profile email"),
    }
    return Stage(house, options, await house.user("member"))


@pytest.fixture(scope="module")
async def shared(blank_database: MakeDatabase) -> AsyncIterator[Database]:
    """The application's own database."""
    async with blank_database() as database:
        with psycopg.connect(database.owner, autocommit=True) as connection:
            for statement in TABLES:
                connection.execute(statement.encode())
            grant = f'grant select, insert, update, delete on all tables in schema public to "{role_of(database.app)}"'
            connection.execute(grant.encode())
        yield database


@pytest.fixture(params=["memory", "database"])
def store(request: pytest.FixtureRequest, shared: Database) -> SessionStore:
    if request.param == "memory":
        return MemorySessions()
    return DatabaseSessions(lambda: _connection(shared.app))


def _connection(dsn: str) -> Any:
    @asynccontextmanager
    async def lent() -> AsyncGenerator[Any]:
        async with await psycopg.AsyncConnection.connect(dsn) as connection:
            yield connection

    return lent()


def set_cookies(answer: httpx2.Response) -> dict[str, str]:
    """What the browser is told to keep; a value is empty where it is told to forget."""
    pairs = [line.partition(";")[0].partition("=") for line in answer.headers.get_list("set-cookie")]
    return {name: value.strip('"') for name, _, value in pairs}


@pytest.mark.parametrize("framework", [fastapi, flask, django], ids=["fastapi", "flask", "django"])
async def test_person_signs_in_posts_a_form_and_signs_out(stage: Stage, framework: Serve) -> None:
    async with (
        framework(stage.options) as address,
        httpx2.AsyncClient(base_url=address, headers={"host": HOST}) as http,
    ):
        # 1. A stranger is led to the sign-in page.
        first = await http.get("/page?tab=1")
        assert (first.status_code, first.headers["location"]) == (303, "/auth/login?return_to=%2Fpage%3Ftab%3D1")
        begun = await http.get(first.headers["location"])
        ((flow, secret),) = set_cookies(begun).items()
        line = begun.headers["set-cookie"]
        assert "Secure" in line
        assert "HttpOnly" in line
        assert "SameSite=Lax" in line
        assert secret not in begun.headers["location"]

        # 2. They come back. Another browser can't take the answer (N11); theirs can, once.
        query = await stage.answer(begun.headers["location"])
        stolen = await http.get(f"/auth/callback?{query}")
        assert (stolen.status_code, set_cookies(stolen)) == (401, {})
        done = await http.get(f"/auth/callback?{query}", headers={"cookie": f"{flow}={secret}"})
        assert (done.status_code, done.headers["location"]) == (303, "/page?tab=1")
        kept = set_cookies(done)
        assert kept[flow] == ""
        again = await http.get(f"/auth/callback?{query}", headers={"cookie": f"{flow}={secret}"})
        assert (again.status_code, set_cookies(again)) == (401, {})

        # 3. The page knows them; a form needs its token.
        cookie = {"cookie": f"{SESSION}={kept[SESSION]}"}
        page = await http.get("/page", headers=cookie)
        assert page.status_code == 200, page.text
        subject, csrf = page.text.strip('"').split()
        assert subject.startswith("usr_")
        origin = {"origin": f"http://{HOST}", **cookie}
        assert (await http.post("/page", headers=origin)).status_code == 403
        assert (await http.post("/page", headers=origin, data={"csrf_token": csrf})).status_code == 200
        assert (await http.post("/page", headers={**origin, "x-csrf-token": csrf})).status_code == 200
        assert (await http.post("/page", headers={"origin": f"http://{HOST}"})).status_code == 401

        # 4. What needs more proof leads to it.
        strong = await http.get("/strong", headers=cookie)
        assert (strong.status_code, strong.headers["location"]) == (303, "/auth/login?return_to=%2Fstrong&acr=aal2")

        # 5. They sign out, here and at the server.
        assert (await http.post("/auth/logout", headers=origin)).status_code == 403
        out = await http.post("/auth/logout", headers=origin, data={"csrf_token": csrf})
        assert out.status_code == 200
        assert f"{stage.place.issuer}/oauth2/logout?" in out.text
        assert set_cookies(out) == {SESSION: ""}
        assert (await http.get("/page", headers=cookie)).status_code == 303


async def test_return_address_that_leads_away_is_refused(stage: Stage) -> None:
    """N10."""
    _, login = stage.login(MemorySessions())
    for where in ("//evil.example", "https://evil.example", "/\\evil.example", ""):
        with pytest.raises(InvalidInput):
            await login.begin(where)


async def test_many_renewals_at_once_in_two_processes_are_one(stage: Stage, store: SessionStore) -> None:
    """One owner: everybody gets the one new token, and no family is taken for stolen."""
    (one, first), (other, second) = stage.login(store), stage.login(store)
    async with one.running(), other.running():
        cookies = await stage.session(first)
        secret = Secret(cookies[SESSION])
        renewals = [each._renewal for each in (first, second)]  # pyright: ignore[reportPrivateUsage]  # two processes
        old = await renewals[0].tokens(secret)
        assert old is not None
        found = await asyncio.gather(
            *(renewals[turn % 2].tokens(secret, instead_of=old.access_token) for turn in range(20))
        )
        given = {each and each.access_token for each in found}
        assert len(given) == 1
        assert not given & {None, old.access_token}
        assert await second.current(cookies) is not None


async def test_renewal_whose_owner_died_is_done_by_the_next(stage: Stage, store: SessionStore) -> None:
    """The refresh token was spent, and its successor lost: the server gives the same one again."""
    application, login = stage.login(store)
    async with application.running():
        cookies = await stage.session(login)
        secret, now = Secret(cookies[SESSION]), login._now()  # pyright: ignore[reportPrivateUsage]
        stored = await store.get(key_of(secret), now)
        assert stored is not None
        old = unseal(secret, stored.sealed)
        assert await store.claim(key_of(secret), stored.version, now, now + 0.3)
        grant = {"grant_type": "refresh_token", "refresh_token": old.refresh_token}
        lost = await login._endpoint.ask(grant, now)  # pyright: ignore[reportPrivateUsage]
        assert not await store.claim(key_of(secret), stored.version, now, now + 9)
        found = await login._renewal.tokens(secret, instead_of=old.access_token)  # pyright: ignore[reportPrivateUsage]
        assert found is not None
        assert found.refresh_token == lost.refresh_token
        assert await login.current(cookies) is not None


async def test_store_that_is_read_gives_no_token_away(stage: Stage) -> None:
    store = MemorySessions()
    application, login = stage.login(store)
    async with application.running():
        cookies = await stage.session(login)
        stored = await store.get(key_of(Secret(cookies[SESSION])), login._now())  # pyright: ignore[reportPrivateUsage]
        assert stored is not None
        opened = unseal(Secret(cookies[SESSION]), stored.sealed)
        for told in (opened.refresh_token, opened.access_token, cookies[SESSION]):
            assert told.encode() not in repr(stored).encode()
        assert await login.current({SESSION: "A" * 43}) is None


async def test_server_that_ends_a_session_ends_the_applications(
    stage: Stage, parties: Parties, store: SessionStore
) -> None:
    """Back-channel logout, taken once; the person's other browser stays signed in."""
    application, login = stage.login(store)
    async with application.running():
        mine, other = await stage.session(login), await stage.session(login)
        session = await login.current(mine)
        assert session is not None
        left = await login.leave(mine, session.csrf)
        where = left.body.partition("url=")[2].partition('"')[0].replace("&amp;", "&")
        async with visitor(stage.place) as browser:
            page = await browser.get(where)
        assert page.status_code == 200
        assert await login.current(mine) is None
        async with stage.place.operator() as ctx:
            await stage.place.server.services.response_admin.end_sessions(ctx, stage.user.id)
        token = await parties.receiver.token(f"/{stage.place.slug}")
        await login.told(token)
        with pytest.raises(InvalidInput):
            await login.told(token)
        with pytest.raises(InvalidInput):
            await login.told(token[:-4] + "AAAA")
        assert await login.current(other) is None
