"""The watch on a real database: what is recorded and counted raises its alerts, once, whoever judges."""

import asyncio
from datetime import timedelta
from itertools import product
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from airside.audit import Event, Expiry, verify_tenant
from airside.audit.alerts import Alert, Terms
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, NotFound
from airside.core.ids import EVENT
from airside.store import Engine
from airside.store.connection import Connection
from airside.vault import Vault
from tests.audit.alerts.conftest import ADMIN, Post
from tests.makers import MakeTenant

REUSED = Event.FAMILY_REUSED


async def test_record_raises_an_alert_that_names_it(post: Post) -> None:
    await post.record(REUSED, "user:usr_1", {"client": "cli_1"})
    (alert,) = await post.turns()
    assert (alert.rule, alert.subject, alert.severity, alert.state) == (
        "refresh_token_reuse",
        "user:usr_1",
        "high",
        "open",
    )
    assert (alert.count, alert.evidence.measured, alert.evidence.threshold) == (1, 1, 1)
    async with post.ctx() as ctx:
        opened = await verify_tenant(ctx)
    assert opened.sound
    assert len(alert.evidence.records) == 1
    assert alert.evidence.records[0].startswith(f"{EVENT}_")
    assert post.letters.kinds == ["alert_raised"]


async def test_alert_is_recorded_in_the_log_itself_and_raises_none(post: Post, superuser_dsn: str) -> None:
    await post.record(REUSED, "user:usr_1")
    await post.turns()
    assert len(await post.turns()) == 1
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        cursor = await connection.execute(
            "select event, details from airside.audit_record where tenant_id = %s and event like 'alert:%%'",
            (post.tenant_id,),
        )
        rows = await cursor.fetchall()
    assert [row[0] for row in rows] == ["alert:alert:raised"]
    assert '"rule":"refresh_token_reuse"' in rows[0][1]


async def test_same_again_extends_the_alert_and_writes_no_second_letter(post: Post) -> None:
    await post.record(REUSED, "user:usr_1")
    (first,) = await post.turns()
    post.later = timedelta(hours=2)
    await post.record(REUSED, "user:usr_1")
    (alert,) = await post.turns()
    assert (alert.alert_id, alert.count) == (first.alert_id, 2)
    assert alert.last_seen > first.last_seen
    assert len(alert.evidence.records) == 2
    assert post.letters.kinds == ["alert_raised"]


async def test_after_its_quiet_time_it_is_another_alert(post: Post) -> None:
    await post.record(REUSED, "user:usr_1")
    await post.turns()
    post.later = timedelta(hours=25)
    await post.record(REUSED, "user:usr_1")
    assert [alert.count for alert in await post.turns()] == [1, 1]


async def test_what_lies_longer_ago_than_a_day_is_no_news(post: Post) -> None:
    post.later = timedelta(days=-2)
    await post.record(REUSED, "user:usr_1")
    post.later = timedelta(0)
    assert await post.turns() == []


async def test_ten_watches_at_once_raise_one_alert(post: Post) -> None:
    await post.record(REUSED, "user:usr_1")
    async with post.ctx() as ctx:
        await post.sequencer.sequence(ctx)

    async def turn() -> None:
        async with post.ctx() as ctx:
            await post.watch.turn(ctx)

    await asyncio.gather(*(turn() for _ in range(10)))
    assert [alert.count for alert in await post.list()] == [1]


async def test_turn_that_fails_changes_nothing_and_the_next_one_raises_it(post: Post) -> None:
    await post.record(REUSED, "user:usr_1")
    async with post.ctx() as ctx:
        await post.sequencer.sequence(ctx)
    with pytest.raises(RuntimeError):
        async with post.ctx() as ctx:
            await post.watch.turn(ctx)
            raise RuntimeError
    assert await post.list() == []
    assert [alert.rule for alert in await post.turns()] == ["refresh_token_reuse"]


async def test_rule_that_the_tenant_turned_off_is_deaf(post: Post) -> None:
    post.wishes.terms = Terms(off=frozenset({"refresh_token_reuse"}))
    await post.record(REUSED, "user:usr_1")
    assert await post.turns() == []


