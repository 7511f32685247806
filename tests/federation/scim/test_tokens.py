"""Tokens of connections: shown once, two at a time, over by themselves, nobody's where the connection is disabled."""

from datetime import timedelta
from typing import Final
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from airside.core.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from airside.core.ids import uuid7
from airside.store.migrate import load, role_of
from tests.federation.scim.directory import MONTH, Directory, connect, directory, person
from tests.makers import Database
from tests.running import Place, Running

INVITATION: Final = """
insert into airside.setup_invitation (tenant_id, setup_id, link_id, name, email_sealed, inviter, creates_users,
    provisions, state, session_hash, provider, kind, connection_id, created_at, expires_at)
values (%s, %s, %s, 'Contoso', '', 'user:1', false, true, %s, %s, 'okta', 'saml', %s, now(), now())
"""
TOKEN: Final = """
insert into airside.scim_token (tenant_id, token_id, connection_id, token_hash, created_at, expires_at)
values (%s, %s, %s, %s, now(), now())
"""
NAMED: Final = "select token_id, setup_id from airside.scim_token where tenant_id = %s"


async def _status(entra: Directory, *authorization: str) -> int:
    headers = [("authorization", value) for value in authorization]
    return (await entra.http.get(f"{entra.base}/Users", headers=headers)).status_code


async def test_token_opens_only_its_tenant(entra: Directory, server: Running) -> None:
    """N20, N38: 401 with a challenge (RFC 6750 §3) and SCIM's own words for whoever has none."""
    elsewhere = await server.tenant()
    answer = await entra.http.get(
        f"{elsewhere.issuer}/scim/v2/Users", headers={"authorization": f"Bearer {entra.token}"}
    )
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert await _status(entra, f"Bearer {entra.token}") == 200


@pytest.mark.parametrize(
    "presented",
    [
        (),
        ("Bearer",),
        ("Bearer {token}x",),
        ("Bearer {cut}",),
        ("Bearer {swapped}",),
        ("Basic {token}",),
        ("{token}",),
    ],
)
async def test_what_is_not_the_token_opens_nothing(entra: Directory, presented: tuple[str, ...]) -> None:
    """N38: corrupted, truncated, lengthened, or in another scheme."""
    token = entra.token
    values = {"token": token, "cut": token[:-1], "swapped": token.swapcase()}
    assert await _status(entra, *(text.format(**values) for text in presented)) == 401


async def test_token_in_the_query_or_body_opens_nothing(entra: Directory) -> None:
    """RFC 6750 §2: nowhere but in the header."""
    answer = await entra.http.get(f"{entra.base}/Users", params={"access_token": entra.token})
    assert answer.status_code == 401


async def test_only_a_hash_is_stored(entra: Directory, database: Database) -> None:
    """N37."""
    async with await psycopg.AsyncConnection.connect(database.superuser) as connection:
        rows = await (await connection.execute("select t::text from airside.scim_token t")).fetchall()
    assert rows != []
    assert all(entra.token not in str(row) and entra.token.encode().hex() not in str(row) for row in rows)


async def test_two_tokens_live_side_by_side_and_a_third_is_refused(entra: Directory, place: Place) -> None:
    tokens = place.server.services.scim_tokens
    async with directory(place, entra.connection) as second:
        assert await _status(second, f"Bearer {entra.token}") == await _status(entra, f"Bearer {second.token}") == 200
        with pytest.raises(Conflict):
            async with place.operator() as ctx:
                await tokens.create(ctx, entra.connection.id, lifetime=MONTH)
        async with place.operator() as ctx:
            await tokens.revoke(ctx, entra.connection.id, entra.token_id)
        assert await _status(entra, f"Bearer {entra.token}") == 401
        assert await _status(entra, f"Bearer {second.token}") == 200
        async with place.operator() as ctx:
            assert [token.token_id for token in await tokens.list(ctx, entra.connection.id)] == [second.token_id]


