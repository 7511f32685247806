"""Keys: shown once, scoped, bound, over by themselves, rotated with an overlap, revoked for good."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from airside.api.routes.key_self import PromptSelf
from airside.apikeys import KeyDraft, Owner
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import uuid7
from airside.protocols.apikey import new_key, new_lookup
from airside.shield import Passage
from tests.apikeys.kit import DAY, account_with, ask, made, mint
from tests.makers import Database
from tests.running import Place, Running


async def test_key_opens_what_it_is_scoped_to_and_its_owner_may(place: Place) -> None:
    minted = await mint(place, "users:read")
    assert (await ask(place, minted.secret)).status_code == 200
    refused = await ask(place, minted.secret, path="/clients")
    assert refused.status_code == 403
    assert 'scope="clients:read"' in refused.headers["www-authenticate"]


async def test_key_never_may_more_than_its_owner(place: Place) -> None:
    """N21: the scope says so, the owner mayn't; asked at each use, so what is taken from the owner is gone at once."""
    account = await account_with(place, "users:read")
    minted = await mint(place, "users:read", "clients:read", account=account)
    assert (await ask(place, minted.secret)).status_code == 200
    assert (await ask(place, minted.secret, path="/clients")).status_code == 403
    services = place.server.services
    async with place.operator() as ctx:
        (role,) = await services.service_account_admin.roles_of(ctx, account.account_id)
        await services.service_account_admin.unassign(ctx, account.account_id, role.role_id)
    assert (await ask(place, minted.secret)).status_code == 403


async def test_only_a_hash_is_stored(place: Place, database: Database) -> None:
    """N37."""
    minted = await mint(place, "users:read")
    async with await psycopg.AsyncConnection.connect(database.superuser) as connection:
        rows = await (await connection.execute("select k::text from airside.api_key k")).fetchall()
        rows += await (await connection.execute("select k::text from airside.api_key_lookup k")).fetchall()
    said = " ".join(str(row[0]) for row in rows)
    assert minted.key.lookup in said
    assert minted.secret[16:59] not in said
    assert minted.secret[16:59].encode().hex() not in said


@pytest.mark.parametrize("how", ["cut", "longer", "swapped", "other secret", "other tenant", "basic", "dpop", "query"])
async def test_what_is_not_the_key_opens_nothing(place: Place, server: Running, how: str) -> None:
    """N38, N20: corrupted, truncated, lengthened, of another secret or tenant, in another scheme or place."""
    minted = await mint(place, "users:read")
    entropy, secret = server.services.entropy, minted.secret
    elsewhere = await server.tenant() if how == "other tenant" else place
    other = new_key("secret", "live", minted.key.lookup, entropy).reveal()
    header = {
        "cut": f"Bearer {secret[:-1]}",
        "longer": f"Bearer {secret}A",
        "swapped": f"Bearer {secret.swapcase()}",
        "other secret": f"Bearer {other}",
        "other tenant": f"Bearer {secret}",
        "basic": f"Basic {secret}",
        "dpop": f"DPoP {secret}",
    }.get(how)
    async with server.client() as http:
        for url in (f"{elsewhere.issuer}/api/v1/users", f"{elsewhere.issuer}/api/v1/users?access_token={secret}"):
            answer = await http.get(url, headers={} if header is None else {"authorization": header})
            assert answer.status_code == 401, answer.text
            assert secret[16:] not in answer.text


async def test_key_says_itself_whose_it_is(place: Place) -> None:
    minted = await mint(place, "users:read")
    told = (await ask(place, minted.secret, path="/keys/v1/self")).json()
    assert (told["id"], told["issuer"], told["owner"]) == (minted.key.word, place.issuer, minted.account.word)
    assert told["scopes"] == ["users:read"]


@pytest.mark.parametrize("kind", ["secret", "publishable"])
async def test_key_is_told_the_same_at_once_as_by_the_route(place: Place, kind: str) -> None:
    scopes = ("users:read",) if kind == "secret" else ()
    minted = await mint(place, *scopes, account=await account_with(place, "users:read"), kind=kind)
    at_once = PromptSelf(place.server.services.contexts.key_at_once, place.server.services.issuers)
    by_route = await ask(place, minted.secret, path="/keys/v1/self")
    headers = {b"authorization": f"Bearer {minted.secret}".encode()}
    scope = {"path": "/keys/v1/self", "method": "GET", "airside": Passage("req_1", "127.0.0.1", headers)}
    assert at_once.takes(scope)
    reply = at_once.answer(scope, b"")
    assert reply is not None
    assert reply.body == by_route.content
    told = {name.decode(): value.decode() for name, value in reply.headers}
    assert told.items() <= dict(by_route.headers).items()


