"""OpenFGA's sample stores over HTTPS: model and tuples written, and every assertion of their tests asked, as a program
that knows OpenFGA's API and nothing of us."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from airside.permissions.language import to_json
from airside.permissions.model import Grant
from airside.permissions.storefile import StoreFile, StoreTest, read_store
from airside.permissions.storetests import Answer, Assertion, CheckAssertion, ObjectsAssertion
from airside.permissions.tuplefile import row_of
from tests.makers import FindData
from tests.running import Place, Running
from tests.surface import administrator_token

BATCH = 100
FRESH = {"consistency": "HIGHER_CONSISTENCY"}


async def test_every_assertion_of_the_sample_stores_holds_over_http(
    server: Running, place: Place, data: FindData, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = sorted((data("openfga") / "sample-stores").rglob("*.fga.yaml"))
    headers = {"authorization": f"Bearer {await administrator_token(place)}"}
    asked = {"check": 0, "list-objects": 0, "list-users": 0}
    async with server.client() as client:
        client.headers.update(headers)
        for path in paths:
            store = read_store(path)
            for test in store.tests:
                where = await written(client, store, test)
                for assertion in test.assertions:
                    verb, body = question(assertion)
                    got = await answer(client, f"{where}/{verb}", body | FRESH | {"context": dict(assertion.context)})
                    assert got == assertion.expected, told(path, test, assertion)
                    asked[verb] += 1
    with capsys.disabled():
        print(f"\n  sample stores over HTTPS: {len(paths)}, {asked}")
    assert len(paths) >= 32
    assert min(asked.values()) > 10


def told(path: Path, test: StoreTest, assertion: Assertion) -> str:
    return f"{path.parent.name}/{path.name}, {test.name}: {assertion}"


async def written(client: httpx2.AsyncClient, store: StoreFile, test: StoreTest) -> str:
    """The path of a new store with the file's model and what holds in the test."""
    where = f"/stores/{(await post(client, '/stores', {'name': store.name}))['id']}"
    model: Any = to_json(store.model)
    model_id = (await post(client, f"{where}/authorization-models", model))["authorization_model_id"]
    shown = (await client.get(f"{where}/authorization-models/{model_id}")).json()["authorization_model"]
    assert shown == {"id": model_id, **model}
    grants = [*store.grants, *test.grants]
    for start in range(0, len(grants), BATCH):
        writes = {"tuple_keys": rows(grants[start : start + BATCH])}
        await post(client, f"{where}/write", {"writes": writes, "authorization_model_id": model_id})
    return where


def rows(grants: Sequence[Grant]) -> Any:
    return msgspec.to_builtins([row_of(grant) for grant in grants])


def question(assertion: Assertion) -> tuple[str, dict[str, Any]]:
    if isinstance(assertion, CheckAssertion):
        key = {"user": assertion.user, "relation": assertion.relation, "object": assertion.object}
        return "check", {"tuple_key": key}
    if isinstance(assertion, ObjectsAssertion):
        return "list-objects", {"user": assertion.user, "relation": assertion.relation, "type": assertion.type}
    object_type, _, object_id = assertion.object.partition(":")
    kind, _, relation = assertion.kind.partition("#")
    wanted = {"type": kind, "relation": relation} if relation else {"type": kind}
    return "list-users", {
        "object": {"type": object_type, "id": object_id},
        "relation": assertion.relation,
        "user_filters": [wanted],
    }


async def answer(client: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> Answer:
    got = await post(client, path, body)
    if "allowed" in got:
        return bool(got["allowed"])
    return sorted(got["objects"] if "objects" in got else map(word, got["users"]))


def word(user: dict[str, Any]) -> str:
    match user:
        case {"object": {"type": kind, "id": name}}:
            return f"{kind}:{name}"
        case {"userset": {"type": kind, "id": name, "relation": relation}}:
            return f"{kind}:{name}#{relation}"
        case _:
            return f"{user['wildcard']['type']}:*"


async def post(client: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = await client.post(path, json=body)
    assert response.status_code in (200, 201), f"{path}: {response.text}"
    return dict(response.json())