async def test_acknowledged_alert_grows_and_closed_one_does_not(post: Post) -> None:
    await post.record(REUSED, "user:usr_1")
    (alert,) = await post.turns()
    async with post.ctx() as ctx:
        assert (await post.alerts.acknowledge(ctx, alert.alert_id)).changed_by == ADMIN.subject
    await post.record(REUSED, "user:usr_1")
    assert [(each.state, each.count) for each in await post.turns()] == [("acknowledged", 2)]
    async with post.ctx() as ctx:
        await post.alerts.close(ctx, alert.alert_id)
    assert [each.state for each in await post.turns()] == ["closed"]
    post.later = timedelta(seconds=1)
    await post.record(REUSED, "user:usr_1")
    assert [(each.state, each.count) for each in await post.turns()] == [("closed", 2), ("open", 1)]


async def test_closing_fifty_times_at_once_closes_once(post: Post) -> None:
    await post.record(REUSED, "user:usr_1")
    (alert,) = await post.turns()

    async def close() -> bool:
        try:
            async with post.ctx() as ctx:
                await post.alerts.close(ctx, alert.alert_id)
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*(close() for _ in range(50)))) == 1


async def test_alert_of_another_tenant_is_none(post: Post, make_tenant: MakeTenant) -> None:
    await post.record(REUSED, "user:usr_1")
    (alert,) = await post.turns()
    async with post.open_ctx(await make_tenant(), principal=ADMIN) as ctx:
        assert await post.alerts.list(ctx) == []
        with pytest.raises(NotFound):
            await post.alerts.close(ctx, alert.alert_id)


async def test_counted_failures_raise_an_alert_that_tells_the_address_and_stores_it_sealed(
    post: Post, superuser_dsn: str
) -> None:
    async with post.ctx() as ctx:
        for number in range(12):
            post.tallies.note(ctx, "signin_failed", "203.0.113.9", f"account-{number}")
    (alert,) = await post.turns()
    assert (alert.rule, alert.count, alert.evidence.measured) == ("credential_stuffing", 12, 12)
    assert alert.evidence.about == ("203.0.113.9",)
    assert alert.subject.startswith("origin:")
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        for table in ("alert", "alert_fact", "audit_record"):
            wanted = sql.SQL("select * from airside.{} where tenant_id = %s").format(sql.Identifier(table))
            cursor = await connection.execute(wanted, (post.tenant_id,))
            assert "203.0.113.9" not in repr(await cursor.fetchall())


async def test_flood_of_addresses_is_counted_together(post: Post) -> None:
    async with post.ctx() as ctx:
        for number in range(2000):
            post.tallies.note(ctx, "signin_failed", f"2001:db8:{number:x}::/64", f"account-{number}")
    assert [(alert.rule, alert.count) for alert in await post.turns()] == [("password_spraying", 2000)]


@pytest.mark.parametrize(
    ("terms", "each"),
    [
        (Terms(thresholds={"credential_stuffing": 20}), 19),
        (Terms(off=frozenset({"credential_stuffing"})), 40),
    ],
    ids=["other threshold", "off"],
)
async def test_what_the_rule_about_one_address_leaves_counts_for_the_rule_about_many(
    post: Post, terms: Terms, each: int
) -> None:
    """Whoever takes more tries from each address isn't seen less."""
    post.wishes.terms = terms
    async with post.ctx() as ctx:
        for address, number in product(range(10), range(each)):
            post.tallies.note(ctx, "signin_failed", f"198.51.100.{address}", f"account-{address}-{number}")
    assert [(alert.rule, alert.count) for alert in await post.turns()] == [("password_spraying", 10 * each)]


