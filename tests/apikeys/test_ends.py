"""N18, N19, N21: whose key opens nothing any more, and who mints which."""

import asyncio
import json
from typing import Any

import psycopg
import pytest

from airside.apikeys import KeyDraft, Owner, VerifiedKey
from airside.apikeys.networks import holds, read_networks
from airside.audit import Event
from airside.core.errors import Conflict, NotFound
from airside.core.ids import uuid7
from airside.core.principal import ANONYMOUS, Origin
from airside.limits import API_KEY_FAILURES
from airside.protocols.apikey import new_key, new_lookup, parse_key
from airside.store import RequestContext
from tests.apikeys.kit import DAY, account_with, ask, made, mint, of_user
from tests.makers import Database
from tests.running import Place
from tests.surface import token_with
from tests.trips.manager import manage


async def test_disabled_service_account_opens_nothing_until_it_is_enabled(place: Place) -> None:
    """N18."""
    services = place.server.services
    minted = await mint(place, "users:read")
    assert (await ask(place, minted.secret)).status_code == 200
    async with place.operator() as ctx:
        await services.service_account_admin.set_state(ctx, minted.account.account_id, "disabled")
    assert (await ask(place, minted.secret)).status_code == 401
    with pytest.raises(Conflict):
        await mint(place, "users:read", account=minted.account)
    async with place.operator() as ctx:
        await services.service_account_admin.set_state(ctx, minted.account.account_id, "active")
    assert (await ask(place, minted.secret)).status_code == 200


async def test_key_of_a_disabled_user_opens_nothing(place: Place) -> None:
    """N18."""
    services = place.server.services
    owner, secret = await of_user(place, "users:read")
    assert (await ask(place, secret)).status_code == 200
    async with place.operator() as ctx:
        await services.user_admin.set_state(ctx, owner.id, "disabled")
    assert (await ask(place, secret)).status_code == 401
    async with place.operator() as ctx:
        await services.user_admin.set_state(ctx, owner.id, "active")
    assert (await ask(place, secret)).status_code == 200


async def test_keys_of_an_erased_user_are_gone(place: Place, database: Database) -> None:
    """N18."""
    owner, secret = await of_user(place, "users:read")
    await place.user("administrator")
    assert (await ask(place, secret)).status_code == 200
    async with place.operator() as ctx:
        await place.server.services.user_admin.erase(ctx, owner.id, 0)
    assert (await ask(place, secret)).status_code == 401
    async with await psycopg.AsyncConnection.connect(database.superuser) as connection:
        found = await connection.execute("select count(*) from airside.api_key where user_id = %s", (owner.id,))
        assert await found.fetchone() == (0,)


async def test_key_of_a_suspended_tenant_opens_nothing(place: Place) -> None:
    """N18: within the time for which a tenant's row is remembered, on this node at once."""
    minted = await mint(place, "users:read")
    assert (await ask(place, minted.secret)).status_code == 200
    async with place.operator() as ctx:
        await place.server.services.tenants.set_state(ctx, "suspended")
    assert (await ask(place, minted.secret)).status_code == 404
    assert (await ask(place, minted.secret, path="/keys/v1/self")).status_code == 401
    async with place.operator() as ctx:
        await place.server.services.tenants.set_state(ctx, "active")


async def test_revocation_of_a_key_reaches_the_feed(place: Place) -> None:
    """N19: SDKs and gateways hear of it too."""
    services = place.server.services
    minted = await mint(place, "users:read")
    async with place.operator() as ctx:
        await services.api_key_admin.revoke(ctx, minted.key.key_id)
    async with place.operator() as ctx:
        page = await services.revocations.follow(ctx, "")
    assert ("key", minted.key.word) in [(entry.kind, entry.id) for entry in page.entries]


async def test_user_who_loses_a_role_has_a_key_that_does_less(place: Place) -> None:
    """N19, N21: the key itself goes on."""
    owner, secret = await of_user(place, "users:read")
    assert (await ask(place, secret)).status_code == 200
    async with place.operator() as ctx:
        await place.server.services.member_admin.revoke(ctx, owner.id, "administrator")
    assert (await ask(place, secret)).status_code == 403
    assert (await ask(place, secret, path="/keys/v1/self")).status_code == 200


