"""Requests with an API key over HTTPS, beside an empty Starlette endpoint on the same kind of server: whose the key is,
and a permission check.

As `bench.provider`: two server processes with TLS 1.3, loaded by `wrk` in turns within one run; medians are compared.
Run: `.venv/bin/python -m bench.apikeys [turns]`.
"""

import statistics
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

import uvloop

from airside.admin import OPERATOR
from airside.apikeys import KeyDraft
from airside.apikeys.model import MAX_PER_MINUTE
from airside.permissions import TupleKey
from airside.tenancy import Draft, RoleDraft
from airside.vault.kms.local import LocalKek
from airside.wiring.build import Services
from bench.permission_check import serving as serving_nothing
from bench.provider import Turn, load
from bench.scratch import database
from bench.served import ENTROPY, Child, Told, child, serve_real, started

TURNS: Final = 5
RATIO: Final = 0.5
IDLE_PORT: Final = 18_448
REAL_PORT: Final = 18_449
MODEL: Final = "model\n  schema 1.1\ntype user\ntype doc\n  relations\n    define viewer: [user]\n"
SELF: Final = """
wrk.path = "/keys/v1/self"
wrk.headers["authorization"] = "Bearer %(secret)s"
"""
CHECK: Final = """
wrk.method = "POST"
wrk.path = "/stores/%(store)s/check"
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer %(secret)s"
wrk.body = '{"tuple_key":{"user":"user:a","relation":"viewer","object":"doc:1"}}'
"""
SCRIPTS: Final = {"self": SELF, "check": CHECK}
NAMES: Final = {"empty": "empty Starlette endpoint", "self": "whose key it is", "check": "permission check"}


async def prepare(services: Services) -> Told:
    """A tenant, a service account that may ask its store, and a key of it."""
    async with services.engine.begin(await services.platform.bootstrap(), principal=OPERATOR) as ctx:
        tenant = await services.platform.create_tenant(ctx, Draft("bench", "Bench"))
    async with services.engine.begin(tenant.tenant_id, principal=OPERATOR) as ctx:
        await services.permissions.models.write(ctx, tenant.default_store_id, MODEL)
        granted = (TupleKey("user:a", "viewer", "doc:1"),)
        await services.permissions.tuples.write(ctx, tenant.default_store_id, writes=granted)
        account = await services.service_account_admin.create(ctx, "bench")
        role = await services.role_admin.create(ctx, RoleDraft("bench", permissions=frozenset({"permissions:check"})))
        await services.service_account_admin.assign(ctx, account.account_id, role.role_id)
        scopes = frozenset({"permissions:check"})
        draft = KeyDraft("bench", account.owner, timedelta(days=1), scopes=scopes, per_minute=MAX_PER_MINUTE)
        _, secret = await services.api_key_admin.create(ctx, draft)
    return {"secret": secret.reveal(), "store": tenant.default_store_id}


async def serving(folder: Path, dsn: str, port: int) -> None:
    """The process of the real server."""
    async with started(folder, dsn, port) as (services, settings):
        await serve_real(services, settings, folder, await prepare(services))


def turn(folder: Path, idle: Child, real: Child) -> dict[str, Turn]:
    """Everything once."""
    turns = {"empty": load(idle, IDLE_PORT, "empty", None, "/empty")}
    for name, script in SCRIPTS.items():
        file = folder / f"{name}.lua"
        file.write_text(script % real.told)
        turns[name] = load(real, REAL_PORT, name, file)
    return turns


async def main(count: int) -> None:
    """An embedded database, two servers, and the figures."""
    async with database() as (folder, postgres):
        LocalKek.create(folder / "kek", development=True, entropy=ENTROPY)
        dsn = postgres.dsn("airside_app")
        async with (
            child("bench.apikeys", str(folder), "", str(IDLE_PORT)) as idle,
            child("bench.apikeys", str(folder), dsn, str(REAL_PORT)) as real,
        ):
            turn(folder, idle, real)  # warms up
            turns = [turn(folder, idle, real) for _ in range(count)]
    rates = {name: statistics.median(each[name].rate for each in turns) for name in NAMES}
    cpus = {name: statistics.median(each[name].cpu for each in turns) for name in NAMES}
    print(f"{'':28}{'a second':>10}{'CPU µs each':>14}")
    for name, words in NAMES.items():
        print(f"{words:28}{rates[name]:10.0f}{cpus[name]:14.1f}")
    for name in SCRIPTS:
        by_rate, by_cpu = rates[name] / rates["empty"], cpus["empty"] / cpus[name]
        print(f"{NAMES[name]} with an API key: {by_rate:.2f} of empty by rate, {by_cpu:.2f} by CPU (wanted ≥ {RATIO})")


if __name__ == "__main__":
    if len(sys.argv) == 4:
        folder, dsn, port = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
        uvloop.run(serving(folder, dsn, port) if dsn else serving_nothing(folder, "", port, 0))
    else:
        uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else TURNS))