async def test_publishable_key_says_its_tenant_and_opens_nothing(place: Place) -> None:
    minted = await mint(place, account=await account_with(place, "users:read"), kind="publishable")
    answer = await ask(place, minted.secret, path="/keys/v1/self")
    assert answer.status_code == 200
    assert set(answer.json()) == {"id", "issuer", "kind", "mode"}
    for path in ("/users", "/api-keys", "/stores"):
        assert (await ask(place, minted.secret, path=path)).status_code == 401


@pytest.mark.parametrize("scopes", [["users:read"], []], ids=["secret", "publishable"])
async def test_networks_are_counted_of_keys_that_nobody_else_reads(place: Place, scopes: list[str]) -> None:
    """What is in everybody's browser comes from everywhere: no alert."""
    kind = "secret" if scopes else "publishable"
    minted = await mint(place, *scopes, account=await account_with(place, "users:read"), kind=kind)
    assert (await ask(place, minted.secret, path="/keys/v1/self")).status_code == 200
    services = place.server.services
    assert (place.tenant_id in services.tallies.due(services.clock.now())) is (kind == "secret")


async def test_key_of_nobody_leads_nowhere(place: Place) -> None:
    """N38, N40: well spelt and unknown; with or without a tenant in the path the same answer."""
    entropy = place.server.services.entropy
    stray = new_key("secret", "live", new_lookup(entropy), entropy).reveal()
    for path in ("/users", "/stores", "/keys/v1/self"):
        answer = await ask(place, stray, path=path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_key_works_from_its_networks_alone(place: Place) -> None:
    minted = await mint(place, "users:read", networks=("127.0.0.2/32", "2001:db8::/32"))
    assert (await ask(place, minted.secret, source="127.0.0.2")).status_code == 200
    assert (await ask(place, minted.secret, source="127.0.0.3")).status_code == 401
    assert (await ask(place, minted.secret, source="127.0.0.2")).status_code == 200


async def test_key_bound_to_stores_reaches_no_other(place: Place) -> None:
    services = place.server.services
    async with place.operator() as ctx:
        one, two = [await services.permissions.stores.create(ctx, name) for name in ("one", "two")]
        for store in (one, two):
            await services.permissions.models.write(
                ctx, store.id, "model\n  schema 1.1\ntype user\ntype doc\n  relations\n    define viewer: [user]\n"
            )
    scopes = ("permissions:check", "permissions:read", "permissions:write")
    minted = await mint(place, *scopes, stores=frozenset({one.id}), mode="test")
    body = {"tuple_key": {"user": "user:a", "relation": "viewer", "object": "doc:1"}}
    for _ in range(3):  # the second and third are answered without a wait
        inside = await ask(place, minted.secret, "POST", f"/stores/{one.id}/check", json=body)
        assert (inside.status_code, inside.json()) == (200, {"allowed": False, "resolution": ""})
        outside = await ask(place, minted.secret, "POST", f"/stores/{two.id}/check", json=body)
        missing = await ask(place, minted.secret, "POST", "/stores/01BX5ZZKBKACTAV9WEVGEMMVRZ/check", json=body)
        assert (outside.status_code, outside.json()) == (missing.status_code, missing.json())
        assert outside.status_code == 404
    for method, path in (("GET", "/stores"), ("POST", "/stores")):
        assert (await ask(place, minted.secret, method, path, json={"name": "x"})).status_code == 403
    asked = {
        "subject": {"type": "user", "id": "a"},
        "action": {"name": "viewer"},
        "resource": {"type": "doc", "id": "1"},
    }
    assert (await ask(place, minted.secret, "POST", "/access/v1/evaluation", json=asked)).status_code == 404
    async with place.server.client() as http:
        named = {"authorization": f"Bearer {minted.secret}", "airside-store-id": one.id}
        assert (await http.post("/access/v1/evaluation", headers=named, json=asked)).json() == {"decision": False}


async def test_expired_key_opens_nothing(place: Place) -> None:
    minted = await mint(place, "users:read", lifetime=timedelta(seconds=1.5))
    assert (await ask(place, minted.secret)).status_code == 200
    await asyncio.sleep(1.6)
    assert (await ask(place, minted.secret)).status_code == 401


async def test_rotated_key_works_for_the_overlap_and_its_successor_from_the_start(place: Place) -> None:
    services = place.server.services
    minted = await mint(place, "users:read")
    assert (await ask(place, minted.secret)).status_code == 200
    async with place.operator() as ctx:
        new, secret = await services.api_key_admin.rotate(ctx, minted.key.key_id, overlap=timedelta(seconds=2))
    assert new.scopes == minted.key.scopes
    assert new.expires_at - new.created_at == DAY
    assert (await ask(place, minted.secret)).status_code == 200
    assert (await ask(place, secret.reveal())).status_code == 200
    await asyncio.sleep(2.1)
    assert (await ask(place, minted.secret)).status_code == 401
    assert (await ask(place, secret.reveal())).status_code == 200


async def test_of_fifty_rotations_at_once_one_wins(place: Place) -> None:
    services = place.server.services
    minted = await mint(place, "users:read")

    async def rotate() -> bool:
        try:
            async with place.operator() as ctx:
                await services.api_keys.rotate(ctx, minted.key.key_id, overlap=timedelta())
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*(rotate() for _ in range(50)))) == 1
    async with place.operator() as ctx:
        assert len(await services.api_keys.list(ctx)) == 2


