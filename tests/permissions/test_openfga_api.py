"""OpenFGA's HTTP API: shapes, codes and statuses, over ASGI, with a context that is given rather than earned."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

import httpx2
import pytest

from airside.api.routes.openfga_plain import decode_check
from airside.core.strict_json import Json
from airside.permissions import Permissions
from airside.permissions.language import parse, to_json
from airside.permissions.refusals import InvalidQuestion
from airside.store import RequestContext
from tests.permissions.conftest import ANNE, DRIVE, write

OpenContext = Callable[..., AbstractAsyncContextManager[RequestContext]]
TOKEN = "airside-consistency-token"
CONDITIONED = ANNE | {"condition": {"name": "late"}}
WHO: dict[str, Any] = {
    "object": {"type": "doc", "id": "1"},
    "relation": "viewer",
    "user_filters": [{"type": "user", "relation": None}],
}
FUTURE: Json = {"schema_version": "9", "type_definitions": [{"type": "a"}]}


async def check(client: httpx2.AsyncClient, path: str, key: dict[str, str] = ANNE, **more: Any) -> httpx2.Response:
    return await client.post(f"{path}/check", json={"tuple_key": key, **more})


async def test_store_lives_and_dies(client: httpx2.AsyncClient, path: str) -> None:
    shown = (await client.get(path)).json()
    assert shown.keys() == {"id", "name", "created_at", "updated_at"}
    listed = (await client.get("/stores", params={"page_size": 1})).json()
    assert listed == {"stores": [shown], "continuation_token": ""}
    assert (await client.delete(path)).status_code == 204
    gone = await client.get(path)
    assert (gone.status_code, gone.json()["code"]) == (404, "store_id_not_found")
    assert (await check(client, path)).status_code == 404


async def test_model_is_given_back(client: httpx2.AsyncClient, path: str) -> None:
    listed = (await client.get(f"{path}/authorization-models")).json()["authorization_models"]
    shown = (await client.get(f"{path}/authorization-models/{listed[0]['id']}")).json()["authorization_model"]
    assert listed == [shown]
    assert shown == {"id": shown["id"], **to_json(parse(DRIVE))}


async def test_write_then_check_then_delete(client: httpx2.AsyncClient, path: str) -> None:
    assert (await check(client, path)).json() == {"allowed": False, "resolution": ""}
    written = await write(client, path, ANNE)
    assert (written.status_code, written.json()) == (200, {})
    allowed = await client.post(f"{path}/check", json={"tuple_key": ANNE}, headers={TOKEN: written.headers[TOKEN]})
    assert allowed.json()["allowed"] is True
    assert allowed.headers[TOKEN] == written.headers[TOKEN]
    await client.post(f"{path}/write", json={"deletes": {"tuple_keys": [ANNE]}})
    assert (await check(client, path, consistency="HIGHER_CONSISTENCY")).json()["allowed"] is False


async def test_read_and_changes_page_to_the_end(client: httpx2.AsyncClient, path: str) -> None:
    keys = [{"user": f"user:{number}", "relation": "viewer", "object": "doc:1"} for number in range(5)]
    await write(client, path, *keys)
    seen: list[Json] = []
    token = ""
    while True:
        page = (await client.post(f"{path}/read", json={"page_size": 2, "continuation_token": token})).json()
        seen += [each["key"] for each in page["tuples"]]
        token = page["continuation_token"]
        if not token:
            break
    assert seen == keys
    first = (await client.get(f"{path}/changes", params={"page_size": 3})).json()
    rest = (await client.get(f"{path}/changes", params={"continuation_token": first["continuation_token"]})).json()
    assert [each["tuple_key"] for each in first["changes"] + rest["changes"]] == keys
    assert {each["operation"] for each in first["changes"]} == {"TUPLE_OPERATION_WRITE"}
    end = (await client.get(f"{path}/changes", params={"continuation_token": rest["continuation_token"]})).json()
    assert end == {"changes": [], "continuation_token": rest["continuation_token"]}


async def test_batch_check_answers_each(client: httpx2.AsyncClient, path: str) -> None:
    await write(client, path, ANNE)
    items = [
        {"tuple_key": ANNE, "correlation_id": "yes"},
        {"tuple_key": ANNE | {"user": "user:bob"}, "correlation_id": "no"},
        {"tuple_key": ANNE | {"relation": "nothing"}, "correlation_id": "wrong"},
    ]
    result = (await client.post(f"{path}/batch-check", json={"checks": items})).json()["result"]
    assert (result["yes"], result["no"]) == ({"allowed": True}, {"allowed": False})
    assert result["wrong"]["error"]["input_error"] == "validation_error"
    again = await client.post(f"{path}/batch-check", json={"checks": [items[0], items[0]]})
    assert again.status_code == 400


async def test_lists(client: httpx2.AsyncClient, path: str) -> None:
    """N35 over HTTP."""
    everybody = {"user": "user:*", "relation": "viewer", "object": "folder:f"}
    await write(client, path, ANNE, everybody, {"user": "folder:f", "relation": "parent", "object": "doc:2"})
    objects = await client.post(f"{path}/list-objects", json={"type": "doc", "relation": "viewer", "user": "user:anne"})
    assert objects.json() == {"objects": ["doc:1", "doc:2"]}
    body = {"object": {"type": "doc", "id": "2"}, "relation": "viewer", "user_filters": [{"type": "user"}]}
    users = await client.post(f"{path}/list-users", json=body)
    assert users.json() == {"users": [{"wildcard": {"type": "user"}}]}
    expanded = await client.post(f"{path}/expand", json={"tuple_key": {"relation": "can_read", "object": "doc:1"}})
    assert expanded.json()["tree"]["root"]["difference"]["base"] == {
        "name": "doc:1#can_read",
        "leaf": {"computed": {"userset": "doc:1#viewer"}},
    }


async def test_contextual_tuples_over_http(client: httpx2.AsyncClient, path: str) -> None:
    told = {"tuple_keys": [ANNE]}
    assert (await check(client, path, contextual_tuples=told)).json()["allowed"] is True
    assert (await check(client, path)).json()["allowed"] is False
    wrong = {"tuple_keys": [ANNE | {"user": "folder:f"}]}
    refused = await check(client, path, contextual_tuples=wrong)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_contextual_tuple")


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("check", {"tuple_key": ANNE, "contextual_tuples": {"tuple_keys": None}, "context": None, "consistency": None}),
        ("batch-check", {"checks": [{"tuple_key": ANNE, "correlation_id": "a", "contextual_tuples": None}]}),
        ("write", {"writes": {"tuple_keys": [ANNE | {"condition": None}], "on_duplicate": None}, "deletes": None}),
        ("read", {"tuple_key": {"object": "doc:1", "user": None}, "continuation_token": None}),
        ("expand", {"tuple_key": {"relation": "viewer", "object": "doc:1"}, "contextual_tuples": {"tuple_keys": None}}),
        ("list-users", WHO | {"contextual_tuples": None}),
    ],
)
async def test_field_that_is_null_is_not_there(client: httpx2.AsyncClient, path: str, verb: str, body: Json) -> None:
    """As in OpenFGA's own reader: clients in Go send empty lists so."""
    answer = await client.post(f"{path}/{verb}", json=body)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("verb", "body", "status", "code"),
    [
        ("check", {"tuple_key": ANNE | {"relation": "nothing"}}, 400, "validation_error"),
        ("check", {"tuple_key": ANNE | {"user": "anne"}}, 400, "validation_error"),
        ("check", {"tuple_key": ANNE | {"object": "doc:"}}, 400, "validation_error"),
        ("check", {}, 400, "validation_error"),
        ("check", {"tuple_key": None}, 400, "validation_error"),
        ("check", {"tuple_key": ANNE | {"user": None}}, 400, "validation_error"),
        ("check", [], 400, "validation_error"),
        ("check", {"tuple_key": ANNE, "authorization_model_id": "x"}, 400, "authorization_model_not_found"),
        ("check", {"tuple_key": ANNE, "consistency": "SOMETIMES"}, 400, "validation_error"),
        ("write", {}, 400, "validation_error"),
        ("write", {"deletes": {"tuple_keys": [ANNE]}}, 400, "write_failed_due_to_invalid_input"),
        ("write", {"writes": {"tuple_keys": [ANNE | {"relation": "can_read"}]}}, 400, "invalid_tuple"),
        (
            "write",
            {"writes": {"tuple_keys": [ANNE, ANNE]}},
            400,
            "cannot_allow_duplicate_tuples_in_one_request",
        ),
        ("write", {"writes": {"tuple_keys": [CONDITIONED]}}, 400, "validation_error"),
        ("read", {"page_size": 101}, 400, "validation_error"),
        ("read", {"continuation_token": "forged"}, 400, "invalid_continuation_token"),
        ("read", {"continuation_token": "WyJ4Il0="}, 400, "invalid_continuation_token"),
        ("read", {"tuple_key": {"user": "user:anne"}}, 400, "validation_error"),
        ("authorization-models", {"schema_version": "1.1"}, 400, "validation_error"),
        ("authorization-models", FUTURE, 400, "unsupported_schema_version"),
        ("list-objects", {"type": "none", "relation": "viewer", "user": "user:a"}, 400, "validation_error"),
        ("streamed-list-objects", {}, 400, "validation_error"),
    ],
)  # fmt: skip
async def test_refusal_has_its_code_and_changes_nothing(
    client: httpx2.AsyncClient, path: str, verb: str, body: Json, status: int, code: str
) -> None:
    answer = await client.post(f"{path}/{verb}", json=body)
    assert answer.status_code == status
    if code:
        assert answer.json()["code"] == code
        assert answer.json().keys() == {"code", "message"}
    assert (await client.post(f"{path}/read", json={})).json()["tuples"] == []


