"""Flask and Django behind Airside: who is asked for what, and what each refusal looks like."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import httpx2
import pytest

from airside.core.clock import FixedClock
from airside.core.errors import Misconfigured
from airside.sdk.frameworks.application import Application
from airside.sdk.frameworks.flask import Airside
from tests.sdk.peer import AUDIENCE, CLIENT_ID, CLIENT_SECRET, STORE, Peer, new_key, settings
from tests.sdk.web import HOST, Make, Serve, django_asgi, django_wsgi, flask

USER = "user:usr_01jd0000000000000000000001"


def maker(peer: Peer, moment: FixedClock, *, explain: bool = False) -> Make:
    return lambda: Application(**settings(peer, moment), explain=explain)


@pytest.fixture(params=[flask, django_wsgi, django_asgi], ids=["flask", "django", "django-asgi"])
def framework(request: pytest.FixtureRequest) -> Serve:
    return request.param


@pytest.fixture
async def http(framework: Serve, peer: Peer, moment: FixedClock) -> AsyncIterator[httpx2.AsyncClient]:
    async with (
        framework(maker(peer, moment)) as address,
        httpx2.AsyncClient(base_url=address, headers={"host": HOST}) as client,
    ):
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_who_may_gets_through_and_who_may_not_does_not(http: httpx2.AsyncClient, peer: Peer) -> None:
    nobody = await http.get("/me")
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, 'Bearer realm="airside"')
    assert nobody.headers["content-type"] == "application/problem+json"
    token = bearer(peer.token())
    assert (await http.get("/me", headers=token)).text == "usr_01jd0000000000000000000001"
    refused = await http.get("/things/7", headers=token)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert refused.json()["detail"] == "That isn't allowed."
    peer.tuples.add((USER, "editor", "note:7"))
    assert (await http.get("/things/7", headers=token)).status_code == 200
    assert (await http.get("/things/8", headers=token)).status_code == 403


async def test_bad_credentials_are_told_so_and_no_more(http: httpx2.AsyncClient, peer: Peer) -> None:
    good = peer.token()
    for value in (f"Bearer {peer.token(new_key('k1'))}", f"Bearer {peer.token(exp=1)}", "Basic YTpi", "Bearer"):
        answer = await http.get("/me", headers={"authorization": value})
        assert answer.headers["www-authenticate"] == 'Bearer realm="airside", error="invalid_token"'
    twice = [("host", HOST), ("authorization", f"Bearer {good}"), ("authorization", f"Bearer {good}")]
    assert (await http.get("/me", headers=twice)).status_code in (400, 401)


async def test_scope_and_assurance_are_asked_before_the_permission(http: httpx2.AsyncClient, peer: Peer) -> None:
    """RFC 9470 §3: who has to prove more is told how much."""
    peer.tuples.add((USER, "editor", "note:7"))
    answer = await http.get("/things/7", headers=bearer(peer.token(scope="notes:write")))
    challenge = 'Bearer realm="airside", error="insufficient_scope", scope="notes:read"'
    assert (answer.status_code, answer.headers["www-authenticate"]) == (403, challenge)
    assert peer.asked["check"] == 0
    for weak in ("aal1", "aal9", None):
        answer = await http.get("/strong", headers=bearer(peer.token(acr=weak)))
        challenge = 'Bearer realm="airside", error="insufficient_user_authentication", acr_values="aal2"'
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
    for strong in ("aal2", "aal3"):
        assert (await http.get("/strong", headers=bearer(peer.token(acr=strong)))).status_code == 200


async def test_value_that_carries_a_separator_names_nothing(http: httpx2.AsyncClient, peer: Peer) -> None:
    """N33."""
    peer.tuples |= {(USER, "editor", "note:*"), (USER, "editor", "note:7#editor")}
    for value in ("7%23editor", "*", "7%3A8", "%C3%A9", "a" * 129):
        assert (await http.get(f"/things/{value}", headers=bearer(peer.token()))).status_code == 403
    assert peer.asked["check"] == 0


async def test_where_nobody_can_tell_the_answer_is_503(http: httpx2.AsyncClient, peer: Peer) -> None:
    peer.tuples.add((USER, "editor", "note:7"))
    peer.down.add("check")
    answer = await http.get("/things/7", headers=bearer(peer.token()))
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1


async def test_refusal_of_a_views_own_question_is_a_problem(http: httpx2.AsyncClient, peer: Peer) -> None:
    token = bearer(peer.token())
    assert (await http.post("/things/7", headers=token)).status_code == 200
    again = await http.post("/things/7", headers=token)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


async def test_view_without_a_demand_tells_nobody_who_is_there(http: httpx2.AsyncClient, peer: Peer) -> None:
    """N22."""
    assert (await http.get("/open", headers=bearer(peer.token()))).status_code == 500


@pytest.mark.parametrize("framework", [django_wsgi, django_asgi], ids=["django", "django-asgi"])
@pytest.mark.parametrize("view", ["plain", "awaiting", "exempt-above", "exempt-below"])
async def test_view_that_is_a_class_is_guarded_whether_it_awaits_or_not(
    http: httpx2.AsyncClient, peer: Peer, view: str
) -> None:
    nobody = await http.get(f"/{view}")
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, 'Bearer realm="airside"')
    token = bearer(peer.token())
    assert (await http.get(f"/{view}", headers=token)).text == "usr_01jd0000000000000000000001"
    assert (await http.delete(f"/{view}", headers=token)).status_code == 405
    assert (await http.delete(f"/{view}")).status_code == 401


async def test_revoked_token_is_refused(http: httpx2.AsyncClient, peer: Peer) -> None:
    """N19."""
    token = peer.token(jti="taken-back")
    assert (await http.get("/me", headers=bearer(token))).status_code == 200
    await peer.revoke("jti", "taken-back")
    for _ in range(200):
        if (await http.get("/me", headers=bearer(token))).status_code == 401:
            return
    raise AssertionError("still good")


async def test_process_that_heard_a_part_of_what_is_revoked_lets_nobody_in(
    http: httpx2.AsyncClient, peer: Peer
) -> None:
    """N04, N19."""
    peer.page, peer.told_until = 1, 1
    await peer.revoke("jti", "other")
    await peer.revoke("jti", "stolen")
    assert (await http.get("/me", headers=bearer(peer.token(jti="stolen")))).status_code == 503


async def test_refusal_says_why_in_development(framework: Serve, peer: Peer, moment: FixedClock) -> None:
    async with (
        framework(maker(peer, moment, explain=True)) as address,
        httpx2.AsyncClient(base_url=address, headers={"host": HOST}) as http,
    ):
        answer = await http.get("/things/7", headers=bearer(peer.token()))
        assert (answer.status_code, answer.json()["detail"]) == (403, f"{USER} is no editor of note:7")
        peer.down.add("explain")
        assert (await http.get("/things/7", headers=bearer(peer.token()))).json()["detail"] == "That isn't allowed."


async def test_child_of_a_fork_has_connections_of_its_own(peer: Peer, moment: FixedClock) -> None:
    """Gunicorn's `--preload`: what the parent opened is of no use in its child, and isn't used there."""
    airside = Airside(maker(peer, moment))

    def ask() -> bool:
        return airside.permission(lambda permissions: permissions.check(USER, "editor", "note:7"))

    def in_child() -> int:
        child = os.fork()
        if child == 0:
            signal.alarm(10)  # a child that hangs is no child that has answered
            os._exit(7 if ask() is False else 1)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert await asyncio.to_thread(ask) is False
    assert await asyncio.to_thread(in_child) == 7
    airside.close()


def test_explanations_are_refused_where_the_server_is_one_of_production() -> None:
    with pytest.raises(Misconfigured) as refused:
        Airside(
            lambda: Application(
                issuer="https://id.example.com/t/acme",
                audience=AUDIENCE,
                store=STORE,
                client_id=CLIENT_ID,
                client_secret=CLIENT_SECRET,
                explain=True,
            )
        )
    assert refused.value.setting == "explain"
