"""A FastAPI application behind Airside: who is asked for what, and what each refusal looks like."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx2
import pytest
from fastapi import Depends, FastAPI

from airside.core.clock import FixedClock
from airside.core.errors import Misconfigured
from airside.sdk import VerifiedToken
from airside.sdk.frameworks.fastapi import Airside
from airside.shield import Policy
from tests.sdk.peer import AUDIENCE, Peer, new_key, serve, settings

USER = "user:usr_01jd0000000000000000000001"


def connected(peer: Peer, moment: FixedClock) -> Airside:
    return Airside(**settings(peer, moment))


@pytest.fixture
async def http(peer: Peer, moment: FixedClock) -> AsyncIterator[httpx2.AsyncClient]:
    airside = connected(peer, moment)
    app = FastAPI()
    airside.protect(app, Policy(allowed_hosts=frozenset({"app.test"}), https_redirect=False))

    @app.get("/me")
    async def me(token: Annotated[VerifiedToken, Depends(airside.user)]) -> str:
        return token.subject

    @app.get("/things/{id}")
    async def thing(
        id: str,
        token: Annotated[VerifiedToken, Depends(airside.require(scope="notes:read", permission="note:{id}#editor"))],
    ) -> str:
        return f"{token.subject} {id}"

    @app.get("/numbers/{number:int}")
    async def number(
        number: int, token: Annotated[VerifiedToken, Depends(airside.require(permission="note:n-{number}#editor"))]
    ) -> int:
        return number

    @app.get("/paths/{id:path}", dependencies=[Depends(airside.require(permission="note:{id}#editor"))])
    async def path(id: str) -> str:
        return id

    @app.get("/emperor", dependencies=[Depends(airside.require(permission="note:1#emperor"))])
    async def emperor() -> str:
        return ""

    @app.get("/broken", dependencies=[Depends(airside.require(permission="note:{nothing}#editor"))])
    async def broken() -> str:
        return ""

    headers = {"host": "app.test"}
    async with (
        serve(app, lifespan="on") as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client,
    ):
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_nobody_is_asked_who_they_are(http: httpx2.AsyncClient) -> None:
    """RFC 6750 §3.1: no error code for who presented nothing."""
    answer = await http.get("/me")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="airside"')
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unauthenticated"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("credential", ["Bearer", "Bearer a b", "Basic YTpi", "bearer é", "Bearer x,y"])
async def test_other_credentials_are_refused(http: httpx2.AsyncClient, credential: str) -> None:
    answer = await http.get("/me", headers={"authorization": credential.encode("latin-1")})  # type: ignore[dict-item]  # bytes on the wire
    assert (answer.status_code, answer.headers["www-authenticate"]) == (
        401,
        'Bearer realm="airside", error="invalid_token"',
    )


async def test_two_credentials_are_one_too_many(http: httpx2.AsyncClient, peer: Peer) -> None:
    good = peer.token()
    headers = [("host", "app.test"), ("authorization", f"Bearer {good}"), ("authorization", f"Bearer {good}")]
    assert (await http.get("/me", headers=headers)).status_code in (400, 401)


async def test_bad_token_is_told_so_and_no_more(http: httpx2.AsyncClient, peer: Peer) -> None:
    for token in (peer.token(new_key("k1")), peer.token(exp=1), peer.token(aud="other"), "x.y.z"):
        answer = await http.get("/me", headers=bearer(token))
        assert answer.headers["www-authenticate"] == 'Bearer realm="airside", error="invalid_token"'
        assert answer.json()["detail"] == "Say who you are."


async def test_who_may_gets_through_and_who_may_not_does_not(http: httpx2.AsyncClient, peer: Peer) -> None:
    token = bearer(peer.token())
    refused = await http.get("/things/7", headers=token)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "www-authenticate" not in refused.headers
    peer.tuples.add((USER, "editor", "note:7"))
    assert (await http.get("/things/7", headers=token)).status_code == 200
    assert (await http.get("/things/8", headers=token)).status_code == 403


async def test_scope_is_asked_before_the_permission(http: httpx2.AsyncClient, peer: Peer) -> None:
    peer.tuples.add((USER, "editor", "note:7"))
    answer = await http.get("/things/7", headers=bearer(peer.token(scope="notes:write")))
    challenge = 'Bearer realm="airside", error="insufficient_scope", scope="notes:read"'
    assert (answer.status_code, answer.headers["www-authenticate"]) == (403, challenge)
    assert answer.json()["code"] == "insufficient_scope"
    assert peer.asked["check"] == 0


@pytest.mark.parametrize(
    "value", ["7%23editor", "7%3A8", "*", "%2A", "7%40x", "a%20b", "a%0Ab", "%00", "a" * 129, "%C3%A9", "a|b"]
)
async def test_value_that_carries_a_separator_names_nothing(http: httpx2.AsyncClient, peer: Peer, value: str) -> None:
    """N33: a path value can't become a wildcard, a userset or another object."""
    for object_ in ("note:*", "note:7", "note:7#editor", "note:a b"):
        peer.tuples.add((USER, "editor", object_))
    answer = await http.get(f"/things/{value}", headers=bearer(peer.token()))
    assert answer.status_code in (400, 403)  # control characters stop at the shield
    assert peer.asked["check"] == 0


