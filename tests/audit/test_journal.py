"""The journal: with its change or not at all, never altered, personal fields sealed, secrets kept out."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from airside.audit import Event, Journal, SecretInRecord, verify_tenant
from airside.audit.canonical import leaf_hash
from airside.audit.model import Record
from airside.audit.personal import Whence, origins
from airside.audit.records import MAX_JOINED
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Inconsistent
from airside.core.principal import Origin, Principal
from airside.vault import Place, Vault
from tests.audit.conftest import Fill, Open

CANARY = "canary-6f1d5c"


class Change(Exception):
    """Stands for whatever makes a request fail halfway."""


async def rows(superuser_dsn: str, table: str, tenant_id: UUID) -> list[DictRow]:
    """What a table really holds, row-level security aside."""
    async with await psycopg.AsyncConnection[DictRow].connect(superuser_dsn, row_factory=dict_row) as connection:
        query = f"select * from airside.{table} where tenant_id = %s"
        return await (await connection.execute(query.encode(), (tenant_id,))).fetchall()


async def test_record_says_who_did_what_when_and_whence(
    journal: Journal, vault: Vault, open_ctx: Open, tenant_id: UUID, superuser_dsn: str
) -> None:
    who, whence = Principal("user", "user:usr_1"), Origin("192.0.2.7", "curl")
    async with open_ctx(tenant_id, principal=who, origin=whence, request_id="req_7") as ctx:
        await journal.record(ctx, Event.USER_CREATED, subject="usr_2", reason="asked", details={"n": 1}, person="usr_2")
        now = ctx.now
    row = (await rows(superuser_dsn, "audit_record", tenant_id))[0]
    assert row["leaf_hash"] == leaf_hash(Record(**row))
    async with open_ctx(tenant_id) as ctx:
        assert await origins(ctx, vault, [Whence(row["record_id"], row["origin"], row["personal_sealed"])]) == [
            "192.0.2.7"
        ]
    stored = {name: row[name] for name in ("event", "actor", "subject", "outcome", "reason", "request_id")}
    assert stored == {
        "event": "user:user:created",
        "actor": "user:usr_1",
        "subject": "usr_2",
        "outcome": "success",
        "reason": "asked",
        "request_id": "req_7",
    }
    assert (row["at"], row["details"], row["person"]) == (now, '{"n":1}', "usr_2")
    pending = await rows(superuser_dsn, "audit_pending", tenant_id)
    assert [(each["record_id"], each["leaf_hash"]) for each in pending] == [(row["record_id"], row["leaf_hash"])]


async def test_rolled_back_change_leaves_no_record(
    journal: Journal, open_ctx: Open, tenant_id: UUID, superuser_dsn: str
) -> None:
    with pytest.raises(Change):
        async with open_ctx(tenant_id) as ctx:
            await journal.record(ctx, Event.USER_CREATED)
            raise Change
    assert await rows(superuser_dsn, "audit_record", tenant_id) == []
    assert await rows(superuser_dsn, "audit_pending", tenant_id) == []
    assert tenant_id not in journal.drain()


async def test_change_doesn_t_commit_without_its_record(
    journal: Journal, open_ctx: Open, tenant_id: UUID, superuser_dsn: str
) -> None:
    """Where the record can't be written, the change goes too."""
    with pytest.raises(SecretInRecord):
        async with open_ctx(tenant_id) as ctx:
            await journal.record(ctx, Event.USER_CREATED)
            await journal.record(ctx, Event.USER_UPDATED, details={"password": CANARY})
    assert await rows(superuser_dsn, "audit_record", tenant_id) == []


