"""G29, for one person: once they are erased, nobody reads what was theirs: not in the database, and not in a backup of
before, with the key encryption key, the tenant's keys and whatever else is left in hand.

Something of theirs stands in every column that the catalogue says is under a person's own key. Of half of the people it
stands under the tenant's key first, as builds left it that sealed it so; the timer has sealed it anew by then.
"""

import os
from pathlib import Path
from uuid import UUID

import pytest
from psycopg import AsyncConnection, sql

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.custody import ArchivedKeys, Backups, Directory, Name, restore
from airside.federation import ConnectionDraft, OidcSettings
from airside.store.catalogue import TABLES
from airside.vault import person_of
from airside.vault.indexes import INDEXES
from airside.vault.kms.local import LocalKek
from tests.custody.databases import copy_of
from tests.gauntlet.canaries import dump
from tests.gauntlet.keepsakes import ONCE_THE_TENANTS, OWNED, Kept, as_before, settled
from tests.gauntlet.shredded import Copy, copied, readable
from tests.gauntlet.test_g29_shredding import Camp, erased
from tests.makers import Database
from tests.running import Place, running

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
PEOPLE = 200 if FULL else 4
VICTIMS = 40 if FULL else 2
"""An even number: as many of those from before as of the others."""
LEFT = {"person_erasure", "audit_record"}
"""Tables that go on naming who was erased, by their id."""


async def indexes(dsn: str, user_ids: list[UUID]) -> set[bytes]:
    """Whatever somebody of them is found by."""
    found: set[bytes] = set()
    async with await AsyncConnection.connect(dsn) as connection:
        for table, column in INDEXES:
            owner = "user_id" if table != "invitation" else "accepted_by"
            if table != "scim_group":
                text = sql.SQL("select {} from {} where {} = any(%s)").format(
                    sql.Identifier(column), sql.Identifier("airside", table), sql.Identifier(owner)
                )
                found |= {bytes(each) for (each,) in await (await connection.execute(text, (user_ids,))).fetchall()}
    return {each for each in found if len(each) > 2}


async def named(dsn: str, user_ids: list[UUID]) -> set[str]:
    """Tables with a row of somebody of them."""
    found: set[str] = set()
    async with await AsyncConnection.connect(dsn) as connection:
        for table in TABLES:
            text = sql.SQL("select t::text from {} t").format(sql.Identifier("airside", table))
            rows = " ".join(row for (row,) in await (await connection.execute(text)).fetchall())
            found |= {table} if any(str(each) in rows or each.hex in rows for each in user_ids) else set()
    return found


async def tenants_read(copy: Copy, kek: LocalKek, people: list[Kept]) -> set[str]:
    """What is seen of them with every key but persons' own."""
    texts = await readable(copy.without_persons(), kek)
    return set[str]().union(*(each.read_in(texts) for each in people))


def under_the_tenants(copy: Copy, user_ids: list[UUID]) -> set[str]:
    """Columns of one person in which something of them isn't under their own key."""
    return {
        f"{each.table}.{each.column}"
        for each in OWNED
        for row in copy.tables[each.table]
        if row[each.owner] in user_ids and row[each.column] and person_of(row[each.column]) != row[each.owner]
    }


async def read_as_ever(place: Place, people: list[Kept]) -> None:
    """By whoever reads it in earnest, whichever key it is under."""
    services = place.server.services
    services.vault.forget(place.tenant_id)
    async with place.operator() as ctx:
        assert {user.id for user in await services.users.list(ctx)} >= {each.user.id for each in people}
        for each in people:
            (passkey,) = await services.passkeys.list(ctx, each.user.id)
            (identity,) = await services.identities.list(ctx, each.user.id)
            (account,) = await services.scim_users.get(ctx, identity.connection_id, [each.user.id])
            (device,) = await services.devices.list(ctx, each.user.id)
            told = f"{passkey.name} {identity.subject} {account.said} {device.origin.address}".encode()
            assert {"passkey", "subject", "title", "address of the sender"} <= set(each.birds.in_text(told))


@pytest.mark.gauntlet
async def test_whoever_is_erased_is_read_by_nobody_in_a_backup_of_before(
    scratch: Database, tmp_path: Path, clock: Clock, entropy: Entropy, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its mutants: each class of column sealed under the tenant's key, and the timer that seals nothing anew."""
    kek, target = LocalKek.create(tmp_path / "kek", development=True, entropy=entropy), Directory(tmp_path / "backups")
    backups = Backups(target, kek=kek, clock=clock, entropy=entropy)
    archive = ArchivedKeys(target, kek=kek, clock=clock, entropy=entropy)
    async with (
        copy_of(scratch) as clean,
        running(
            scratch.app, tmp_path, kek=kek, clock=clock, entropy=entropy, backup_target=tmp_path / "backups"
        ) as server,
    ):
        place = await server.tenant()
        async with place.operator() as ctx:
            provider = OidcSettings(issuer="https://idp.example.com", client_id="airside")
            connection = await server.services.connections.create(ctx, ConnectionDraft("Suite", provider))
        people = [await settled(place, connection.id) for _ in range(PEOPLE)]
        at_once = await tenants_read(await copied(scratch.superuser), kek, people)
        former = people[: PEOPLE // 2]
        resealed = await as_before(place, former)
        assert resealed.keys() == {f"{column.table}.{column.column}" for column in ONCE_THE_TENANTS}
        assert min(resealed.values()) >= len(former), resealed
        assert await tenants_read(await copied(scratch.superuser), kek, former), "the reader reads nothing"
        await read_as_ever(place, people)
        async with place.operator() as ctx:
            adopted = await server.services.adoption.adopt(ctx)
        await read_as_ever(place, people)

        manifest, before = await backups.create(scratch.app), await copied(scratch.superuser)
        in_the_end = await tenants_read(before, kek, people)
        planted = {each.user.id: each.read_in(await readable(before, kek)) for each in people}
        assert all(len(seen) > 20 for seen in planted.values()), "the reader reads nothing"
        victims = [*former[: VICTIMS // 2], *people[-(VICTIMS // 2) :]]
        others, ids = [each for each in people if each not in victims], [each.user.id for each in victims]
        finding = await indexes(scratch.superuser, ids)
        for each in victims:
            await erased(Camp(place), each.user)
        now, still = await copied(scratch.superuser), await named(scratch.superuser, ids)
        raw = await dump(scratch.superuser)
        await restore(backups, archive, Name(manifest.name), clean.owner)
        restored = await copied(clean.superuser)

    opened = [await readable(each, kek) for each in (now, before.with_keys_of(now), restored)]
    seen = [set[str]().union(*(each.read_in(texts) for each in victims)) for texts in opened]
    found = [each for each in finding if any(each.hex().encode() in text for text in raw.values())]
    with capsys.disabled():
        print(
            f"\nG29: {sum(len(each.birds.canaries) for each in victims)} canaries of {len(victims)} people in"
            f" {len(OWNED)} columns, {adopted} values sealed anew; of those who were erased {len(seen[0])} are read in"
            f" the database, {len(seen[1])} with its keys in a copy of before, {len(seen[2])} in a backup of before;"
            f" {len(found)} of {len(finding)} indexes are left"
        )
    assert (at_once, in_the_end) == (set(), set()), "read with the tenant's keys alone"
    assert under_the_tenants(before, ids) == set()
    assert seen == [set(), set(), set()]
    assert (found, still - LEFT) == ([], set())
    assert adopted >= sum(resealed.values())
    for each in others:
        assert [each.read_in(texts) for texts in opened] == [planted[each.user.id]] * 3, "somebody else is lost"
