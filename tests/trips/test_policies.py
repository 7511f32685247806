"""The tenant's policy over HTTP."""

import pytest

from airside.tenancy import TenantPolicy, render_policy
from tests.running import Place
from tests.surface import administrator_token
from tests.trips.manager import manage, program_token


async def test_policy_is_read_changed_and_never_overwritten_unseen(place: Place) -> None:
    token = await administrator_token(place)
    found = (await manage(place, token, "GET", "/policies")).json()
    assert found == {"version": 0, "policy": render_policy(TenantPolicy()), "changed_at": None, "changed_by": ""}
    wanted = {"version": 0, "policy": found["policy"] | {"signup": "open", "networks": ["127.0.0.0/8"]}}
    changed = (await manage(place, token, "PUT", "/policies", wanted)).json()
    assert changed["version"] == 1
    assert changed["policy"] == wanted["policy"]
    assert changed["changed_by"].startswith("client:cli_")
    assert (await manage(place, token, "PUT", "/policies", wanted)).status_code == 409
    assert (await manage(place, token, "GET", "/policies")).json() == changed


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"policy": {}}, "version"),
        ({"version": 0}, "policy"),
        ({"version": 0, "policy": {}, "by": "me"}, "by"),
        ({"version": "0", "policy": {}}, "version"),
        ({"version": -1, "policy": {}}, "version"),
        ({"version": 0, "policy": {"tenant_id": "x"}}, "tenant_id"),
        ({"version": 0, "policy": {"password": {"min_length": 1}}}, "min_length"),
        ({"version": 0, "policy": {"factors": []}}, "factors"),
    ],
)
async def test_what_is_no_policy_is_refused_by_the_name_of_the_field(
    place: Place, body: dict[str, object], said: str
) -> None:
    """N21: mass assignment."""
    answer = await manage(place, await administrator_token(place), "PUT", "/policies", body)
    assert answer.status_code == 422, answer.text
    assert said in answer.json()["detail"]


async def test_reader_changes_nothing(place: Place) -> None:
    """N22."""
    token = await program_token(place, "policies:read")
    assert (await manage(place, token, "GET", "/policies")).status_code == 200
    assert (await manage(place, token, "PUT", "/policies", {"version": 0, "policy": {}})).status_code == 403
    other = await program_token(place, "users:read")
    assert (await manage(place, other, "GET", "/policies")).status_code == 403