@pytest.mark.parametrize(
    ("who", "status", "code", "header"),
    [
        ("", 401, "unauthenticated", ("www-authenticate", "Bearer")),
        ("forbidden", 403, "forbidden", None),
        ("limited", 429, "resource_exhausted", ("retry-after", "12")),
        ("away", 503, "unavailable", ("retry-after", "1")),
    ],
)
async def test_who_may_not_ask_is_told_in_openfga_shape(
    client: httpx2.AsyncClient, path: str, who: str, status: int, code: str, header: tuple[str, str] | None
) -> None:
    """N22: every route asks for its context before anything else."""
    for method, place in (
        ("POST", "/check"), ("POST", "/batch-check"), ("POST", "/write"), ("POST", "/read"), ("GET", "/changes"),
        ("POST", "/expand"), ("POST", "/list-objects"), ("POST", "/list-users"), ("GET", ""), ("DELETE", ""),
        ("GET", "/authorization-models"), ("POST", "/authorization-models"), ("GET", "/authorization-models/x"),
    ):  # fmt: skip
        answer = await client.request(method, path + place, headers={"authorization": who})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        if header is not None:
            assert answer.headers[header[0]] == header[1]


async def test_system_store_is_not_there(
    client: httpx2.AsyncClient, permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    """N20, N21: neither to be seen nor written through this API, by any spelling."""
    async with open_ctx(tenant_id) as ctx:
        system = await permissions.stores.create(ctx, "airside", system=True)
        await permissions.models.write(ctx, system.id, DRIVE)
    assert (await client.get("/stores")).json()["stores"] == []
    for name in (system.id, system.id.upper(), system.id.capitalize()):
        path = f"/stores/{name}"
        for answer in (
            await client.get(path),
            await client.delete(path),
            await check(client, path),
            await write(client, path, ANNE),
            await client.post(f"{path}/read", json={}),
            await client.get(f"{path}/authorization-models"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "store_id_not_found")


async def test_consistency_token_of_another_store_or_of_nobody_is_refused(
    client: httpx2.AsyncClient, path: str
) -> None:
    """N34."""
    other = (await client.post("/stores", json={"name": "other"})).json()["id"]
    await client.post(f"/stores/{other}/authorization-models", json=to_json(parse(DRIVE)))
    token = (await write(client, f"/stores/{other}", ANNE)).headers[TOKEN]
    for forged in (token, "x", "", "AAAA", "\xe9"):
        headers = {TOKEN.encode(): forged.encode("latin-1")}
        answer = await client.post(f"{path}/check", json={"tuple_key": ANNE}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")


async def test_too_large_body_is_refused(client: httpx2.AsyncClient, path: str) -> None:
    headers = {"content-type": "application/json"}
    answer = await client.post(f"{path}/check", content=b'{"x":"' + b"a" * 70_000 + b'"}', headers=headers)
    assert answer.status_code == 413


PLAIN = b'{"tuple_key":{"user":"user:anne","relation":"viewer","object":"doc:1"}}'


@pytest.mark.parametrize(
    "body",
    [
        b'{"tuple_key":{"user":"user:eve","user":"user:anne","relation":"viewer","object":"doc:1"}}',
        b'{"tuple_key":{"user":"user:eve","\\u0075ser":"user:anne","relation":"viewer","object":"doc:1"}}',
        b'{"tuple_key":{"user":"user:a","relation":"viewer","object":"doc:1"},' + PLAIN[1:],
        PLAIN[:-1] + b',"authorization_model_id":"","authorization_model_id":"x"}',
        PLAIN[:-1] + b',"x":1,"x":2}',
        PLAIN[:-1] + b',"trace":true,"trace":false}',
        PLAIN[:-1] + b',"context":{"a":1,"a":2}}',
        PLAIN[:-1] + b',"x":NaN}',
        PLAIN[:-1] + b',"x":"\\ud800"}',
        PLAIN[:-1] + b',"x":"\xff"}',
        PLAIN + b" x",
        b"\xef\xbb\xbf" + PLAIN,
        PLAIN[:-1],
        b"",
    ],
)
def test_check_body_that_two_readers_could_read_differently_is_refused(body: bytes) -> None:
    """G25 on the hot path: the quick reader lets nothing through that the strict one refuses."""
    with pytest.raises(InvalidQuestion):
        decode_check(body)


@pytest.mark.parametrize(
    "body",
    [
        PLAIN,
        PLAIN.replace(b":", b" : "),
        PLAIN[:-1] + b',"consistency":"MINIMIZE_LATENCY","authorization_model_id":"01M83TC4Y6GZQS01Z3PF7Z6VV6"}',
        PLAIN[:-1] + b',"unknown":{"a":[1]},"trace":null,"context":{}}',
        PLAIN.replace(b'"user:anne"', b'"user:\\u0061nne"'),
    ],
)
def test_check_body_is_read_either_way(body: bytes) -> None:
    body = body.replace(b'"user : anne"', b'"user:anne"').replace(b'"doc : 1"', b'"doc:1"')
    assert decode_check(body).tuple_key.user == "user:anne"
