"""PyPI's nanoidp: a small identity provider by OpenID Connect and SAML."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from airside.core.entropy import token
from tests.peers.conftest import FindPython
from tests.peers.daemons import daemon
from tests.peers.people import PEOPLE, Person
from tests.running import Running


@asynccontextmanager
async def nano(
    server: Running,
    python: FindPython,
    folder: Path,
    *,
    port: int,
    clients: Sequence[Mapping[str, Any]] = (),
    saml: Mapping[str, Any] | None = None,
    people: Mapping[str, Person] = PEOPLE,
) -> AsyncGenerator[str]:
    """The identity provider at `port` of loopback: yields its address, which is its OpenID Connect issuer."""
    program, there = python("nanoidp")
    url = f"https://127.0.0.1:{port}"
    settings = {
        "config_version": 1,
        "oauth": {"issuer": url, "require_pkce": True, "clients": clients},
        "saml": {"export_groups": True, **(saml or {})},
        "session": {"secret_key": token(server.services.entropy), "enforce_password_check": True},
        "jwt": {"keys_dir": str(folder / "keys")},
    }
    known = {
        name: {"password": person.password, "email": person.email, "groups": person.groups}
        for name, person in people.items()
    }
    # JSON is YAML.
    (folder / "settings.yaml").write_text(json.dumps(settings))
    (folder / "users.yaml").write_text(json.dumps({"config_version": 1, "users": known}))
    certificates = server.certificates
    command = [program, str(there / "serve.py"), str(folder), str(port)]
    command += [str(certificates.certificate), str(certificates.key)]
    async with daemon(command, folder, port=port, environment={"HOME": str(folder)}):
        yield url