async def test_revoked_key_is_refused_rotated_no_more_and_revoked_twice(place: Place) -> None:
    services = place.server.services
    minted = await mint(place, "users:read")
    assert (await ask(place, minted.secret)).status_code == 200
    for _ in range(2):
        async with place.operator() as ctx:
            await services.api_key_admin.revoke(ctx, minted.key.key_id)
    assert (await ask(place, minted.secret)).status_code == 401
    with pytest.raises(Conflict):
        async with place.operator() as ctx:
            await services.api_key_admin.rotate(ctx, minted.key.key_id, overlap=timedelta())
    with pytest.raises(NotFound):
        async with place.operator() as ctx:
            await services.api_key_admin.revoke(ctx, uuid7(ctx.now, services.entropy))


async def test_key_has_a_plan_of_its_own(place: Place) -> None:
    minted = await mint(place, "users:read", per_minute=3)
    statuses = [(await ask(place, minted.secret, path="/keys/v1/self")).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    other = await mint(place, "users:read", account=minted.account)
    assert (await ask(place, other.secret)).status_code == 200


async def test_last_use_is_written_once_a_minute_by_a_timer(place: Place) -> None:
    services = place.server.services
    minted = await mint(place, "users:read")
    for _ in range(3):
        assert (await ask(place, minted.secret)).status_code == 200
    async with place.operator() as ctx:
        written = await services.last_use.write(ctx)
    async with place.operator() as ctx:
        found = await services.api_keys.get(ctx, minted.key.key_id)
    assert found.last_used_at is not None
    assert (await ask(place, minted.secret)).status_code == 200
    async with place.operator() as ctx:
        assert written + await services.last_use.write(ctx) <= 1
        assert (await services.api_keys.get(ctx, minted.key.key_id)).last_used_at == found.last_used_at


async def test_keys_that_are_long_over_are_forgotten_with_what_leads_to_them(place: Place, database: Database) -> None:
    services = place.server.services
    minted = await mint(place, "users:read")
    async with await psycopg.AsyncConnection.connect(database.superuser) as connection:
        await connection.execute(
            "update airside.api_key set expires_at = now() - interval '31 days' where key_id = %s",
            (minted.key.key_id,),
        )
    async with place.operator() as ctx:
        assert await services.api_keys.sweep(ctx) == 1
    assert await services.lookup.by_key(minted.key.lookup) is None


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("name", {"name": " "}),
        ("days", {"lifetime": timedelta(days=367)}),
        ("days", {"lifetime": timedelta()}),
        ("scopes", {"scopes": frozenset[str]()}),
        ("scopes", {"kind": "publishable"}),
        ("scopes", {"stores": frozenset({"x"})}),
        ("stores", {"scopes": frozenset({"permissions:check"}), "stores": frozenset[str]()}),
        ("stores", {"scopes": frozenset({"permissions:check"}), "mode": "test"}),
        ("networks", {"networks": ()}),
        ("networks", {"networks": ("10.0.0.1/8",)}),
        ("networks", {"networks": ("everywhere",)}),
        ("per_minute", {"per_minute": 0}),
    ],
    ids=str,
)
def test_draft_that_cannot_be_is_refused(field: str, more: dict[str, object]) -> None:
    """An empty list means no, so it is no way to say "all"."""
    owner = Owner("user", UUID(int=7))
    fields: dict[str, Any] = {"name": "x", "owner": owner, "lifetime": DAY, "scopes": frozenset({"users:read"}), **more}
    with pytest.raises(InvalidInput) as refused:
        KeyDraft(**fields)
    assert refused.value.data["pointer"] == field


async def test_test_key_does_not_reach_the_default_store(place: Place) -> None:
    services = place.server.services
    account = await account_with(place, "permissions:check")
    async with place.operator() as ctx:
        default = (await services.tenants.current(ctx)).default_store_id
    for stores in ({default}, {"01BX5ZZKBKACTAV9WEVGEMMVRZ"}):
        draft = KeyDraft(
            "x", account.owner, DAY, mode="test", scopes=frozenset({"permissions:check"}), stores=frozenset(stores)
        )
        with pytest.raises(InvalidInput):
            await made(place, draft)
