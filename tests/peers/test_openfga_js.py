"""OpenFGA's JavaScript SDK, run by Node.js as a client of the real server, whose authority it is told to trust."""

import asyncio
import os
import subprocess

from airside.core.strict_json import dumps
from airside.permissions.language import parse, to_json
from tests.conformance.openfga import MODEL
from tests.peers.conftest import FindNode
from tests.running import Place, Running
from tests.surface import administrator_program, administrator_token

SECONDS = 120.0
STEPS = ["stores", "models", "writes", "reads", "checks", "lists", "assertions", "credentials", "end"]


async def test_every_operation_of_the_javascript_sdk(server: Running, place: Place, node: FindNode) -> None:
    program, folder = node("openfga-js")
    client_id, secret = await administrator_program(place)
    done = await asyncio.to_thread(
        subprocess.run,
        [program, "flow.mjs"],
        cwd=folder,
        env={
            "PATH": os.environ.get("PATH", ""),
            "NODE_EXTRA_CA_CERTS": str(server.certificates.ca),
            "PEER_API_URL": server.url,
            "PEER_TOKEN": await administrator_token(place),
            "PEER_MODEL": dumps(to_json(parse(MODEL))).decode(),
            "PEER_ISSUER": f"{place.issuer}/oauth2/token",
            "PEER_AUDIENCE": place.issuer,
            "PEER_CLIENT_ID": client_id,
            "PEER_CLIENT_SECRET": secret,
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split("\n")[:-1] == [f"holds {step}" for step in STEPS]
