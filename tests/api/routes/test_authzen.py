"""AuthZEN 1.0 over the real server: the requests of the certification scenario's core levels, and our own refusals."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from airside.permissions import TupleKey
from tests.running import Place, Running
from tests.surface import administrator_token

MODEL = """
model
  schema 1.1
type user
type record
  relations
    define read: [user]
    define write: [user]
    define delete: [user]
"""
KEYS = [
    TupleKey("user:alice", "read", "record:record-1"),
    TupleKey("user:alice", "write", "record:record-1"),
    TupleKey("user:bob", "read", "record:record-1"),
    TupleKey("user:alice", "read", "record:record-2"),
]
ALICE, BOB = {"type": "user", "id": "alice"}, {"type": "user", "id": "bob"}
READ, WRITE = {"name": "read"}, {"name": "write"}
FIRST, SECOND = {"type": "record", "id": "record-1"}, {"type": "record", "id": "record-2"}
ASKED: dict[str, Any] = {"subject": ALICE, "action": READ, "resource": FIRST}
DENIED: dict[str, Any] = {"subject": BOB, "action": WRITE, "resource": FIRST}


@dataclass(frozen=True)
class Point:
    """The decision point, as one caller sees it."""

    http: httpx2.AsyncClient
    store_id: str

    async def ask(self, verb: str, body: Any, **headers: str) -> httpx2.Response:
        return await self.http.post(f"/access/v1/{verb}", json=body, headers=headers)

    async def told(self, verb: str, body: Any, **headers: str) -> Any:
        answer = await self.ask(verb, body, **headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        return answer.json()


@pytest.fixture
async def point(server: Running, place: Place) -> AsyncGenerator[Point]:
    """The tenant's default store with the scenario's fixture in it."""
    services = server.services
    async with place.operator() as ctx:
        store_id = (await services.tenants.current(ctx)).default_store_id
        await services.permissions.models.write(ctx, store_id, MODEL)
        await services.permissions.tuples.write(ctx, store_id, writes=KEYS)
    async with server.client() as http:
        http.headers["authorization"] = f"Bearer {await administrator_token(place)}"
        yield Point(http, store_id)


async def test_decisions(point: Point) -> None:
    """A no is an answer. Unknown fields and properties beyond the policy change nothing."""
    assert await point.told("evaluation", ASKED) == {"decision": True}
    assert await point.told("evaluation", DENIED) == {"decision": False}
    more = ASKED | {"foo": "bar", "context": {"time": "2025-06-27T18:03-07:00"}, "futureField": {"nested": True}}
    more["subject"] = ALICE | {"properties": {"department": "Sales"}, "extra": 1}
    assert await point.told("evaluation", more) == {"decision": True}


async def test_store_is_the_default_or_the_one_named(point: Point, server: Running, place: Place) -> None:
    async with place.operator() as ctx:
        other = await server.services.permissions.stores.create(ctx, "other")
        await server.services.permissions.models.write(ctx, other.id, MODEL)
        await server.services.permissions.tuples.write(
            ctx, other.id, writes=[TupleKey("user:bob", "write", "record:record-1")]
        )
    named = {"airside-store-id": other.id}
    assert (await point.told("evaluation", DENIED, **named))["decision"] is True
    path = f"/stores/{other.id}/access/v1/evaluation"
    assert (await point.http.post(path, json=DENIED)).json() == {"decision": True}
    stranger = await server.tenant()
    async with stranger.operator() as ctx:
        theirs = (await server.services.tenants.current(ctx)).default_store_id
    for absent in ("01BX5ZZKBKACTAV9WEVGEMMVRZ", theirs, "x", other.id.lower()):
        answer = await point.ask("evaluation", ASKED, **{"airside-store-id": absent})
        assert (answer.status_code, answer.json()["code"]) == (404, "store_id_not_found")
    model = {"openfga-authorization-model-id": "01BX5ZZKBKACTAV9WEVGEMMVRZ"}
    assert (await point.ask("evaluation", ASKED, **model)).json()["code"] == "authorization_model_not_found"


MEANINGLESS: list[Any] = [
    {"action": READ, "resource": FIRST},
    {"subject": ALICE, "resource": FIRST},
    {"subject": ALICE, "action": READ},
    ASKED | {"subject": {"id": "alice"}},
    ASKED | {"subject": {"type": "user"}},
    ASKED | {"action": {}},
    ASKED | {"resource": {"id": "record-1"}},
    ASKED | {"resource": {"type": "record"}},
    ASKED | {"subject": "alice"},
    ASKED | {"action": {"name": 123}},
    ASKED | {"context": []},
    ASKED | {"subject": {"type": "user", "id": "a#read"}},
    ASKED | {"subject": {"type": "record:record-1#read@user", "id": "alice"}},
    ASKED | {"resource": {"type": "record", "id": "*"}},
    ASKED | {"resource": {"type": "record", "id": "a:b"}},
    ASKED | {"action": {"name": "no such"}},
    [],
]


@pytest.mark.parametrize("body", MEANINGLESS)
async def test_request_that_cannot_be_meant_is_refused(point: Point, body: Any) -> None:
    answer = await point.ask("evaluation", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")


async def test_body_that_is_no_json_is_refused(point: Point) -> None:
    for content, kind in ((b"{", "application/json"), (b"", "application/json"), (b"{}", "text/plain")):
        answer = await point.http.post("/access/v1/evaluation", content=content, headers={"content-type": kind})
        assert answer.status_code == 400


async def test_several_in_the_order_asked(point: Point) -> None:
    body = {"subject": BOB, "resource": FIRST, "evaluations": [{"action": READ}, {"action": WRITE}]}
    assert await point.told("evaluations", body) == {"evaluations": [{"decision": True}, {"decision": False}]}
    whole = {"evaluations": [ASKED, DENIED, ASKED]}
    assert [each["decision"] for each in (await point.told("evaluations", whole))["evaluations"]] == [True, False, True]
    empty: list[Any] = []
    for alone in (ASKED, ASKED | {"evaluations": empty}):
        assert await point.told("evaluations", alone) == {"decision": True}


@pytest.mark.parametrize(
    ("semantic", "decisions"),
    [
        ("execute_all", [True, False, True]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ],
)
async def test_semantics_say_where_to_stop(point: Point, semantic: str, decisions: list[bool]) -> None:
    body = {"evaluations": [ASKED, DENIED, ASKED], "options": {"evaluations_semantic": semantic}}
    assert [each["decision"] for each in (await point.told("evaluations", body))["evaluations"]] == decisions


async def test_one_that_cannot_be_meant_is_a_no_beside_the_others(point: Point) -> None:
    body = {"subject": ALICE, "action": READ, "evaluations": [{"resource": FIRST}, {}, {"action": {"name": "fly"}}]}
    first, second, third = (await point.told("evaluations", body))["evaluations"]
    assert first == {"decision": True}
    for each in (second, third):
        assert each["decision"] is False
        assert each["context"]["error"]["status"] == 400


async def test_default_fills_what_an_entity_leaves_out(point: Point) -> None:
    body = {
        "subject": ALICE,
        "action": WRITE,
        "resource": {"type": "record"},
        "evaluations": [{"resource": {"id": "record-1"}}],
    }
    assert await point.told("evaluations", body) == {"evaluations": [{"decision": True}]}


async def test_too_many_or_an_unknown_semantic_is_refused(point: Point) -> None:
    for body in ({"evaluations": [ASKED] * 51}, {"evaluations": [ASKED], "options": {"evaluations_semantic": "some"}}):
        answer = await point.ask("evaluations", body)
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")


async def test_searches(point: Point) -> None:
    """N35: each result is one that an evaluation grants."""
    users = {"subject": {"type": "user"}, "action": READ, "resource": FIRST}
    assert await point.told("search/subject", users) == {"results": [ALICE, BOB]}
    records = {"subject": ALICE, "action": READ, "resource": {"type": "record", "id": "ignored"}}
    assert await point.told("search/resource", records) == {"results": [FIRST, SECOND]}
    assert await point.told("search/action", {"subject": ALICE, "resource": FIRST}) == {"results": [READ, WRITE]}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("action", {"subject": {"type": "user", "id": "nobody"}, "resource": FIRST}),
        ("subject", {"subject": {"type": "spaceship"}, "action": READ, "resource": FIRST}),
        ("resource", {"subject": ALICE, "action": READ, "resource": {"type": "spaceship"}}),
        ("subject", {"subject": {"type": "user"}, "action": {"name": "fly"}, "resource": FIRST}),
        ("action", {"subject": {"type": "spaceship", "id": "1"}, "resource": FIRST}),
    ],
)
async def test_search_for_what_nobody_knows_finds_nothing(point: Point, kind: str, body: Any) -> None:
    assert await point.told(f"search/{kind}", body) == {"results": []}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("subject", {"subject": {"type": "user"}, "resource": FIRST}),
        ("resource", {"action": READ, "resource": {"type": "record"}}),
        ("action", {"subject": ALICE}),
        ("subject", {"subject": {"type": "user"}, "action": READ, "resource": {"type": "record"}}),
        ("resource", {"subject": {"type": "user"}, "action": READ, "resource": {"type": "record"}}),
        ("subject", {"subject": {"type": "us er"}, "action": READ, "resource": FIRST}),
        ("subject", {"subject": {"type": "user"}, "action": READ, "resource": FIRST, "page": {"limit": 0}}),
        ("subject", {"subject": {"type": "user"}, "action": READ, "resource": FIRST, "page": {"token": 1}}),
    ],
)
async def test_search_that_cannot_be_meant_is_refused(point: Point, kind: str, body: Any) -> None:
    answer = await point.ask(f"search/{kind}", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")


async def test_search_pages_to_the_end(point: Point) -> None:
    body: dict[str, Any] = {"subject": {"type": "user"}, "action": READ, "resource": FIRST, "page": {"limit": 1}}
    first = await point.told("search/subject", body)
    assert (first["results"], first["page"]["count"]) == ([ALICE], 1)
    token = first["page"]["next_token"]
    second = await point.told("search/subject", body | {"page": {"token": token}})
    assert second == {"results": [BOB], "page": {"next_token": "", "count": 1}}
    for forged in (token[:-1], "x", token.swapcase()):
        answer = await point.ask("search/subject", body | {"page": {"token": forged}})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_continuation_token")
    other = await point.ask("search/subject", body | {"action": WRITE, "page": {"token": token}})
    assert other.json()["code"] == "invalid_continuation_token"


async def test_metadata_names_what_is_served(point: Point, server: Running) -> None:
    async with server.client() as anybody:
        answer = await anybody.get("/.well-known/authzen-configuration")
        assert answer.status_code == 200
        told = answer.json()
        assert told["policy_decision_point"] == server.url
        stranger = await anybody.get(f"/.well-known/authzen-configuration/{point.store_id}")
        assert stranger.status_code == 401
    for name, url in told.items():
        if name != "policy_decision_point":
            assert (await point.http.post(url.removeprefix(server.url), json=ASKED)).status_code == 200, name
    of_store = (await point.http.get(f"/.well-known/authzen-configuration/{point.store_id}")).json()
    assert of_store["policy_decision_point"] == f"{server.url}/stores/{point.store_id}"
    absent = await point.http.get("/.well-known/authzen-configuration/01BX5ZZKBKACTAV9WEVGEMMVRZ")
    assert absent.status_code == 404


async def test_nobody_is_told_nothing(server: Running) -> None:
    async with server.client() as stranger:
        for verb in ("evaluation", "evaluations", "search/subject", "search/resource", "search/action"):
            answer = await stranger.post(f"/access/v1/{verb}", json=ASKED)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