async def test_only_an_ending_is_recorded_while_nothing_can_be_sealed_and_personal_fields_are_never_left_out(
    journal: Journal, vault: Vault, open_ctx: Open, tenant_id: UUID, superuser_dsn: str
) -> None:
    """G12: with the tenant's keys destroyed."""
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        await connection.execute("delete from airside.tenant_key where tenant_id = %s", (tenant_id,))
    vault.forget(tenant_id)
    whence = Origin("192.0.2.7", "curl")
    for personal, ending in (({}, False), ({"email": "ada@example.org"}, True)):
        with pytest.raises(Inconsistent):
            async with open_ctx(tenant_id, origin=whence) as ctx:
                await journal.record(ctx, Event.SESSION_ENDED, personal=personal, ending=ending)
    async with open_ctx(tenant_id, origin=whence) as ctx:
        await journal.record(ctx, Event.SESSION_ENDED, subject="usr_1", details={"session": "ses_1"}, ending=True)
    (row,) = await rows(superuser_dsn, "audit_record", tenant_id)
    assert row["leaf_hash"] == leaf_hash(Record(**row))
    assert (row["origin"], row["personal_sealed"]) == ("", None)
    assert row["details"] == '{"session":"ses_1","unsealed":true}'


@pytest.mark.parametrize("table", ["audit_record", "audit_leaf", "audit_node", "audit_head", "audit_key"])
@pytest.mark.parametrize("statement", ["update {} set tenant_id = tenant_id", "delete from {}", "truncate {}"])
async def test_application_role_can_t_change_what_is_written(
    open_ctx: Open, tenant_id: UUID, table: str, statement: str
) -> None:
    with pytest.raises(Inconsistent) as refusal:
        async with open_ctx(tenant_id) as ctx:
            await ctx.tx.run(statement.format(f"airside.{table}"))
    assert refusal.value.data["sqlstate"] == "42501"


async def test_personal_fields_are_stored_sealed(
    journal: Journal, vault: Vault, open_ctx: Open, tenant_id: UUID, superuser_dsn: str
) -> None:
    async with open_ctx(tenant_id) as ctx:
        await journal.record(ctx, Event.USER_CREATED, personal={"email": f"{CANARY}@example.org"})
        keyset = await vault.keyset(ctx)
    row = (await rows(superuser_dsn, "audit_record", tenant_id))[0]
    assert CANARY.encode() not in row["personal_sealed"]
    assert CANARY not in str({**row, "personal_sealed": None})
    opened = keyset.open(Place("audit_record", "personal_sealed", row["record_id"]), row["personal_sealed"])
    assert json.loads(opened) == {"email": f"{CANARY}@example.org"}


async def test_secrets_in_free_text_never_arrive(
    journal: Journal, open_ctx: Open, tenant_id: UUID, superuser_dsn: str
) -> None:
    """N37: canaries in every text a caller hands over."""
    token = f"eyJhbGciOiJub25lIn0.{CANARY}.{CANARY}"
    who, whence = Principal("client", token), Origin(token)
    async with open_ctx(tenant_id, principal=who, origin=whence, request_id=token) as ctx:
        await journal.record(ctx, Event.TOKEN_REFUSED, subject=token, reason=token, details={"a": token}, person=token)
        await journal.refused(ctx, Event.SIGNIN_REFUSED, reason=token)
    stored = await rows(superuser_dsn, "audit_record", tenant_id)
    assert len(stored) == 2
    assert CANARY not in str(stored)


async def test_text_that_a_database_can_t_hold_doesn_t_stop_the_record(
    journal: Journal, open_ctx: Open, tenant_id: UUID, superuser_dsn: str
) -> None:
    async with open_ctx(tenant_id, origin=Origin("\0\ud800")) as ctx:
        await journal.record(ctx, Event.SIGNIN_REFUSED, subject="a\0b", reason="\udfff", details={"a": "\0"})
        await journal.refused(ctx, Event.SIGNIN_REFUSED, reason="\0")
    assert len(await rows(superuser_dsn, "audit_record", tenant_id)) == 2


