"""The secret store over HTTP: programs write, read and lease, each below the paths that it was given."""

from typing import Any

import httpx2
import pytest

from tests.running import Place
from tests.trips.manager import manage, program, program_token
from tests.trips.visitor import token_request

PATH = "billing/stripe/api-key"


async def put(place: Place, token: str, path: str = PATH, **more: Any) -> httpx2.Response:
    return await manage(place, token, "PUT", "/vault/secrets", {"path": path, "value": "sk_of_theirs"} | more)


async def read(place: Place, token: str, path: str = PATH, **more: Any) -> httpx2.Response:
    return await manage(place, token, "POST", "/vault/secrets/read", {"path": path} | more)


async def writer(place: Place) -> str:
    """The token of a program that may do everything in the vault."""
    return await program_token(place, "vault:admin", "secrets:read", "secrets:write")


async def given(place: Place, admin: str, relation: str, path: str) -> str:
    """The token of a program that was given `relation` to what is at or below `path`."""
    client, auth = await program(place, "vault:use")
    grant = {"subject": f"client:{client.word}", "relation": relation, "kind": "vault_path", "name": path}
    assert (await manage(place, admin, "POST", "/vault/grants", grant)).status_code == 204
    answer = await token_request(place, {"grant_type": "client_credentials"}, auth=auth)
    return str(answer.json()["access_token"])


async def test_secret_is_written_read_leased_deleted_restored_rotated_and_destroyed(place: Place) -> None:
    token = await writer(place)
    assert (await put(place, token, expected_version=0, metadata={"owner": "billing"})).json()["version"] == 1
    assert (await put(place, token, expected_version=0)).status_code == 409
    found = await read(place, token, lease_seconds=60)
    assert (found.json()["value"], found.headers["cache-control"]) == ("sk_of_theirs", "no-store")
    lease = {"path": PATH, "lease": found.json()["lease"]["lease"]}
    renewed = await manage(place, token, "POST", "/vault/leases/renew", lease | {"lease_seconds": 120})
    assert renewed.json()["current"] is True
    assert (await manage(place, token, "POST", "/vault/leases/revoke", lease)).status_code == 204
    over = await manage(place, token, "POST", "/vault/leases/renew", lease | {"lease_seconds": 120})
    assert over.status_code == 404
    numbered = {"path": PATH, "version": 1}
    for verb, status in (("delete", 404), ("restore", 200)):
        assert (await manage(place, token, "POST", f"/vault/secrets/{verb}", numbered)).status_code == 204
        assert (await read(place, token)).status_code == status
    assert (await manage(place, token, "POST", "/vault/secrets/rotate", {"path": PATH})).json()["version"] == 2
    scheduled = await manage(place, token, "PUT", "/vault/secrets/rotation", {"path": PATH, "days": 30})
    assert scheduled.json()["rotate_days"] == 30
    assert (await manage(place, token, "POST", "/vault/secrets/destroy", numbered)).status_code == 204
    page = (await manage(place, token, "GET", f"/vault/secrets/versions?path={PATH}")).json()
    assert [(each["version"], each["state"]) for each in page["versions"]] == [(2, "active"), (1, "destroyed")]
    listed = (await manage(place, token, "GET", "/vault/secrets?prefix=billing")).json()["secrets"]
    assert [(each["path"], each["metadata"]) for each in listed] == [(PATH, {"owner": "billing"})]


async def test_list_goes_on_where_it_ended_and_nowhere_else(place: Place) -> None:
    """N30: a cursor into what stands below one path leads into no other."""
    token = await writer(place)
    for name in ("b/2", "a", "b/1", "b"):
        assert (await put(place, token, path=name)).status_code == 200
    listed, cursor = list[str](), ""
    for _ in range(3):
        page = (await manage(place, token, "GET", f"/vault/secrets?prefix=b&limit=2{cursor}")).json()
        listed += [each["path"] for each in page["secrets"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert listed == ["b", "b/1", "b/2"]
    assert (await manage(place, token, "GET", f"/vault/secrets?prefix=a&limit=2{cursor}")).status_code == 422


async def test_program_reads_and_writes_below_its_path_and_nowhere_else(place: Place) -> None:
    """N21, N22: and learns of nothing beside it."""
    admin = await writer(place)
    for path in (PATH, "billing-old/key", "payroll/key"):
        await put(place, admin, path)
    reader, author = await given(place, admin, "reader", "billing"), await given(place, admin, "writer", PATH)
    assert (await read(place, reader)).status_code == 200
    assert (await put(place, author)).status_code == 200
    assert (await put(place, reader)).status_code == 403
    assert (await read(place, author)).status_code == 403
    for path in ("billing-old/key", "payroll/key", "never", "payroll", ""):
        assert (await read(place, reader, path)).status_code == 403
        assert (await put(place, author, path)).status_code == 403
    assert (await read(place, reader, "billing/../payroll/key")).status_code == 422  # N32
    for prefix, status in (("billing", 200), ("", 403), ("payroll", 403)):
        assert (await manage(place, reader, "GET", f"/vault/secrets?prefix={prefix}")).status_code == status


@pytest.mark.parametrize("scope", ["vault:admin", "vault:decrypt", "secrets:write", "users:read", "vault:use"])
async def test_who_may_not_read_reads_nothing(place: Place, scope: str) -> None:
    """N22: not even who says who may."""
    await put(place, await writer(place))
    token = await program_token(place, scope)
    for path in (PATH, "never"):
        assert (await read(place, token, path)).status_code == 403


@pytest.mark.parametrize(
    "change",
    [{"extra": 1}, {"version": 3}, {"expected_version": -1}, {"metadata": {"a": 1}}, {"value": 7}, {"path": 7}],
)
async def test_unknown_and_misshapen_fields_are_refused(place: Place, change: dict[str, Any]) -> None:
    """N21: mass assignment."""
    assert (await put(place, await writer(place), **change)).status_code == 422


async def test_other_tenants_secret_is_not_there(place: Place) -> None:
    """N20."""
    await put(place, await writer(place))
    other = await place.server.tenant()
    assert (await read(other, await writer(other))).status_code == 404