async def test_token_of_a_disabled_connection_opens_nothing(entra: Directory, place: Place) -> None:
    """N18: a connection that is disabled opens nothing; enabled again, it does."""
    connections = place.server.services.connections
    async with place.operator() as ctx:
        await connections.disable(ctx, entra.connection.id)
    assert await _status(entra, f"Bearer {entra.token}") == 401
    async with place.operator() as ctx:
        await connections.enable(ctx, entra.connection.id)
    assert await _status(entra, f"Bearer {entra.token}") == 200


async def test_token_and_all_it_kept_go_with_their_connection(entra: Directory, place: Place) -> None:
    await entra.group("Staff", (await entra.create("ada"))["id"])
    async with place.operator() as ctx:
        await place.server.services.connections.delete(ctx, entra.connection.id)
    assert await _status(entra, f"Bearer {entra.token}") == 401


async def test_token_ends_by_itself(place: Place) -> None:
    tokens = place.server.services.scim_tokens
    connection = await connect(place)
    async with place.operator() as ctx:
        made, secret = await tokens.create(ctx, connection.id, lifetime=timedelta(seconds=1))
    later = made.expires_at + timedelta(milliseconds=1)
    async with place.server.services.engine.begin(place.tenant_id, now=later) as ctx:
        with pytest.raises(Unauthenticated):
            await tokens.authenticate(ctx, [f"Bearer {secret.reveal()}"])
    async with place.server.services.engine.begin(place.tenant_id, now=later) as ctx:
        assert await tokens.sweep(ctx) == 1


async def test_lifetime_and_connection_are_checked(place: Place) -> None:
    services = place.server.services
    connection = await connect(place)
    for lifetime in (timedelta(), timedelta(days=367)):
        with pytest.raises(InvalidInput):
            async with place.operator() as ctx:
                await services.scim_tokens.create(ctx, connection.id, lifetime=lifetime)
    with pytest.raises(NotFound):
        async with place.operator() as ctx:
            nowhere = uuid7(ctx.now, services.entropy)
            await services.scim_tokens.create(ctx, nowhere, lifetime=MONTH)


async def test_use_is_written_down_once_a_minute(entra: Directory, place: Place) -> None:
    tokens = place.server.services.scim_tokens
    seen: list[object] = []
    for _ in range(3):
        assert await _status(entra, f"Bearer {entra.token}") == 200
        async with place.operator() as ctx:
            seen.append((await tokens.list(ctx, entra.connection.id))[0].last_used_at)
    assert seen[0] is not None
    assert seen[0] == seen[1] == seen[2]


async def test_guessing_tokens_is_slowed_down_and_written_down_once(entra: Directory, place: Place) -> None:
    """N13: one row per minute in the journal, 429 at last, and the right token still opens."""
    answers = [await _status(entra, f"Bearer scim_{number:043}") for number in range(70)]
    assert set(answers) == {401, 429}
    assert await _status(entra, f"Bearer {entra.token}") == 200
    assert (await entra.ask("POST", "/Users", person("ada"))).status_code == 201


async def test_tokens_from_before_are_taken_to_be_of_the_invitation_that_is_under_way(database: Database) -> None:
    """N18: nobody knows who made them, and whoever has been invited may hold any."""
    (migration,) = [each for each in load() if each.version == 57]
    async with (
        await psycopg.AsyncConnection.connect(database.superuser) as connection,
        connection.transaction(force_rollback=True),
    ):
        await connection.execute("alter table airside.scim_token drop column setup_id")
        tenant_id, made = uuid4(), {state: (uuid4(), uuid4(), uuid4()) for state in ("started", "finished", "revoked")}
        for state, (setup_id, connection_id, token_id) in made.items():
            secret_hash = setup_id.bytes if state == "started" else None
            values = (tenant_id, setup_id, uuid4(), state, secret_hash, connection_id)
            await connection.execute(INVITATION, values)
            await connection.execute(TOKEN, (tenant_id, token_id, connection_id, token_id.bytes))
        await connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role_of(database.owner))))
        for statement in migration.statements:
            await connection.execute(statement.encode())
        await connection.execute("reset role")
        rows = await (await connection.execute(NAMED, (tenant_id,))).fetchall()
    assert dict(rows) == {made["started"][2]: made["started"][0], made["finished"][2]: None, made["revoked"][2]: None}
