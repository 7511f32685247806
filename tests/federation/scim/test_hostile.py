"""What a directory could try beyond its own people: another's, by id, by bulk, by paths, and all at once."""

import asyncio
from typing import Any

import pytest
from psycopg import AsyncConnection

from tests.federation.scim.directory import BULK, PATCH, USER_SCHEMA, Directory, directory, person

PATHS = [
    'emails[value eq "x\' or 1=1 --"].value',
    'emails[value eq "a" or not (value pr)].display',
    "meta.created",
    "meta.version",
    "id",
    "schemas",
    "groups",
    "groups[0].value",
    "__class__",
    "name.__init__.__globals__",
    "urn:ietf:params:scim:schemas:core:2.0:User:id",
    f"{USER_SCHEMA}:meta.location",
    "tenant_id",
    "state",
    "roles",
    "userName'; drop table airside.scim_user; --",
]


@pytest.mark.parametrize("path", PATHS)
async def test_path_of_a_patch_reaches_only_what_is_described(entra: Directory, path: str) -> None:
    """N21, N30: whatever is answered, who it is, whose it is, and what they may do stay as they are."""
    made = await entra.create("ada")
    answer = await entra.patch(f"/Users/{made['id']}", {"op": "replace", "path": path, "value": "administrator"})
    assert answer.status_code < 500, answer.text
    read = (await entra.ask("GET", f"/Users/{made['id']}")).json()
    for name in ("id", "schemas", "userName", "active"):
        assert read[name] == made[name]
    assert read["meta"]["created"] == made["meta"]["created"]
    assert read["meta"]["location"] == made["meta"]["location"]
    assert not {"roles", "state", "tenant_id", "groups"} & set(read)
    async with entra.place.operator() as ctx:
        assert f"user:{made['id']}" not in await entra.place.server.services.member_admin.list(ctx, "administrator")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_user_of_another_connection_is_as_one_that_never_was(entra: Directory, method: str) -> None:
    """N20: by id, and by a bulk."""
    made = await entra.create("ada")
    body: Any = {
        "PUT": person("eve"),
        "PATCH": {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": False}]},
    }
    async with directory(entra.place) as other:
        never = "usr_01jd3v8e5x7m2k9q4w6r8t0y1z"
        answers = [await other.ask(method, f"/Users/{word}", body.get(method)) for word in (made["id"], never)]
        assert len({(answer.status_code, answer.text.replace(made["id"], never)) for answer in answers}) == 1
        assert answers[0].status_code == 404
        bulk = {"method": "DELETE", "path": f"/Users/{made['id']}"}
        said = await other.ask("POST", "/Bulk", {"schemas": [BULK], "Operations": [bulk]})
        assert said.json()["Operations"][0]["status"] == "404"
    assert (await entra.ask("GET", f"/Users/{made['id']}")).json()["userName"] == "ada"


async def test_of_fifty_changes_of_one_version_one_is_made(entra: Directory, superuser_dsn: str) -> None:
    """RFC 7644 §3.14: none is written before several have read the version that they go from."""
    made = await entra.create("ada")
    headers = {"if-match": made["meta"]["version"]}
    async with await AsyncConnection.connect(superuser_dsn) as holding:
        await holding.execute("lock table airside.scim_user in share mode")
        changes = [
            asyncio.create_task(entra.insist("PUT", f"/Users/{made['id']}", person("ada", title=f"T{n}"), headers))
            for n in range(50)
        ]
        for _ in range(3000):
            if await _waiting(holding) > 1:
                break
            await asyncio.sleep(0.01)
        assert await _waiting(holding) > 1
    answers = await asyncio.gather(*changes)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 49


async def _waiting(connection: AsyncConnection) -> int:
    """How many wait to write users."""
    cursor = await connection.execute(
        "select count(*) from pg_locks where not granted and relation = 'airside.scim_user'::regclass"
    )
    row = await cursor.fetchone()
    assert row is not None
    return row[0]
