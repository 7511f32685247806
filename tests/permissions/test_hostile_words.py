"""N30: whatever stands where a word belongs, at endpoints of our own: answered or refused, never run, never a 5xx."""

from typing import Any

import httpx2
import pytest

from tests.permissions.conftest import ANNE, write

WORDS = [
    "",
    "'",
    "doc:1'; drop table airside.permission_tuple; --",
    "doc:1' or '1'='1",
    "%",
    "_",
    "doc:%",
    "doc:_",
    "doc:*",
    "*:*",
    "user:*#member",
    "doc:1\x00",
    "doc:\x1f1",
    "doc:1\x1fdoc:2",
    "doc:1#viewer@user:anne",
    "doc:\ufeff1",
    "doc:\u202e1",
    "doc:\ud7ff\uffff",
    "doc:" + "1" * 10_000,
    "doc:" + "\N{PILE OF POO}" * 100,
    "{{7*7}}",
    "${jndi:ldap://127.0.0.1/}",
    "*)(uid=*",
    "$1",
    "%s",
    "null",
    "\\",
]
PLACES: list[tuple[str, dict[str, Any]]] = [
    ("explain", {"tuple_key": ANNE | {"user": None}}),
    ("explain", {"tuple_key": ANNE | {"relation": None}}),
    ("explain", {"tuple_key": ANNE | {"object": None}}),
    ("explain", {"tuple_key": ANNE, "authorization_model_id": None}),
    ("check-relations", {"user": None, "object": "doc:1", "relations": ["viewer"]}),
    ("check-relations", {"user": "user:anne", "object": None, "relations": ["viewer"]}),
    ("check-relations", {"user": "user:anne", "object": "doc:1", "relations": ["viewer", None]}),
    ("delete", {"filter": {"object": None}}),
    ("delete", {"filter": {"relation": None}}),
    ("delete", {"filter": {"user": None}}),
    ("delete", {"object": None}),
]
QUERY = {"type": "doc", "relation": "viewer", "user": "user:anne"}
PARAMETERS = ["type", "relation", "user", "column", "id_type", "paramstyle", "authorization_model_id"]


def _with(value: Any, word: str) -> Any:
    """`value` with the word where None stands."""
    if isinstance(value, dict):
        return {name: _with(inner, word) for name, inner in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_with(inner, word) for inner in value]  # pyright: ignore[reportUnknownVariableType]
    return word if value is None else value


async def _tuples(client: httpx2.AsyncClient, path: str) -> list[Any]:
    answer = await client.post(f"{path}/read", json={})
    return [each["key"] for each in answer.json()["tuples"]]


@pytest.mark.parametrize(("end", "body"), PLACES, ids=[f"{end} {body}" for end, body in PLACES])
async def test_hostile_words_in_a_body_do_nothing(
    client: httpx2.AsyncClient, path: str, end: str, body: dict[str, Any]
) -> None:
    keys = [ANNE, ANNE | {"object": "doc:2"}]
    await write(client, path, *keys)
    for word in WORDS:
        answer = await client.post(f"{path}/{end}", json=_with(body, word))
        assert answer.status_code < 500, (word, answer.text)
        assert answer.status_code == 200 or answer.json()["code"], word
    assert len(await _tuples(client, path)) == len(keys)


@pytest.mark.parametrize("name", PARAMETERS)
async def test_hostile_words_in_a_query_do_nothing(client: httpx2.AsyncClient, path: str, name: str) -> None:
    await write(client, path, ANNE)
    for word in WORDS:
        answer = await client.get(f"{path}/filter", params=QUERY | {name: word})
        assert answer.status_code < 500, (word, answer.text)
        if answer.status_code == 200:
            assert name in ("user", "authorization_model_id") or (name == "column" and word.replace("_", "a").isalpha())
    assert len(await _tuples(client, path)) == 1
