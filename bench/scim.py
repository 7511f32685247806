"""SCIM over HTTPS: users made a second, and pages of 100 of a connection with 100,000 users.

One server process, the real application with its timers over TLS 1.3, on PostgreSQL with synchronous commits. `wrk`
makes users over kept connections, then reads pages one after another at places all over the list, and finds single
users by filter. Beside the figures stands what the machine can alone.
Run: `.venv/bin/python -m bench.scim [turns]`.
"""

import asyncio
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import psycopg
import uvloop

from airside.admin import OPERATOR
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.core.strict_json import dumps
from airside.federation import ConnectionDraft, OidcSettings
from airside.federation.scim.profile import profile_of
from airside.identity import User
from airside.identity.addresses import email_index
from airside.identity.records_email_domains import domain_index
from airside.identity.records_profiles import seal
from airside.store.embedded import EmbeddedPostgres
from airside.tenancy import Draft
from airside.vault import Keyset, PersonKey, Place
from airside.vault.kms.local import LocalKek
from airside.vault.model import KEY_BYTES
from airside.wiring.build import Services
from bench.calibration import commits_for
from bench.permission_check import found
from bench.provider import verdict
from bench.scratch import database
from bench.served import CLOCK, ENTROPY, HOST, Child, Told, child, serve_real, started

USERS: Final = 100_000
CONNECTIONS: Final = 16
SECONDS: Final = 5
TURNS: Final = 3
CREATED: Final = 300
"""A second, wanted."""
PAGE_MS: Final = 50.0
"""Milliseconds of a page of 100, at most."""
PORT: Final = 18_448
SLUG: Final = "bench"
SCHEMA: Final = "urn:ietf:params:scim:schemas:core:2.0:User"

CREATE: Final = """
local n, turn = 0, os.time()
request = function()
  n = n + 1
  local name = string.format("u%%d-%%d@example.org", turn, n)
  local body = '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",' ..
    '"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"userName":"' .. name ..
    '","externalId":"' .. name ..
    '","active":true,"name":{"givenName":"Ada","familyName":"Byron"},"emails":[{"value":"' .. name ..
    '","type":"work","primary":true}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":' ..
    '{"employeeNumber":"701984","department":"Engines"}}'
  local headers = { ["content-type"] = "application/scim+json", ["authorization"] = "Bearer %(token)s" }
  return wrk.format("POST", "/t/%(slug)s/scim/v2/Users", headers, body)
end
"""
LIST: Final = """
local headers = { ["authorization"] = "Bearer %(token)s" }
request = function()
  local start = math.random(1, %(users)d - 100)
  return wrk.format("GET", "/t/%(slug)s/scim/v2/Users?count=100&startIndex=" .. start, headers)
end
"""
FIND: Final = """
local headers = { ["authorization"] = "Bearer %(token)s" }
request = function()
  local filter = "userName%%20eq%%20%%22user" .. math.random(0, %(users)d - 1) .. "@example.com%%22"
  return wrk.format("GET", "/t/%(slug)s/scim/v2/Users?filter=" .. filter, headers)
end
"""


@dataclass(frozen=True)
class Turn:
    """Answers a second, the median milliseconds of one, and the server's CPU microseconds for each."""

    rate: float
    median: float
    cpu: float


async def serving(folder: Path, dsn: str, superuser: str) -> None:
    """The process of the real server."""
    async with started(folder, dsn, PORT) as (services, settings):
        await serve_real(services, settings, folder, await prepare(services, superuser))


async def prepare(services: Services, superuser: str) -> Told:
    """A tenant whose directory keeps `USERS` users."""
    async with services.engine.begin(await services.platform.bootstrap(), principal=OPERATOR) as ctx:
        tenant = await services.platform.create_tenant(ctx, Draft(SLUG, "Bench"))
    async with services.engine.begin(tenant.tenant_id, principal=OPERATOR) as ctx:
        settings = OidcSettings(issuer="https://idp.example.com", client_id="airside")
        connection = await services.connections.create(ctx, ConnectionDraft("Bench", settings))
        _, secret = await services.scim_tokens.create(ctx, connection.id, lifetime=timedelta(days=1))
        keyset = await services.vault.keyset(ctx)
    await fill(superuser, tenant.tenant_id, connection.id, keyset)
    return {"slug": SLUG, "token": secret.reveal(), "users": USERS}


