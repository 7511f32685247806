"""npm's oidc-provider: an OpenID Connect issuer with clients and people that it is told of at its start."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from airside.core.entropy import token
from tests.peers.conftest import FindNode
from tests.peers.daemons import daemon
from tests.peers.people import PEOPLE, Person
from tests.running import Running


@asynccontextmanager
async def oidc_provider(
    server: Running,
    node: FindNode,
    folder: Path,
    *,
    port: int,
    keys: Sequence[Mapping[str, Any]],
    clients: Sequence[Mapping[str, Any]],
    people: Mapping[str, Person] = PEOPLE,
) -> AsyncGenerator[str]:
    """The issuer at `port` of loopback, signing with the first of `keys` that fits: yields what it calls itself."""
    program, there = node("oidc-provider")
    issuer = f"https://127.0.0.1:{port}"
    settings = {
        "issuer": issuer,
        "port": port,
        "certificate": str(server.certificates.certificate),
        "key": str(server.certificates.key),
        "keys": keys,
        "clients": clients,
        "people": {
            name: {"email": person.email, "email_verified": True, "name": person.name, "groups": person.groups}
            for name, person in people.items()
        },
        "secret": token(server.services.entropy),
    }
    environment = {"PEER_SETTINGS": json.dumps(settings), "NODE_EXTRA_CA_CERTS": str(server.certificates.ca)}
    async with daemon([program, str(there / "serve.mjs")], folder, port=port, environment=environment):
        yield issuer