async def test_nobody_mints_what_they_do_not_hold(place: Place) -> None:
    """N21: neither by a draft nor by rotating another's key."""
    account = await account_with(place, "users:read", "clients:read")
    token = await token_with(place, "api-keys:read", "api-keys:write", "users:read")
    body = {"name": "x", "owner": account.word, "scopes": ["users:read"]}
    assert (await manage(place, token, "POST", "/api-keys", body)).status_code == 201
    above = await manage(place, token, "POST", "/api-keys", {**body, "scopes": ["clients:read"]})
    assert above.status_code == 403
    minted = await mint(place, "clients:read", account=account)
    rotated = await manage(place, token, "POST", f"/api-keys/{minted.key.word}/rotate", {})
    assert rotated.status_code == 403
    assert (await manage(place, token, "DELETE", f"/api-keys/{minted.key.word}")).status_code == 204


async def test_nobody_mints_a_key_that_speaks_for_another_person(place: Place) -> None:
    """N21."""
    owner, _ = await of_user(place, "users:read")
    token = await token_with(place, "api-keys:write", "users:read")
    body = {"name": "x", "owner": owner.word, "scopes": ["users:read"]}
    assert (await manage(place, token, "POST", "/api-keys", body)).status_code == 403


async def test_key_begets_no_key(place: Place) -> None:
    """N21: whoever stole one would have it for ever."""
    account = await account_with(place, "api-keys:write", "api-keys:read", "users:read")
    minted = await mint(place, "api-keys:write", "api-keys:read", "users:read", account=account)
    body = {"name": "x", "owner": account.word, "scopes": ["users:read"]}
    assert (await ask(place, minted.secret, "POST", "/api-keys", json=body)).status_code == 403
    path = f"/api-keys/{minted.key.word}"
    assert (await ask(place, minted.secret, "POST", f"{path}/rotate", json={})).status_code == 403
    assert (await ask(place, minted.secret, "GET", path)).status_code == 200
    assert (await ask(place, minted.secret, "DELETE", path)).status_code == 204
    assert (await ask(place, minted.secret, "GET", path)).status_code == 401


async def test_nobody_wakes_a_service_account_that_may_more(place: Place) -> None:
    """N21."""
    account = await account_with(place, "clients:write")
    token = await token_with(place, "api-keys:write", "api-keys:read", "members:write")
    path = f"/service-accounts/{account.word}"
    assert (await manage(place, token, "PATCH", path, {"state": "disabled"})).status_code == 200
    assert (await manage(place, token, "PATCH", path, {"state": "active"})).status_code == 403
    services = place.server.services
    async with place.operator() as ctx:
        (role,) = await services.service_account_admin.roles_of(ctx, account.account_id)
    assert (await manage(place, token, "PUT", f"{path}/roles/{role.word}")).status_code == 403


async def test_owner_has_to_be_there(place: Place) -> None:
    services = place.server.services
    stranger = uuid7(services.clock.now(), services.entropy)
    for owner in (Owner("user", stranger), Owner("service_account", stranger)):
        with pytest.raises(NotFound):
            await made(place, KeyDraft("x", owner, DAY, scopes=frozenset({"users:read"})))


async def test_management_by_http(place: Place) -> None:
    """Every verb, as a manager says it; what a key is spelt like is in no answer but the first (N40)."""
    token = await token_with(place, "api-keys:write", "api-keys:read", "users:read", "members:read", "members:write")
    account = (await manage(place, token, "POST", "/service-accounts", {"name": "sync"})).json()
    body = {"name": "k", "owner": account["id"], "scopes": ["users:read"], "networks": ["10.0.0.0/8"], "per_minute": 9}
    created = (await manage(place, token, "POST", "/api-keys", body)).json()
    key = created["api_key"]
    assert created["secret"].startswith(f"sk_live_{key['lookup']}")
    assert (key["state"], key["networks"], key["per_minute"]) == ("active", ["10.0.0.0/8"], 9)
    rotated = await manage(place, token, "POST", f"/api-keys/{key['id']}/rotate", {"overlap_hours": 1})
    assert rotated.status_code == 201
    again = await manage(place, token, "POST", f"/api-keys/{key['id']}/rotate", {})
    assert again.status_code == 409
    listed = await manage(place, token, "GET", f"/api-keys?owner={account['id']}")
    assert [each["state"] for each in listed.json()["api_keys"]] == ["rotated", "active"]
    assert created["secret"][16:] not in listed.text
    accounts = (await manage(place, token, "GET", "/service-accounts")).json()["service_accounts"]
    assert [each["name"] for each in accounts] == ["sync"]
    roles = await manage(place, token, "GET", f"/service-accounts/{account['id']}/roles")
    assert roles.json() == {"roles": [], "next_cursor": None}
    unknown = await manage(place, token, "POST", "/api-keys", {**body, "owner": "sync"})
    assert unknown.status_code == 422


