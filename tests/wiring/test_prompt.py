"""Two ways to one answer: what the server knows at once is what the application says, to the byte."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from airside.permissions import TupleKey
from airside.protocols.jose import peek_claims
from tests.running import Place, Running
from tests.surface import token_with
from tests.vectors.json_cases import json_cases
from tests.wiring.prompt_kit import (
    ANNE,
    AT_ONCE,
    HEADER,
    OTHERWISE,
    Both,
    Case,
    application_of,
    asking,
    ordinarily,
    plain,
)

MODEL = """
model
  schema 1.1
type user
type doc
  relations
    define blocked: [user]
    define viewer: [user, user:* with late]
    define reader: viewer but not blocked
condition late(hour: int) {
  hour > 22
}
"""
KEYS = [
    TupleKey("user:anne", "viewer", "doc:1"),
    TupleKey("user:bea", "viewer", "doc:1"),
    TupleKey("user:bea", "blocked", "doc:1"),
]


@pytest.fixture
async def both(server: Running, place: Place) -> Both:
    """A store with a model and tuples, everything warm."""
    services = server.services
    async with place.operator() as ctx:
        store = await services.permissions.stores.create(ctx, "drive")
        await services.permissions.models.write(ctx, store.id, MODEL)
        await services.permissions.tuples.write(ctx, store.id, writes=KEYS)
    token = await token_with(place, "permissions:check", "permissions:write")
    late = {"user": "user:*", "relation": "viewer", "object": "doc:2", "condition": {"name": "late"}}
    async with server.client() as http:
        headers = {"authorization": f"Bearer {token}"}
        body = {"writes": {"tuple_keys": [late]}}
        assert (await http.post(f"/stores/{store.id}/write", json=body, headers=headers)).status_code == 200
    made = Both(
        application_of(server), urlsplit(server.url).netloc.encode(), f"/stores/{store.id}/check", token.encode()
    )
    _, warmed = await made.ask(AT_ONCE["yes"])
    assert warmed.status == 200
    return made


@pytest.mark.parametrize("case", AT_ONCE.values(), ids=AT_ONCE)
async def test_plain_question_is_answered_at_once_as_the_application_answers(both: Both, case: Case) -> None:
    known, spoken = await both.ask(case)
    assert spoken.status == 200
    assert known == spoken


@pytest.mark.parametrize("case", OTHERWISE.values(), ids=OTHERWISE)
async def test_every_other_request_is_left_to_the_application(both: Both, case: Case) -> None:
    """And the application answers it as if it had never been looked at."""
    known, spoken = await both.ask(case)
    assert known is None
    assert spoken == await ordinarily(both.app, both.scope(case), case.body)
    assert spoken.status < 500


async def test_parsing_suite_is_read_alike(both: Both, data: Callable[[str], Path]) -> None:
    """G25: each text alone, and inside a question that is otherwise sound."""
    answered = 0
    for case in json_cases(data("json")):
        for body in (case.text, asking()[:-1] + b', "context": ' + case.text + b"}", _in_a_word(case.text)):
            known, spoken = await both.ask(Case(body))
            assert known in (None, spoken), case.name
            answered += spoken.status == 200
    assert answered > 50


def _in_a_word(text: bytes) -> bytes:
    return plain().replace(b"anne", text.replace(b'"', b""))


async def test_revision_that_was_seen_is_answered_at_once_and_a_later_one_is_not(both: Both) -> None:
    known, _ = await both.ask(AT_ONCE["yes"])
    assert known is not None
    token = dict(known.headers)[HEADER]
    again, spoken = await both.ask(Case(plain(), headers={HEADER: token}))
    assert again == spoken == known
    later, spoken = await both.ask(Case(plain(), headers={HEADER: _later(token)}))
    assert later is None
    assert spoken.status == 503


def _later(token: bytes) -> bytes:
    store, _, revision = urlsafe_b64decode(token).decode().partition(":")
    return urlsafe_b64encode(f"{store}:{int(revision) + 1}".encode())


async def test_caller_without_the_scope_or_revoked_or_of_another_tenant_is_refused_both_ways(
    both: Both, server: Running, place: Place
) -> None:
    """N18, N19, N20, N22: what was answered a moment ago is no reason to answer now."""
    other = await server.tenant()
    for token in (await token_with(place, "permissions:read"), await token_with(other, "permissions:check")):
        known, spoken = await both.ask(Case(plain(), headers={b"authorization": b"Bearer " + token.encode()}))
        assert known is None
        assert spoken.status in (403, 404)
    jti = str(peek_claims(both.token.decode())["jti"])
    async with place.operator() as ctx:
        await server.services.revocations.revoke(ctx, "jti", jti, expires_at=ctx.now.replace(year=9999))
    known, spoken = await both.ask(AT_ONCE["yes"])
    assert known is None
    assert spoken.status == 401


async def test_write_is_seen_by_the_next_question(both: Both, server: Running) -> None:
    """N34: nothing is remembered across a revision."""
    headers = {"authorization": f"Bearer {both.token.decode()}"}
    async with server.client() as http:
        for verb, allowed in (("deletes", b"false"), ("writes", b"true")):
            body = {verb: {"tuple_keys": [ANNE]}}
            path = both.path.replace("check", "write")
            assert (await http.post(path, json=body, headers=headers)).status_code == 200
            known, spoken = await both.ask(AT_ONCE["yes"])
            assert known in (None, spoken)
            assert b'"allowed":' + allowed in spoken.body


@pytest.mark.parametrize("headers", [{}, {b"x-forwarded-for": b"203.0.113.9", b"x-forwarded-proto": b"https"}])
async def test_proxy_is_believed_both_ways(both: Both, server: Running, headers: dict[bytes, bytes | None]) -> None:
    behind = Both(application_of(server, trusted_proxies=("192.0.2.0/24",)), both.host, both.path, both.token)
    known, spoken = await behind.ask(Case(plain(), headers=headers))
    assert known == spoken
    clear = Case(plain(), headers={**headers, b"x-forwarded-proto": b"http"})
    known, spoken = await behind.ask(clear)
    assert known is None
    assert spoken == await ordinarily(behind.app, behind.scope(clear), clear.body)


async def test_over_the_wire_a_request_in_one_piece_and_in_many_get_the_same(both: Both, server: Running) -> None:
    headers = {
        "authorization": f"Bearer {both.token.decode()}",
        "content-type": "application/json",
        "content-length": str(len(plain())),
    }
    async with server.client() as http:
        heads: list[list[tuple[str, str]]] = []
        for content in (plain(), _pieces(plain())):
            answer = await http.post(both.path, content=content, headers=headers)
            assert answer.json() == {"allowed": True, "resolution": ""}
            lines = answer.headers.multi_items()
            heads.append([line for line in lines if line[0] not in ("x-request-id", "date")])
    assert heads[0] == heads[1]


async def _pieces(body: bytes) -> AsyncGenerator[bytes]:
    for place in range(0, len(body), 20):
        yield body[place : place + 20]
        await asyncio.sleep(0.02)
