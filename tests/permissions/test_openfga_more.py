"""What stands beside OpenFGA's API: pages of lists, several relations at once, deleting by what tuples share; and its
assertions and streamed lists. Over ASGI."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from itertools import chain
from typing import Any
from uuid import UUID

import httpx2
import pytest

from airside.audit import Journal
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.strict_json import Json
from airside.permissions import Filter, Permissions, TupleKey
from airside.permissions.sweeping import Sweeping
from airside.permissions.tuples import MAX_TUPLES
from airside.store import Engine, Listener, RequestContext
from airside.wiring.settings import Settings
from tests.makers import MakeTenant
from tests.permissions.conftest import ANNE, write

OpenContext = Callable[..., AbstractAsyncContextManager[RequestContext]]
NEXT, SIZE, SEEN = "airside-continuation-token", "airside-page-size", "airside-consistency-token"
LIST: dict[str, Any] = {"type": "doc", "relation": "viewer", "user": "user:anne"}
WHO: dict[str, Any] = {
    "object": {"type": "doc", "id": "1"},
    "relation": "viewer",
    "user_filters": [{"type": "user"}],
}


def docs(count: int) -> list[dict[str, str]]:
    return [ANNE | {"object": f"doc:{number:03}"} for number in range(count)]


async def pages(client: httpx2.AsyncClient, path: str, body: Json, part: str, size: int) -> list[list[Any]]:
    found: list[list[Any]] = []
    headers = {SIZE: str(size)}
    while True:
        answer = await client.post(path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()[part])
        if NEXT not in answer.headers:
            return found
        headers[NEXT] = answer.headers[NEXT]


async def test_lists_come_whole_or_in_pages(client: httpx2.AsyncClient, path: str) -> None:
    """N35: the pages together are the list."""
    await write(client, path, *docs(5), *(ANNE | {"user": f"user:{number}"} for number in range(4)))
    whole = await client.post(f"{path}/list-objects", json=LIST)
    assert (len(whole.json()["objects"]), NEXT in whole.headers) == (5, False)
    paged = await pages(client, f"{path}/list-objects", LIST, "objects", 2)
    assert [len(page) for page in paged] == [2, 2, 1]
    assert list(chain(*paged)) == whole.json()["objects"]
    users = (await client.post(f"{path}/list-users", json=WHO)).json()["users"]
    assert list(chain(*await pages(client, f"{path}/list-users", WHO, "users", 3))) == users
    assert await pages(client, f"{path}/list-objects", LIST, "objects", 5) == [whole.json()["objects"]]


async def test_page_after_a_write_sees_it_and_says_so(client: httpx2.AsyncClient, path: str) -> None:
    """A page is right as of the revision that comes with it, never older than the first page's."""
    await write(client, path, *docs(4))
    first = await client.post(f"{path}/list-objects", json=LIST, headers={SIZE: "2"})
    await client.post(f"{path}/write", json={"deletes": {"tuple_keys": [docs(4)[2]]}})
    second = await client.post(f"{path}/list-objects", json=LIST, headers={NEXT: first.headers[NEXT]})
    assert second.json()["objects"] == ["doc:003"]
    assert second.headers[SEEN] != first.headers[SEEN]


