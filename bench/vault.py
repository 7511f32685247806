"""Sealing and opening a field of 100 bytes against bare AES-GCM with a random nonce, and a list of 100 users, sealed
under their own keys, against the same list in plain text: with their keys in memory, and with none.

Every pair is interleaved in short rounds and told as the median of the rounds' ratios, so that a noisy machine slows
both sides alike. CPU time stands beside wall time. Run: `.venv/bin/python -m bench.vault`.
"""

import asyncio
import statistics
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.identity import User
from airside.identity import records as people
from airside.identity.addresses import email_index
from airside.identity.records_email_domains import domain_index
from airside.store import Engine, RequestContext
from airside.vault import Keyset, Place, Vault
from airside.vault.allowance import Allowance
from airside.vault.kms.local import LocalKek
from bench.cost import Cost, awaited, cost
from bench.scratch import database

CLOCK, ENTROPY = SystemClock(), SystemEntropy()
ROUNDS: Final = 201
COLD_ROUNDS: Final = 51
USERS: Final = 100
SEAL_AT_LEAST: Final = 0.4
LIST_AT_MOST: Final = 1.3
FIELD: Final = b"x" * 100
_PLAIN_TABLE: Final = """
create table airside.bench_user (
    tenant_id uuid, user_id uuid, email text, name text, state text, created_at timestamptz,
    email_verified_at timestamptz, primary key (tenant_id, user_id))
"""
_PLAIN: Final = """
select u.user_id, u.email, u.name, u.state, u.created_at, u.email_verified_at
from airside.bench_user u
where u.tenant_id = %s and (%s::uuid is null or u.user_id > %s::uuid)
order by u.user_id
limit %s
"""


@dataclass(frozen=True, slots=True)
class _Row:
    user_id: UUID
    email: str
    name: str
    state: people.UserState
    created_at: datetime
    email_verified_at: datetime | None


def told(name: str, pairs: list[tuple[Cost, Cost]], bound: str) -> float:
    """Print both costs and the median of their ratios; that of wall time."""
    ours = [one for one, _ in pairs]
    wall = statistics.median(one.wall / other.wall for one, other in pairs)
    cpu = statistics.median(one.cpu / other.cpu for one, other in pairs)
    ours_us = statistics.median(each.wall for each in ours)
    theirs_us = statistics.median(other.wall for _, other in pairs)
    print(
        f"{name:<34} {ours_us:9.2f} µs against {theirs_us:9.2f} µs:"
        f" speed {1 / wall:.2f}, cost ×{wall:.2f} (CPU ×{cpu:.2f}); {bound}"
    )
    return wall


def fields() -> bool:
    """Sealing and opening one field."""
    key, tenant, key_id = ENTROPY.bytes(32), UUID(bytes=ENTROPY.bytes(16)), UUID(bytes=ENTROPY.bytes(16))
    secret = Secret(key)
    keyset = Keyset(
        tenant_id=tenant,
        data={key_id: secret},
        active=key_id,
        index=secret,
        derive=secret,
        entropy=ENTROPY,
        allowance=Allowance(2**40),
    )
    bare, row = AESGCM(key), UUID(bytes=ENTROPY.bytes(16))

    def bare_seal() -> bytes:
        nonce = ENTROPY.bytes(12)
        return nonce + bare.encrypt(nonce, FIELD, None)

    sealed, plain = keyset.seal(Place("user_account", "profile_sealed", row), FIELD), bare_seal()
    sealing = [
        (cost(lambda: keyset.seal(Place("user_account", "profile_sealed", row), FIELD), 300), cost(bare_seal, 300))
        for _ in range(ROUNDS)
    ]
    opening = [
        (
            cost(lambda: keyset.open(Place("user_account", "profile_sealed", row), sealed), 300),
            cost(lambda: bare.decrypt(plain[:12], plain[12:], None), 300),
        )
        for _ in range(ROUNDS)
    ]
    bound = f"bound: speed ≥ {SEAL_AT_LEAST}"
    worst = max(told("seal 100 B / bare AES-GCM", sealing, bound), told("open 100 B / bare AES-GCM", opening, bound))
    return 1 / worst >= SEAL_AT_LEAST


async def fill(engine: Engine, vault: Vault, owner: str) -> UUID:
    """A tenant with people, and the same people in plain text beside them."""
    import psycopg

    tenant_id = uuid7(CLOCK.now(), ENTROPY)
    async with engine.begin(tenant_id) as ctx:
        await vault.create(ctx)
    made: list[User] = []
    async with engine.begin(tenant_id) as ctx:
        keyset = await vault.keyset(ctx)
        for number in range(USERS):
            user_id = uuid7(ctx.now, ENTROPY)
            user = User(user_id, f"person.{number}@example.com", f"Person Number {number}", "active", ctx.now)
            drawn = await vault.persons.draw(ctx, user_id)
            indexes = people.EmailIndexes(email_index(keyset, user.email), domain_index(keyset, user.email))
            await people.insert_user(ctx, drawn.key, user, indexes)
            vault.persons.keep(ctx, drawn)
            made.append(user)
    async with await psycopg.AsyncConnection.connect(owner) as connection:
        await connection.execute(_PLAIN_TABLE)
        await connection.execute("grant select on airside.bench_user to airside_app")
        for user in made:
            row = (tenant_id, user.id, user.email, user.name, user.state, user.created_at)
            await connection.execute("insert into airside.bench_user values (%s, %s, %s, %s, %s, %s, null)", row)
        await connection.execute("analyze airside.bench_user")
        await connection.execute("analyze airside.user_account")
        await connection.execute("analyze airside.person_key")
    return tenant_id


async def plain(ctx: RequestContext) -> list[User]:
    rows = await ctx.tx.all(_Row, _PLAIN, (ctx.tenant_id, None, None, USERS))
    return [
        User(row.user_id, row.email, row.name, row.state, row.created_at, row.email_verified_at is not None)
        for row in rows
    ]


async def lists() -> bool:
    """A page of users as the management API reads it: a transaction, one statement, a hundred people."""
    async with database() as (folder, postgres):
        kek = LocalKek.create(folder / "kek", development=True, entropy=ENTROPY)
        vault = Vault(kek=kek, entropy=ENTROPY, clock=CLOCK)
        async with Engine(postgres.dsn("airside_app"), clock=CLOCK, entropy=ENTROPY) as engine:
            tenant_id = await fill(engine, vault, postgres.dsn("airside_owner"))

            async def ours() -> list[User]:
                async with engine.begin(tenant_id) as ctx:
                    return await people.users(ctx, vault, None, USERS)

            async def theirs() -> list[User]:
                async with engine.begin(tenant_id) as ctx:
                    return await plain(ctx)

            assert await ours() == await theirs()
            pairs = [(await awaited(ours, 5), await awaited(theirs, 5)) for _ in range(ROUNDS)]
            cold: list[tuple[Cost, Cost]] = []
            for _ in range(COLD_ROUNDS):
                vault.forget(tenant_id)
                cold.append((await awaited(ours, 1), await awaited(theirs, 1)))
    bound = f"bound: cost ≤ ×{LIST_AT_MOST}"
    told("the same, no key in memory yet", cold, "the first page in five minutes")
    return told(f"list of {USERS} sealed / plain users", pairs, bound) <= LIST_AT_MOST


def main() -> int:
    """Both; non-zero where a bound isn't met."""
    met = fields()
    return 0 if asyncio.run(lists()) and met else 1


if __name__ == "__main__":
    sys.exit(main())