class NoDatabase:
    """Stands where a transaction does, and can do nothing."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the database was asked: {name}")


async def test_warm_key_costs_no_question_to_the_database(place: Place) -> None:
    services = place.server.services
    minted = await mint(place, "users:read")
    assert (await ask(place, minted.secret)).status_code == 200
    nothing: Any = NoDatabase()
    bare = RequestContext(place.tenant_id, nothing, ANONYMOUS, services.clock.now(), "", Origin("127.0.0.1"))
    verified = await services.key_verifier.verify(bare, parse_key(minted.secret))
    at_once = services.key_verifier.verify_at_once(bare, parse_key(minted.secret))
    assert at_once is not None
    assert verified.key is at_once.key
    assert verified.key.key_id == minted.key.key_id


async def test_malformed_key_is_refused_before_anything_is_looked_for(place: Place) -> None:
    """Not even whether there is such a tenant."""
    minted = await mint(place, "users:read")
    async with place.server.client() as http:
        for secret, status in ((minted.secret, 404), (minted.secret[:-1] + "~", 401), (minted.secret[:-1], 401)):
            url = f"/t/no-{place.slug}/api/v1/users"
            assert (await http.get(url, headers={"authorization": f"Bearer {secret}"})).status_code == status


async def test_verified_key_is_made_by_its_verifier_alone(place: Place) -> None:
    minted = await mint(place, "users:read")
    with pytest.raises(TypeError):
        VerifiedKey(place.tenant_id, minted.key)


async def test_origin_that_fails_too_often_is_limited_before_anything_is_read(place: Place) -> None:
    """N13: keys that lead nowhere, each another; a key that is known goes on being judged meanwhile."""
    services = place.server.services
    minted = await mint(place, "users:read")
    assert (await ask(place, minted.secret, source="127.0.0.9")).status_code == 200
    answers: list[int] = []
    async with place.server.client(source="127.0.0.9") as http:
        for _ in range(API_KEY_FAILURES.rate.count + 30):
            stray = new_key("secret", "live", new_lookup(services.entropy), services.entropy).reveal()
            answers.append((await http.get("/keys/v1/self", headers={"authorization": f"Bearer {stray}"})).status_code)
    assert set(answers) == {401, 429}
    assert answers[-1] == 429
    assert (await ask(place, minted.secret, source="127.0.0.9")).status_code == 200


async def test_what_was_done_by_a_key_names_it(place: Place, database: Database) -> None:
    """The owner is the actor, and the record says by which key."""
    minted = await mint(place, "users:write")
    made_user = await ask(place, minted.secret, "POST", "/users", json={"email": "new@example.com"})
    assert made_user.status_code == 201
    async with await psycopg.AsyncConnection.connect(database.superuser) as connection:
        found = await connection.execute(
            "select actor, details from airside.audit_record where tenant_id = %s and event = %s",
            (place.tenant_id, Event.USER_CREATED.value),
        )
        ((actor, details),) = await found.fetchall()
    assert actor == minted.account.owner.subject
    assert json.loads(details)["by_key_id"] == minted.key.word


@pytest.mark.parametrize(
    ("address", "inside"),
    [("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("2001:db8::1", True), ("10.2.0.1", False), ("-", False)],
)
def test_networks_hold_addresses_of_both_families(address: str, inside: bool) -> None:
    assert holds(read_networks(["10.1.0.0/16", "2001:db8::/32"]), address) is inside


async def test_disabling_is_heard_of_while_the_key_is_being_read(place: Place) -> None:
    """N18: read before the commit, kept after it: the news that came in between counts."""
    services = place.server.services
    minted = await mint(place, "users:read")
    async with place.operator() as ctx:
        await services.service_account_admin.set_state(ctx, minted.account.account_id, "disabled")
        reading = asyncio.create_task(ask(place, minted.secret))
        await asyncio.sleep(0.3)
    await reading
    assert (await ask(place, minted.secret)).status_code == 401