@pytest.mark.parametrize("size", ["0", "1001", "-1", "x", "", "1e2", "٣"])
async def test_page_size_that_is_none_is_refused(client: httpx2.AsyncClient, path: str, size: str) -> None:
    headers = {SIZE.encode(): size.encode()}
    answer = await client.post(f"{path}/list-objects", json=LIST, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")


async def test_cursor_is_good_for_its_question_alone(
    client: httpx2.AsyncClient, path: str, permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    """N36: another question, another store, another kind of list, a changed or made-up token: refused by name."""
    await write(client, path, *docs(3))
    token = (await client.post(f"{path}/list-objects", json=LIST, headers={SIZE: "1"})).headers[NEXT]
    read = (await client.post(f"{path}/read", json={"page_size": 1})).json()["continuation_token"]
    async with open_ctx(tenant_id) as ctx:
        other = await permissions.stores.create(ctx, "other")
        model = await permissions.models.latest(ctx, path.rpartition("/")[2])
        await permissions.models.write(ctx, other.id, model.model)
    flipped = ("A" if token[0] != "A" else "B") + token[1:]
    for place, body, forged in (
        (path, LIST | {"user": "user:bob"}, token),
        (path, LIST | {"context": {"x": 1}}, token),
        (f"/stores/{other.id}", LIST, token),
        (path, LIST, read),
        (path, LIST, flipped),
        (path, LIST, token[:-1]),
        (path, LIST, token + "="),
        (path, LIST, "WzFd"),
        (path, LIST, "a" * 5000),
    ):
        answer = await client.post(f"{place}/list-objects", json=body, headers={NEXT: forged})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_continuation_token"), forged
    for verb, forged in (("read", token), ("read", flipped)):
        answer = await client.post(f"{path}/{verb}", json={"continuation_token": forged})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_continuation_token")
    for verb in ("changes", "authorization-models"):
        answer = await client.get(f"{path}/{verb}", params={"continuation_token": read})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_continuation_token")
    answer = await client.get("/stores", params={"continuation_token": read})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_continuation_token")


async def test_streamed_list_is_the_list(client: httpx2.AsyncClient, path: str) -> None:
    await write(client, path, *docs(7))
    answer = await client.post(f"{path}/streamed-list-objects", json=LIST)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    whole = (await client.post(f"{path}/list-objects", json=LIST)).json()["objects"]
    assert lines == [{"result": {"object": word}} for word in whole]
    refused = await client.post(f"{path}/streamed-list-objects", json=LIST | {"type": "none"})
    assert (refused.status_code, refused.json()["code"]) == (400, "validation_error")


async def test_several_relations_in_one_question(client: httpx2.AsyncClient, path: str) -> None:
    await write(client, path, ANNE, ANNE | {"relation": "blocked"})
    body = {"user": "user:anne", "object": "doc:1", "relations": ["viewer", "can_read", "owner"]}
    answer = await client.post(f"{path}/check-relations", json=body)
    assert answer.json() == {"relations": {"viewer": True, "can_read": False, "owner": False}}
    assert SEEN in answer.headers
    told = body | {"contextual_tuples": {"tuple_keys": [ANNE | {"relation": "owner"}]}}
    assert (await client.post(f"{path}/check-relations", json=told)).json()["relations"]["owner"] is True


@pytest.mark.parametrize("relations", [[], ["viewer", "viewer"], ["nothing"], ["viewer"] * 51, "viewer", None])
async def test_relations_that_cannot_be_meant_are_refused(
    client: httpx2.AsyncClient, path: str, relations: Json
) -> None:
    body = {"user": "user:anne", "object": "doc:1", "relations": relations}
    answer = await client.post(f"{path}/check-relations", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")


async def model_of(client: httpx2.AsyncClient, path: str) -> str:
    listed = await client.get(f"{path}/authorization-models")
    return str(listed.json()["authorization_models"][0]["id"])


async def test_assertions_are_kept_as_they_were_written(client: httpx2.AsyncClient, path: str) -> None:
    model = await model_of(client, path)
    place = f"{path}/assertions/{model}"
    assert (await client.get(place)).json() == {"authorization_model_id": model, "assertions": []}
    first: list[Any] = [{"tuple_key": ANNE, "expectation": True}]
    second: list[Any] = [
        {
            "tuple_key": ANNE | {"relation": "can_read"},
            "expectation": False,
            "contextual_tuples": [ANNE, ANNE | {"relation": "blocked"}],
            "context": {"view_count": 100},
        }
    ]
    for assertions in (first, second):
        assert (await client.put(place, json={"assertions": assertions})).status_code == 204
        assert (await client.get(place)).json()["assertions"] == assertions
    empty: list[Json] = []
    assert (await client.put(place, json={"assertions": empty})).status_code == 204
    assert (await client.get(place)).json()["assertions"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "validation_error"),
        ({"assertions": [{"tuple_key": ANNE}]}, "validation_error"),
        ({"assertions": [{"tuple_key": ANNE | {"relation": "none"}, "expectation": True}]}, "validation_error"),
        ({"assertions": [{"tuple_key": ANNE | {"user": "anne"}, "expectation": True}]}, "validation_error"),
        ({"assertions": [{"tuple_key": ANNE, "expectation": True}] * 101}, "exceeded_entity_limit"),
        (
            {"assertions": [{"tuple_key": ANNE, "expectation": True, "contextual_tuples": [ANNE] * 21}]},
            "exceeded_entity_limit",
        ),
        (
            {"assertions": [{"tuple_key": ANNE, "expectation": True, "context": {"x": "y" * 65_000}}]},
            "exceeded_entity_limit",
        ),
    ],
)
async def test_assertions_that_cannot_be_meant_are_refused_and_change_nothing(
    client: httpx2.AsyncClient, path: str, body: Json, code: str
) -> None:
    place = f"{path}/assertions/{await model_of(client, path)}"
    kept = {"assertions": [{"tuple_key": ANNE, "expectation": True}]}
    await client.put(place, json=kept)
    answer = await client.put(place, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert (await client.get(place)).json()["assertions"] == kept["assertions"]


async def test_assertions_of_no_model_are_refused(client: httpx2.AsyncClient, path: str) -> None:
    place = f"{path}/assertions/01BX5ZZKBKACTAV9WEVGEMMVRZ"
    kept = {"assertions": [{"tuple_key": ANNE, "expectation": True}]}
    answer = await client.put(place, json=kept)
    assert (answer.status_code, answer.json()["code"]) == (400, "authorization_model_not_found")
    assert (await client.get(place)).json()["assertions"] == []


async def left(client: httpx2.AsyncClient, path: str) -> list[dict[str, str]]:
    return [each["key"] for each in (await client.post(f"{path}/read", json={"page_size": 100})).json()["tuples"]]


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ({"filter": {"object": "doc:"}}, [4, 5]),
        ({"filter": {"object": "doc:1"}}, [1, 4, 5]),
        ({"filter": {"user": "user:anne"}}, [2, 3, 5]),
        ({"filter": {"relation": "parent"}}, [0, 1, 2, 4, 5]),
        ({"filter": {"object": "doc:", "user": "group:eng#member", "relation": "viewer"}}, [0, 1, 3, 4, 5]),
        ({"filter": {"object": "doc:none"}}, [0, 1, 2, 3, 4, 5]),
        ({"object": "doc:1"}, [1, 4, 5]),
        ({"object": "group:eng"}, [0, 1, 3, 5]),
        ({"object": "folder:f"}, [0, 1, 2, 4]),
        ({"object": "user:anne"}, [2, 3, 5]),
    ],
)
async def test_what_matches_goes_and_nothing_else(
    client: httpx2.AsyncClient, path: str, wanted: Json, kept: list[int]
) -> None:
    keys = [
        ANNE,
        ANNE | {"object": "doc:2"},
        ANNE | {"user": "group:eng#member"},
        {"user": "folder:f", "relation": "parent", "object": "doc:1"},
        {"user": "user:anne", "relation": "member", "object": "group:eng"},
        {"user": "user:*", "relation": "viewer", "object": "folder:f"},
    ]
    await write(client, path, *keys)
    answer = await client.post(f"{path}/delete", json=wanted)
    assert (answer.status_code, answer.json()) == (200, {"deleted": 6 - len(kept), "done": True})
    remaining = await left(client, path)
    assert sorted(keys.index(key) for key in remaining) == kept
    changes = (await client.get(f"{path}/changes", params={"page_size": 100})).json()["changes"]
    gone = [each["tuple_key"] for each in changes if each["operation"] == "TUPLE_OPERATION_DELETE"]
    assert sorted(keys.index(key) for key in gone) == sorted(set(range(6)) - set(kept))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"filter": {}},
        {"filter": {"object": ""}},
        {"filter": {"object": "doc"}},
        {"filter": {"object": ":1"}},
        {"filter": {"object": "doc:*"}},
        {"filter": {"user": "anne"}},
        {"filter": {"relation": "a b"}},
        {"filter": {"object": "doc:"}, "object": "doc:1"},
        {"object": "doc:"},
        {"object": "user:*"},
        {"object": ""},
        {"filter": {"object": "doc:"}, "dry_run": True},
        [],
    ],
)
async def test_delete_that_could_mean_more_than_it_says_is_refused(
    client: httpx2.AsyncClient, path: str, body: Json
) -> None:
    await write(client, path, ANNE)
    answer = await client.post(f"{path}/delete", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
    assert await left(client, path) == [ANNE]


async def test_delete_is_bounded_and_says_when_it_is_not_done(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    sweeping = Sweeping(tuples=permissions.tuples, slices=2)
    for start in range(0, 250, MAX_TUPLES):
        keys = [TupleKey("user:a", "viewer", f"doc:{number}") for number in range(start, min(start + MAX_TUPLES, 250))]
        async with open_ctx(tenant_id) as ctx:
            await permissions.tuples.write(ctx, store_id, writes=keys)
    answers: list[tuple[int, bool]] = []
    for _ in range(3):
        async with open_ctx(tenant_id) as ctx:
            swept = await sweeping.delete(ctx, store_id, Filter(object_type="doc"))
        answers.append((swept.deleted, swept.done))
    assert answers == [(200, False), (50, True), (0, True)]


async def test_limits_are_openfgas_unless_set(
    client: httpx2.AsyncClient, path: str, engine: Engine, make_listener: Callable[[], Listener], journal: Journal
) -> None:
    """N36: one over each default is refused by OpenFGA's code, and nothing is written."""
    limits = Permissions(
        engine=engine, listener=make_listener(), clock=SystemClock(), entropy=SystemEntropy(), journal=journal
    ).limits
    settings = Settings()
    assert (limits.write, limits.batch) == (settings.permissions_write_limit, settings.permissions_batch_limit)
    assert (limits.types, limits.model_bytes) == (settings.permissions_types_limit, settings.permissions_model_bytes)
    before = await left(client, path)
    many = [{"tuple_key": ANNE, "correlation_id": str(number)} for number in range(limits.batch + 1)]
    types: list[Any] = [{"type": f"t{number}"} for number in range(limits.types + 1)]
    for verb, body, code in (
        ("write", {"writes": {"tuple_keys": docs(limits.write + 1)}}, "exceeded_entity_limit"),
        ("batch-check", {"checks": many}, "validation_error"),
        ("authorization-models", {"schema_version": "1.1", "type_definitions": types}, "exceeded_entity_limit"),
    ):
        answer = await client.post(f"{path}/{verb}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, code), verb
    assert await left(client, path) == before
    assert len((await client.get(f"{path}/authorization-models")).json()["authorization_models"]) == 1


async def test_no_tenant_reaches_another(
    client: httpx2.AsyncClient, permissions: Permissions, open_ctx: OpenContext, make_tenant: MakeTenant
) -> None:
    """N20, N21: another tenant's store is the one that never was."""
    async with open_ctx(await make_tenant()) as ctx:
        store = await permissions.stores.create(ctx, "theirs")
    for store_id in (store.id, "01BX5ZZKBKACTAV9WEVGEMMVRZ"):
        asked: tuple[tuple[str, str, Any], ...] = (
            ("POST", "check-relations", {"user": "user:a", "object": "doc:1", "relations": ["viewer"]}),
            ("POST", "delete", {"object": "doc:1"}),
            ("POST", "streamed-list-objects", LIST),
            ("GET", "assertions/01BX5ZZKBKACTAV9WEVGEMMVRZ", None),
            ("PUT", "assertions/01BX5ZZKBKACTAV9WEVGEMMVRZ", {"assertions": []}),
            ("GET", "changes/stream", None),
        )
        for method, place, body in asked:
            answer = await client.request(method, f"/stores/{store_id}/{place}", json=body)
            assert (answer.status_code, answer.json()["code"]) == (404, "store_id_not_found"), place