async def test_many_alerts_of_a_rule_are_one_letter_in_a_quarter_of_an_hour(post: Post) -> None:
    async def fail(addresses: range) -> list[Alert]:
        async with post.ctx() as ctx:
            for address, number in product(addresses, range(10)):
                post.tallies.note(ctx, "signin_failed", f"198.51.100.{address}", f"account-{address}-{number}")
        return await post.turns()

    assert len(await fail(range(30))) == 30
    assert post.letters.kinds == ["alert_raised"]
    await post.record(REUSED, "user:usr_1")
    assert len(await post.turns()) == 31
    assert post.letters.kinds == ["alert_raised"] * 2, "another rule's is another letter"
    post.later = timedelta(minutes=16)
    assert len(await fail(range(30, 32))) == 33
    assert post.letters.kinds == ["alert_raised"] * 3


async def test_noes_of_one_caller_are_counted_and_of_few_are_not(post: Post) -> None:
    caller = ADMIN
    async with post.ctx() as ctx:
        for _ in range(1200):
            post.tallies.checked(ctx.known_as(caller), False)
        for _ in range(19):
            post.tallies.checked(ctx, False)
        assert post.tallies.due(ctx.now) == [post.tenant_id]
    (alert,) = await post.turns()
    assert (alert.rule, alert.subject, alert.count) == ("denied_spike", "user:usr_admin", 1219)


async def test_counts_are_written_once_a_minute(post: Post) -> None:
    async with post.ctx() as ctx:
        post.tallies.note(ctx, "refused", "user:usr_1")
        assert post.tallies.due(ctx.now) == [post.tenant_id]
    await post.turns()
    async with post.ctx() as ctx:
        post.tallies.note(ctx, "refused", "user:usr_1")
        assert post.tallies.due(ctx.now) == []
        assert post.tallies.due(ctx.now + timedelta(seconds=61)) == [post.tenant_id]


async def test_key_from_a_new_network_after_its_first_week(post: Post) -> None:
    for day in range(9):
        post.later = timedelta(days=day)
        async with post.ctx() as ctx:
            post.tallies.note(ctx, "key_used", "key_1", "198.51.0.0/16")
        assert await post.turns() == []
    async with post.ctx() as ctx:
        post.tallies.note(ctx, "key_used", "key_1", "203.0.0.0/16")
    (alert,) = await post.turns()
    assert (alert.rule, alert.subject) == ("key_new_network", "key_1")
    assert alert.evidence.about == ("203.0.0.0/16",)
    async with post.ctx() as ctx:
        post.tallies.note(ctx, "key_used", "key_1", "203.0.0.0/16")
    assert len(await post.turns()) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "update airside.audit_record set subject = 'usr_other' where tenant_id = %s and subject = 'usr_7'",
        "delete from airside.audit_record where tenant_id = %s and subject = 'usr_7'",
        "update airside.audit_head set root = sha256('other') where tenant_id = %s",
        "update airside.audit_node set hash = sha256('other') where tenant_id = %s and level = 3 and number = 0",
        "delete from airside.audit_head where tenant_id = %s",
    ],
    ids=["record edited", "record deleted", "head edited", "tree edited", "rolled back"],
)
async def test_log_that_contradicts_itself_raises_an_alert(
    post: Post, superuser_dsn: str, statement: LiteralString
) -> None:
    for number in range(4):
        await post.record(Event.USER_UPDATED, f"usr_{number}")
    assert await post.turns() == []
    for number in range(4, 9):
        await post.record(Event.USER_UPDATED, f"usr_{number}")
    post.later = timedelta(seconds=2)
    async with post.ctx() as ctx:
        await post.sequencer.sequence(ctx)
    async with await psycopg.AsyncConnection.connect(superuser_dsn, autocommit=True) as connection:
        assert (await connection.execute(statement, (post.tenant_id,))).rowcount > 0
    async with post.ctx() as ctx:
        await post.watch.turn(ctx)
    assert [(alert.rule, alert.severity) for alert in await post.list()] == [("audit_head_mismatch", "high")]