async def test_refusals_are_told_once_per_event_origin_and_minute(
    journal: Journal, vault: Vault, open_ctx: Open, tenant_id: UUID, clock: Clock, superuser_dsn: str
) -> None:
    start = clock.now().replace(second=30)
    for seconds in (0, 1, 29, 30, 60):
        for origin in ("192.0.2.1", "192.0.2.2"):
            for event in (Event.SIGNIN_REFUSED, Event.LIMIT_EXCEEDED):
                moment = start + timedelta(seconds=seconds)
                async with open_ctx(tenant_id, origin=Origin(origin), now=moment) as ctx:
                    await journal.refused(ctx, event, reason="wrong password")
    stored = await rows(superuser_dsn, "audit_record", tenant_id)
    async with open_ctx(tenant_id) as ctx:
        places = await origins(
            ctx, vault, [Whence(row["record_id"], row["origin"], row["personal_sealed"]) for row in stored]
        )
    minutes = [row["at"].replace(second=0, microsecond=0) for row in stored]
    told = list(zip([row["event"] for row in stored], places, minutes, strict=True))
    assert len(told) == len(set(told)) == 2 * 2 * 2
    assert {row["outcome"] for row in stored} == {"refused"}
    assert len(await rows(superuser_dsn, "audit_pending", tenant_id)) == len(told)


async def test_fifty_refusals_at_once_leave_one_row(
    vault: Vault, entropy: Entropy, open_ctx: Open, tenant_id: UUID, clock: Clock, superuser_dsn: str
) -> None:
    """Decided by one atomic insert, so by many processes as well as by one."""
    now = clock.now()
    journals = [Journal(vault=vault, entropy=entropy) for _ in range(50)]

    async def refuse(each: Journal) -> None:
        async with open_ctx(tenant_id, now=now) as ctx:
            await each.refused(ctx, Event.SIGNIN_REFUSED, reason="wrong password")

    await asyncio.gather(*(refuse(each) for each in journals))
    assert len(await rows(superuser_dsn, "audit_record", tenant_id)) == 1
    assert len(await rows(superuser_dsn, "audit_pending", tenant_id)) == 1


async def test_refusal_already_told_costs_the_database_nothing(
    journal: Journal, open_ctx: Open, tenant_id: UUID, clock: Clock
) -> None:
    now = clock.now()
    for _ in range(2):
        async with open_ctx(tenant_id, now=now) as ctx:
            await journal.refused(ctx, Event.SIGNIN_REFUSED, reason="wrong password")
    assert journal.drain() == {tenant_id}
    async with open_ctx(tenant_id, now=now) as ctx:
        await journal.refused(ctx, Event.SIGNIN_REFUSED, reason="wrong password")
    assert journal.drain() == set()


async def test_refusal_of_a_rolled_back_transaction_can_be_told_again(
    journal: Journal, open_ctx: Open, tenant_id: UUID, clock: Clock, superuser_dsn: str
) -> None:
    now = clock.now()
    with pytest.raises(Change):
        async with open_ctx(tenant_id, now=now) as ctx:
            await journal.refused(ctx, Event.SIGNIN_REFUSED, reason="wrong password")
            raise Change
    async with open_ctx(tenant_id, now=now) as ctx:
        await journal.refused(ctx, Event.SIGNIN_REFUSED, reason="wrong password")
    assert len(await rows(superuser_dsn, "audit_record", tenant_id)) == 1


async def test_journal_names_whom_it_wrote_for_once(journal: Journal, fill: Fill, tenant_id: UUID) -> None:
    await fill(tenant_id, 3)
    assert journal.drain() == {tenant_id}
    assert journal.drain() == set()


async def test_many_records_of_one_transaction_are_stored_each_as_it_was_hashed(
    journal: Journal, open_ctx: Open, tenant_id: UUID
) -> None:
    """More than one statement takes, and every kind of value: sealed or not, quotes, line breaks."""
    async with open_ctx(tenant_id, origin=Origin("203.0.113.7")) as ctx:
        for number in range(MAX_JOINED + 3):
            personal = {"name": 'Ada "x" \\ {,}'} if number % 2 else {}
            subject = ['a "b"', "{c,d}", "e\\f", "NULL", ""][number % 5]
            await journal.record(ctx, Event.USER_UPDATED, subject=subject, details={"n": number}, personal=personal)
    async with open_ctx(tenant_id) as ctx:
        report = await verify_tenant(ctx)
    assert (report.younger, report.problems) == (MAX_JOINED + 3, ())
