"""The applications' vault over HTTPS: values sealed and opened a second, one or a hundred at a time, beside an empty
Starlette endpoint on the same kind of server.

Two server processes, each `wiring.server` with TLS 1.3. `wrk` loads one at a time over kept connections, in turns
within one run; medians of the turns are compared, with the server's CPU time for each beside them. Turns are short: a
program may ask `VAULT_REQUESTS`, and one that was refused would be measured as quick.
Run: `.venv/bin/python -m bench.vault_api [turns]`.
"""

import json
import sys
from base64 import b64encode
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import uvloop

from airside.admin import OPERATOR
from airside.oauth import ClientDraft
from airside.protocols.envelope import context_bytes
from airside.secrets import MAX_BATCH
from airside.tenancy import Draft
from airside.tokens import AccessGrant
from airside.vault.kms.local import LocalKek
from airside.wiring.build import Services
from bench.permission_check import Load, Server, load, middle
from bench.permission_check import serving as serving_nothing
from bench.scratch import database
from bench.served import ENTROPY, HOST, child, serve_real, started

SLUG: Final = "bench"
TURNS: Final = 5
VALUES: Final = 1_000
"""Different ones, which are asked for again and again."""
VALUE: Final = 100
"""Bytes of one."""
IDLE_PORT: Final = 18_448
REAL_PORT: Final = 18_449
SCRIPT: Final = """
local asked = {}
local n = 0
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer %s"
init = function()
  for body in io.lines("%s") do
    asked[#asked + 1] = wrk.format("POST", "/t/bench/api/v1/vault/%s", nil, body)
  end
end
request = function()
  n = n %% #asked + 1
  return asked[n]
end
"""
EACH: Final = {"encrypt": 1, "decrypt": 1, "encrypt-many": MAX_BATCH, "decrypt-many": MAX_BATCH}
"""What is asked, and how many values each request has."""


async def serving(folder: Path, dsn: str, port: int) -> None:
    """The process of the real server."""
    async with started(folder, dsn, port) as (services, settings):
        await serve_real(services, settings, folder, {"token": await prepare(services, folder)})


async def prepare(services: Services, folder: Path) -> str:
    """A tenant with a named key, what is asked of it as files of bodies, and the token of a program that may."""
    async with services.engine.begin(await services.platform.bootstrap(), principal=OPERATOR) as ctx:
        tenant = await services.platform.create_tenant(ctx, Draft(SLUG, "Bench"))
    async with services.engine.begin(tenant.tenant_id, principal=OPERATOR) as ctx:
        issuer, scopes = await services.issuer(ctx), frozenset({"vault:encrypt", "vault:decrypt"})
        draft = ClientDraft("Bench", False, frozenset({"client_credentials"}), audiences=(issuer,), scopes=scopes)
        client, _ = await services.client_admin.create(ctx, draft)
        grant = AccessGrant(client.word, client.word, client.audiences, client.scopes)
        token = await services.token_issuer.access_token(ctx, grant, issuer=issuer)
        await services.app_keys.create(ctx, "notes", "seal")
    async with services.engine.begin(tenant.tenant_id) as ctx:
        ring = await services.app_keys.ring(ctx, "notes")
        sealing: list[dict[str, Any]] = []
        opening: list[dict[str, Any]] = []
        for number in range(VALUES):
            value, context = ENTROPY.bytes(VALUE), {"table": "note", "row": str(number)}
            sealing.append({"plaintext": b64encode(value).decode(), "context": context})
            opening.append({"ciphertext": ring.seal(value, context_bytes(context)), "context": context})
    for verb, items in (("encrypt", sealing), ("decrypt", opening)):
        many = [items[first : first + MAX_BATCH] for first in range(0, VALUES, MAX_BATCH)]
        write(folder / verb, [{"key": "notes", **item} for item in items])
        write(folder / f"{verb}-many", [{"key": "notes", "items": some} for some in many])
    return token.token.reveal()


def write(file: Path, bodies: Sequence[dict[str, Any]]) -> None:
    """One a line."""
    file.write_text("".join(json.dumps(body) + "\n" for body in bodies))


@asynccontextmanager
async def server(folder: Path, dsn: str, port: int) -> AsyncGenerator[Server]:
    """A server in a process of its own."""
    async with child("bench.vault_api", str(folder), dsn, str(port)) as one:
        yield Server(one.process, f"https://{HOST}:{port}", one.told)


def turn(folder: Path, idle: Server, real: Server) -> dict[str, Load]:
    """Everything once."""
    turns = {"empty": load(idle, "/empty")}
    for name in EACH:
        file = folder / f"{name}.lua"
        file.write_text(SCRIPT % (real.told["token"], folder / name, name.partition("-")[0]))
        turns[name] = load(real, "", file)
    return turns


def show(turns: Sequence[dict[str, Load]]) -> None:
    """The medians, and what they are beside the empty endpoint's."""
    medians = {name: middle([each[name] for each in turns]) for name in turns[0]}
    empty = medians["empty"]
    heads = ("requests/s", "values/s", "CPU µs", "p50 ms", "p99 ms", "by rate", "by CPU")
    print(f"{'':28}" + "".join(f"{head:>12}" for head in heads))
    for name, one in medians.items():
        values = one.rate * EACH.get(name, 0)
        print(
            f"{name:28}{one.rate:12.0f}{values:12.0f}{one.cpu:12.1f}{one.p50:12.2f}{one.p99:12.2f}"
            f"{one.rate / empty.rate:12.2f}{empty.cpu / one.cpu:12.2f}"
        )


async def main(count: int) -> None:
    """An embedded database, two servers, and the figures."""
    async with database() as (folder, postgres):
        LocalKek.create(folder / "kek", development=True, entropy=ENTROPY)
        async with (
            server(folder, "", IDLE_PORT) as idle,
            server(folder, postgres.dsn("airside_app"), REAL_PORT) as real,
        ):
            show([turn(folder, idle, real) for _ in range(count + 1)][1:])  # the first one warms up


if __name__ == "__main__":
    if len(sys.argv) == 4:
        folder, dsn, port = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
        uvloop.run(serving(folder, dsn, port) if dsn else serving_nothing(folder, "", port, 0))
    else:
        uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else TURNS))