@pytest.mark.parametrize("deleted", [False, True], ids=["expired", "and one deleted behind the cut"])
async def test_record_that_expired_is_told_from_one_that_was_deleted_by_whoever_reads_anew(
    post: Post, vault: Vault, entropy: Entropy, engine: Engine, superuser_dsn: str, *, deleted: bool
) -> None:
    """How far the log was read stays behind where a tenant moves (`custody.transfer_model`)."""
    post.later = timedelta(days=-400)
    for number in range(4):
        await post.record(Event.USER_UPDATED, f"usr_{number}")
    post.later = timedelta()
    await post.record(Event.USER_UPDATED, "usr_7")
    assert await post.turns() == []
    expiry = Expiry(journal=post.journal, vault=vault, entropy=entropy)
    async with post.ctx() as ctx:
        cut = await expiry.cut(ctx, 6)
    assert cut is not None
    post.later = timedelta(seconds=2)
    async with post.ctx() as ctx:
        await post.sequencer.sequence(ctx)
    async with await Connection.connect(superuser_dsn, autocommit=True) as owner:
        async with engine.join(owner, post.tenant_id, principal=ADMIN) as ctx:
            assert [await expiry.let_go(ctx, cut, start) for start in await expiry.remaining(ctx, cut)] == [4]
        await owner.execute("delete from airside.alert_progress where tenant_id = %s", (post.tenant_id,))
        if deleted:
            gone = "delete from airside.audit_record where tenant_id = %s and subject = 'usr_7'"
            assert (await owner.execute(gone, (post.tenant_id,))).rowcount == 1
    rules = [(alert.rule, alert.evidence.about) for alert in await post.turns()]
    assert rules == ([("audit_head_mismatch", ("record 4",))] if deleted else [])


async def test_cut_that_the_logs_key_did_not_sign_excuses_nothing(post: Post, superuser_dsn: str) -> None:
    """Whoever rules the database writes a record of a cut, and has it sequenced."""
    for number in range(4):
        await post.record(Event.USER_UPDATED, f"usr_{number}")
    forged = {"tree_size": 4, "root": "00" * 32, "before": "2026-01-01T00:00:00.000000Z", "signature": "00" * 64}
    await post.record(Event.AUDIT_EXPIRED, details=forged)
    async with post.ctx() as ctx:
        await post.sequencer.sequence(ctx)
    async with await Connection.connect(superuser_dsn, autocommit=True) as owner:
        await owner.execute(
            "delete from airside.audit_record where tenant_id = %s and subject = 'usr_2'", (post.tenant_id,)
        )
    assert [alert.rule for alert in await post.turns()] == ["audit_head_mismatch"]


async def test_evidence_is_one_printable_line_whatever_a_caller_calls_itself(post: Post) -> None:
    """N37: line breaks, control characters and forged JSON arrive escaped."""
    evil = 'x"}\n{"rule":"forged"}\r\x1b[2J\u202e'
    async with post.ctx() as ctx:
        for _ in range(200):
            post.tallies.note(ctx, "refused", evil)
        for number in range(12):
            post.tallies.note(ctx, "signin_failed", evil, f"account-{number}")
        for event in (REUSED, Event.MEMBER_GRANTED):
            await post.journal.record(ctx, event, subject=evil, details={"relation": "administrator"})
    found = await post.turns()
    assert {alert.rule for alert in found} == {
        "refused_spike",
        "credential_stuffing",
        "refresh_token_reuse",
        "new_administrator",
    }
    for alert in found:
        for text in (alert.subject, *alert.evidence.about):
            assert text.isprintable()


async def test_sweep_forgets_what_no_rule_looks_at_any_more(post: Post, superuser_dsn: str) -> None:
    async with post.ctx() as ctx:
        post.tallies.note(ctx, "refused", "user:usr_1")
    await post.turns()
    async with post.ctx() as ctx:
        assert await post.watch.sweep(ctx) == 0
    post.later = timedelta(days=2)
    async with post.ctx() as ctx:
        assert await post.watch.sweep(ctx) == 1


async def test_alert_that_nobody_closed_is_forgotten_after_a_year(post: Post) -> None:
    await post.record(REUSED, "user:usr_1")
    assert len(await post.turns()) == 1
    post.later = timedelta(days=366)
    async with post.ctx() as ctx:
        await post.watch.sweep(ctx)
    assert await post.list() == []
