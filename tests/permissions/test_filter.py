"""`filter`: which objects, as SQL that runs on an application's own tables."""

from typing import LiteralString, cast

import httpx2
import psycopg
import pytest

from airside.permissions.filter import fragment
from airside.permissions.refusals import InvalidQuestion
from tests.permissions.conftest import write

HOSTILE = ["id; drop table x", "id--", 'a"b', "a.b.c", "", "id)", "1id", "ïd", "a" * 64]


async def test_fragment_joins_an_applications_own_table(
    client: httpx2.AsyncClient, path: str, superuser_dsn: str
) -> None:
    keys = [{"user": "user:anne", "relation": "viewer", "object": f"doc:{each}"} for each in (1, 3)]
    await write(client, path, *keys)
    asked = {"type": "doc", "relation": "viewer", "user": "user:anne", "column": "d.id", "id_type": "bigint"}
    answer = await client.get(f"{path}/filter", params=asked | {"paramstyle": "format"})
    assert answer.status_code == 200
    found = answer.json()
    assert found["ids"] == ["1", "3"]
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        await connection.execute("create temp table doc as select id::bigint from generate_series(1, 5) as id")
        for sql in (f"from doc d where {found['where']}", f"from doc d {found['join']}"):
            text = cast("LiteralString", f"select d.id {sql} order by d.id")
            rows = await (await connection.execute(text, (found["ids"],))).fetchall()
            assert rows == [(1,), (3,)]


async def test_nobody_gets_nothing(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(f"{path}/filter", params={"type": "doc", "relation": "viewer", "user": "user:none"})
    assert answer.json() == {
        "where": "id = any(cast($1 as text[]))",
        "join": "join unnest(cast($1 as text[])) as permitted (id) on permitted.id = id",
        "ids": [],
    }


@pytest.mark.parametrize("column", HOSTILE)
def test_column_that_is_no_name_is_refused(column: str) -> None:
    """N30."""
    with pytest.raises(InvalidQuestion):
        fragment([], column=column, id_type="text", paramstyle="numeric")


@pytest.mark.parametrize(
    ("word", "id_type"),
    [("doc:x", "bigint"), ("doc:99999999999999999999", "bigint"), ("doc:٣", "bigint"), ("doc:1", "uuid")],
)
def test_id_that_is_not_of_the_type_is_refused(word: str, id_type: str) -> None:
    with pytest.raises(InvalidQuestion):
        fragment([word], column="id", id_type=id_type, paramstyle="numeric")


@pytest.mark.parametrize("wrong", [{"id_type": "json"}, {"paramstyle": "qmark"}, {"relation": ""}, {"user": "anne"}])
async def test_filter_that_cannot_be_meant_is_refused(
    client: httpx2.AsyncClient, path: str, wrong: dict[str, str]
) -> None:
    asked = {"type": "doc", "relation": "viewer", "user": "user:anne"} | wrong
    assert (await client.get(f"{path}/filter", params=asked)).status_code == 400
