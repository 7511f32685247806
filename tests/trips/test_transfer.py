"""Users' import and export over HTTP, as NDJSON."""

import json

import httpx2
import pytest

from airside.admin.userline import MAX_BATCH
from airside.limits import EXPORTED_ROWS
from tests.running import Place
from tests.surface import administrator_token, token_with
from tests.trips.manager import manage, program_token, use_up

NDJSON = "application/x-ndjson"


async def send(place: Place, token: str, body: bytes, kind: str = NDJSON) -> httpx2.Response:
    """One import."""
    headers = {"authorization": f"Bearer {token}", "content-type": kind}
    async with place.server.client() as http:
        return await http.post(f"{place.issuer}/api/v1/users/import", content=body, headers=headers)


async def test_users_are_imported_and_exported_page_by_page(place: Place) -> None:
    token = await administrator_token(place)
    lines = [json.dumps({"email": f"u{number}@example.com", "roles": ["member"]}) for number in range(5)]
    answer = await send(place, token, "\n".join([*lines, "{}"]).encode())
    assert answer.status_code == 200, answer.text
    assert (answer.json()["imported"], answer.json()["refused"]) == (5, 1)
    assert answer.json()["lines"][5]["line"] == 6
    assert "email" in answer.json()["lines"][5]["problem"]
    found: list[dict[str, object]] = []
    path = "/users/export?limit=2"
    while path:
        page = await manage(place, token, "GET", path)
        assert page.headers["content-type"] == NDJSON
        found += [json.loads(line) for line in page.text.splitlines()]
        cursor = page.headers.get("airside-next-cursor")
        path = "" if cursor is None else f"/users/export?limit=2&cursor={cursor}"
    assert sorted(str(each["email"]) for each in found) == [f"u{number}@example.com" for number in range(5)]
    assert {each["id"] for each in found} == {each["user_id"] for each in answer.json()["lines"][:5]}
    assert all(each["roles"] == ["member"] and "password_hash" not in each for each in found)


async def test_program_that_acts_within_its_scopes_gets_no_hashes(place: Place) -> None:
    """N21: hashes are an administrator's alone, and no scope makes one."""
    await place.user()
    token = await administrator_token(place)
    assert (await manage(place, token, "GET", "/users/export?password_hashes=true")).status_code == 403


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"email":"a@example.com"}', "application/json", 415),
        (b'{"email":"a@example.com"', "application/json", 415),
        (b"", NDJSON, 422),
        (b"\n" * 1_001, NDJSON, 422),
        (b"x" * (MAX_BATCH + 1), NDJSON, 413),
        (b'{"email":"a@example.com","roles":["\xff"]}', NDJSON, 200),
    ],
)
async def test_what_is_no_batch_is_refused(place: Place, body: bytes, kind: str, status: int) -> None:
    answer = await send(place, await administrator_token(place), body, kind)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.json()["imported"] == 0


async def test_full_batch_of_megabytes_is_taken(place: Place) -> None:
    line = json.dumps({"email": "a@example.com", "name": "x" * 4_000}).encode()
    answer = await send(place, await administrator_token(place), b"\n".join([line] * 1_000))
    assert (answer.status_code, answer.json()["refused"]) == (200, 1_000)


async def test_reader_imports_nobody(place: Place) -> None:
    """N22."""
    token = await token_with(place, "users:read", "members:read")
    assert (await send(place, token, b'{"email":"a@example.com"}')).status_code == 403
    assert (await manage(place, token, "GET", "/users/export")).status_code == 200
    other = await token_with(place, "users:read")
    assert (await manage(place, other, "GET", "/users/export")).status_code == 403


async def test_tenant_that_has_exported_too_much_waits_alone(place: Place) -> None:
    """N13: pages of both exports are charged before they are read; the operator at the machine is not."""
    services = place.server.services
    token, auditor = await administrator_token(place), await program_token(place, "audit:read")
    assert (await manage(place, token, "GET", "/users/export")).status_code == 200
    await use_up(place, services.transfer_admin.exports.pace, EXPORTED_ROWS, "all")
    for asked, path in ((token, "/users/export"), (auditor, "/audit/export"), (auditor, "/audit/export?format=ocsf")):
        refused = await manage(place, asked, "GET", path)
        assert refused.status_code == 429, path
        assert 25 <= int(refused.headers["retry-after"]) <= 31
    assert (await manage(place, token, "GET", "/users?limit=1")).status_code == 200
    other = await place.server.tenant()
    assert (await manage(other, await administrator_token(other), "GET", "/users/export")).status_code == 200
    async with place.operator() as ctx:
        assert (await services.audit_admin.export(ctx))[0]
