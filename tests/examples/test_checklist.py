"""The checklist on each of the examples, over TLS: nothing to mend, and nothing that couldn't be looked at."""

import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from airside.assurance import Baseline, Report, Wanted, examine
from airside.core.clock import Clock
from airside.core.secret import Secret
from airside.transport import DevelopmentCertificates, ensure_development_certificates
from tests.examples.guestbooks import source
from tests.examples.notes import NOTES, notes_tenant
from tests.peers.daemons import daemon
from tests.running import Running, free_port

WSGI: Final = """
import ssl, sys
from werkzeug.serving import WSGIRequestHandler, run_simple
import app
class Silent(WSGIRequestHandler):
    def version_string(self):
        return "example"
port, name, *pair = sys.argv[1:]
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.minimum_version = ssl.TLSVersion.TLSv1_3
tls.load_cert_chain(*pair)
run_simple("127.0.0.1", int(port), getattr(app, name), ssl_context=tls, threaded=True, request_handler=Silent)
"""
ASGI: Final = """
import ssl, sys, uvicorn
port, name, certificate, key = sys.argv[1:]
config = uvicorn.Config(
    f"app:{name}", port=int(port), proxy_headers=False, ssl_certfile=certificate, ssl_keyfile=key
)
config.load()
config.ssl.minimum_version = ssl.TLSVersion.TLSv1_3
uvicorn.Server(config).run()
"""
"""Servers of each kind that end TLS themselves, as whoever stands before an application should."""
PLENTY: Final = "100000"
"""A rate that the checklist doesn't reach: whoever is refused after 60 requests has seen nothing."""


@asynccontextmanager
async def started(
    server: str, name: str, source: Path, port: int, pair: DevelopmentCertificates, told: Mapping[str, str]
) -> AsyncGenerator[None]:
    """The application `name` of the example in a process of its own, until the context ends."""
    command = [sys.executable, "-c", server, str(port), name, str(pair.certificate), str(pair.key)]
    paths = ":".join((str(source), *(path for path in sys.path if path)))
    async with daemon(command, pair.ca.parent, port=port, environment={**told, "PYTHONPATH": paths}):
        yield


def left(report: Report) -> dict[str, str]:
    """Whatever of the report isn't passed, and why."""
    return {
        each.check.id: f"{each.state} {each.note}{[found.where for found in each.found]}"
        for each in report.results
        if each.state not in ("passed", "not applicable")
    }


@pytest.fixture
def certificates(tmp_path: Path, clock: Clock) -> DevelopmentCertificates:
    return ensure_development_certificates(tmp_path / "tls", clock=clock)


@pytest.mark.parametrize(
    ("kind", "server", "name"), [("fastapi", ASGI, "app"), ("flask", WSGI, "app"), ("django", WSGI, "application")]
)
async def test_guestbook_has_nothing_to_mend(
    certificates: DevelopmentCertificates, clock: Clock, kind: str, server: str, name: str
) -> None:
    port = free_port()
    told = {"GUESTBOOK_HOST": f"localhost:{port}", "GUESTBOOK_RATE": PLENTY}
    async with started(server, name, source(kind), port, certificates, told):
        wanted = Wanted(url=f"https://localhost:{port}/", trust=certificates.ca)
        report = await examine(wanted, Baseline(), clock=clock, progress=lambda _: None)
    assert left(report) == {}


async def test_notes_has_nothing_to_mend(server: Running, certificates: DevelopmentCertificates, clock: Clock) -> None:
    port = free_port()
    tenant = await notes_tenant(server, f"localhost:{port}")
    token = (await tenant.tokens(await tenant.place.user("member")))["access_token"]
    async with started(ASGI, "app", NOTES, port, certificates, tenant.environment):
        wanted = Wanted(
            url=f"https://localhost:{port}/me", protected=("/me",), trust=certificates.ca, token=Secret(token)
        )
        report = await examine(wanted, Baseline(), clock=clock, progress=lambda _: None)
    assert left(report) == {}