async def test_value_with_a_slash_names_nothing(http: httpx2.AsyncClient, peer: Peer) -> None:
    """N32."""
    assert (await http.get("/paths/a/b", headers=bearer(peer.token()))).status_code == 403
    assert peer.asked["check"] == 0


async def test_converted_path_values_fill_their_places(http: httpx2.AsyncClient, peer: Peer) -> None:
    peer.tuples.add((USER, "editor", "note:n-7"))
    assert (await http.get("/numbers/7", headers=bearer(peer.token()))).json() == 7


async def test_word_unknown_to_the_store_is_no(http: httpx2.AsyncClient, peer: Peer) -> None:
    assert (await http.get("/emperor", headers=bearer(peer.token()))).status_code == 403


async def test_route_that_lacks_its_parameter_lets_nobody_through(http: httpx2.AsyncClient, peer: Peer) -> None:
    answer = await http.get("/broken", headers=bearer(peer.token()))
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")


async def test_where_nobody_can_tell_the_answer_is_503(http: httpx2.AsyncClient, peer: Peer) -> None:
    """Fail secure, and say when to come back."""
    peer.tuples.add((USER, "editor", "note:7"))
    peer.down.add("check")
    answer = await http.get("/things/7", headers=bearer(peer.token()))
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1


async def test_shield_stands_in_front(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/me", headers={"host": "other.test"})
    assert answer.status_code == 421
    assert (await http.get("/me")).headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "permission",
    [
        "note:{id}",
        "note#editor",
        "note:{id}#editor#x",
        "note:{id}:x#editor",
        "note:*#editor",
        "{id}#editor",
        "note:{}#editor",
        "",
    ],
)
async def test_template_that_is_none_is_refused_when_written(peer: Peer, moment: FixedClock, permission: str) -> None:
    with pytest.raises(Misconfigured):
        connected(peer, moment).require(permission=permission)


async def test_demand_of_nothing_is_refused(peer: Peer, moment: FixedClock) -> None:
    """N04: an empty demand would let everybody through."""
    with pytest.raises(Misconfigured):
        connected(peer, moment).require()
    with pytest.raises(Misconfigured):
        connected(peer, moment).require(scope="two words")


def test_missing_setting_is_named() -> None:
    with pytest.raises(Misconfigured) as refused:
        Airside.from_environment(audience=AUDIENCE, environment={"AIRSIDE_ISSUER": "https://id.example/t/a"})
    assert refused.value.setting == "AIRSIDE_STORE_ID"