async def fill(superuser: str, tenant_id: UUID, connection_id: UUID, keyset: Keyset) -> None:
    """The rows that `USERS` creations leave, copied in."""
    now = CLOCK.now()
    accounts: list[tuple[object, ...]] = []
    keys: list[tuple[object, ...]] = []
    users: list[tuple[object, ...]] = []
    domain = domain_index(keyset, "example.com")
    emails: list[tuple[object, ...]] = []
    for number in range(USERS):
        user_id = uuid7(now, ENTROPY)
        address = f"user{number}@example.com"
        profile = profile_of(
            {
                "schemas": [SCHEMA],
                "userName": address,
                "externalId": str(number),
                "active": True,
                "name": {"givenName": "Ada", "familyName": "Byron"},
                "emails": [{"value": address, "type": "work", "primary": True}],
            }
        )
        index = profile.found(keyset)
        key = Secret(ENTROPY.bytes(KEY_BYTES))
        person = PersonKey(tenant_id=tenant_id, user_id=user_id, key=key, entropy=ENTROPY)
        keys.append((tenant_id, user_id, keyset.seal(Place("person_key", "wrapped", user_id), key.reveal()), now))
        said = seal(person, User(user_id, address, profile.name, "active", now))
        content = person.seal(Place("scim_user", "content_sealed", user_id), dumps(dict(profile.said)))
        accounts.append((tenant_id, user_id, said, email_index(keyset, address), domain, "active", now, None))
        users.append(
            (tenant_id, connection_id, user_id, index.user_name, index.external_id, content, True, False, 1, now, now)
        )
        emails += [(tenant_id, connection_id, each, user_id) for each in index.emails]
    columns = {
        "user_account": (
            "tenant_id, user_id, profile_sealed, email_index, email_domain_index, state, created_at, email_verified_at",
            accounts,
        ),
        "person_key": ("tenant_id, user_id, wrapped, created_at", keys),
        "scim_user": (
            "tenant_id, connection_id, user_id, user_name_index, external_id_index, content_sealed, made, deactivated,"
            " version, created_at, modified_at",
            users,
        ),
        "scim_email": ("tenant_id, connection_id, email_index, user_id", emails),
    }
    async with await psycopg.AsyncConnection.connect(superuser, autocommit=True) as connection:
        for table, (names, rows) in columns.items():
            async with connection.cursor().copy(f"copy airside.{table} ({names}) from stdin".encode()) as copy:
                async for row in _each(rows):
                    await copy.write_row(row)
        await connection.execute("vacuum analyze")


async def _each(rows: list[tuple[object, ...]]) -> AsyncIterator[tuple[object, ...]]:
    for row in rows:
        yield row


def load(at: Child, script: Path, connections: int) -> Turn:
    """One turn of `wrk`."""
    before = at.cpu()
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-s", str(script)]
    said = subprocess.run([*command, f"https://{HOST}:{PORT}"], capture_output=True, text=True, check=True).stdout
    cpu = at.cpu() - before
    assert "Non-2xx" not in said, said
    requests, rate = int(found(r"(\d+) requests in", said)[1]), float(found(r"Requests/sec:\s+([\d.]+)", said)[1])
    number, unit = found(r"50%\s+([\d.]+)(us|ms|s)", said).groups()
    return Turn(rate, float(number) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit], cpu * 1e6 / requests)


async def measure(folder: Path, postgres: EmbeddedPostgres, count: int) -> None:
    """Every turn, then what the machine can."""
    superuser = postgres.dsn("postgres")
    async with child("bench.scim", str(folder), postgres.dsn("airside_app"), superuser) as server:
        scripts = {"create": (CREATE, CONNECTIONS), "list": (LIST, 1), "find": (FIND, CONNECTIONS)}
        turns: dict[str, list[Turn]] = {name: [] for name in scripts}
        for number in range(count + 1):
            for name, (text, connections) in scripts.items():
                file = folder / f"{name}.lua"
                file.write_text(text % server.told)
                turn = await asyncio.to_thread(load, server, file, connections)
                if number:  # the first warms up
                    turns[name].append(turn)
    show(turns)
    print(f"alone: {await commits_for(SECONDS, superuser):.0f} commits/s")


def show(turns: dict[str, list[Turn]]) -> None:
    """The medians, and what they are held against."""
    rate = {name: statistics.median(turn.rate for turn in each) for name, each in turns.items()}
    median = {name: statistics.median(turn.median for turn in each) for name, each in turns.items()}
    cpu = {name: statistics.median(turn.cpu for turn in each) for name, each in turns.items()}
    print(f"{'':34}{'a second':>10}{'median ms':>11}{'CPU µs each':>13}")
    words = {
        "create": "users made",
        "list": f"100 of {USERS:,} users, one at a time",
        "find": "one of them by userName",
    }
    for name, said in words.items():
        print(f"{said:34}{rate[name]:10.0f}{median[name]:11.1f}{cpu[name]:13.0f}")
    core = 1e6 / cpu["create"]
    print(
        f"users made a second (a core could {core:.0f}): {verdict(rate['create'], core, CREATED)} (wanted ≥ {CREATED})"
    )
    print(f"a page of 100: {'met' if median['list'] <= PAGE_MS else 'MISSED'} (wanted ≤ {PAGE_MS:.0f} ms)")


async def main(count: int) -> None:
    """An embedded database, a server, and the figures."""
    async with database() as (folder, postgres):
        LocalKek.create(folder / "kek", development=True, entropy=ENTROPY)
        await measure(folder, postgres, count)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        uvloop.run(serving(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
    else:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else TURNS))
