"""The examples as people reach them: processes of their own, behind a stock proxy that ends TLS."""

import asyncio
import json
import os
import signal
import ssl
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2

from airside.core.clock import SystemClock
from airside.transport import DevelopmentCertificates, ensure_development_certificates
from tests.examples.guestbooks import COMMANDS, source
from tests.examples.notes import NOTES
from tests.peers.daemons import daemon
from tests.running import free_port

PROXY = Path(__file__).parent / "haproxy.cfg"
LOOPBACK = "127.0.0.1"
GUESTBOOK = Path(__file__).parent / "guestbook.json"
REFUSED = ("400", "401", "403", "409", "413", "503")
PLENTY = "100000"
"""A rate that no judge reaches: one that is refused after 60 requests has seen nothing."""


@dataclass(frozen=True)
class Site:
    """An example over TLS on loopback, at `secure`, and over plain HTTP, at `plain`; the proxy finds it at
    `application`. What judges write goes into `folder`."""

    name: str
    folder: Path
    secure: int
    plain: int
    application: int
    certificates: DevelopmentCertificates
    openapi: Path
    token: str = ""

    @property
    def url(self) -> str:
        return f"https://localhost:{self.secure}"


@asynccontextmanager
async def guestbook(kind: str, folder: Path, proxy: str, *, host: str = "") -> AsyncGenerator[Site]:
    """The guestbook of this framework, at `host` or where it listens."""
    secure = free_port()
    told = {"GUESTBOOK_HOST": host or f"localhost:{secure}", "GUESTBOOK_PROXIES": LOOPBACK, "GUESTBOOK_RATE": PLENTY}
    port = free_port()
    async with (
        _process(COMMANDS[kind](port), source(kind), folder, port, told),
        _behind(proxy, kind, folder, secure, port) as site,
    ):
        yield site


@asynccontextmanager
async def notes(told: Mapping[str, str], secure: int, folder: Path, proxy: str, token: str) -> AsyncGenerator[Site]:
    """The notes application, which was told who it is, and a token that opens it."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "app:app", f"--port={port}", "--no-proxy-headers"]
    async with (
        _process(command, NOTES, folder, port, {**told, "NOTES_PROXIES": LOOPBACK}),
        _behind(proxy, "notes", folder, secure, port) as site,
    ):
        openapi = folder / "openapi.json"
        openapi.write_text(json.dumps(await _document(told)), "utf-8")
        yield replace(site, openapi=openapi, token=token)


async def _document(told: Mapping[str, str]) -> dict[str, Any]:
    """What FastAPI makes of the application, which doesn't publish it."""
    code = "import app, json; print(json.dumps(app.app.openapi()))"
    environment = {**told, "PYTHONPATH": ":".join(path for path in sys.path if path)}
    status, said = await judgement([sys.executable, "-c", code], NOTES, seconds=60, environment=environment)
    assert status == 0, said
    document: dict[str, Any] = json.loads(said)
    refused = {"type": "object", "required": ["type", "title", "status", "code"]}
    problem = {"application/problem+json": {"schema": refused}}
    missing = {"application/json": {"schema": {"type": "object"}}}
    # FastAPI knows nothing of who refuses before a route is reached, nor that no id has control characters in it.
    for operation in (operation for path in document["paths"].values() for operation in path.values()):
        answers = operation["responses"]
        answers |= {status: {"description": "Refused", "content": problem} for status in REFUSED}
        answers["404"] = {"description": "None", "content": missing}
        if "422" in answers:
            answers["422"]["content"] |= problem
        for parameter in operation.get("parameters", []):
            parameter["schema"]["pattern"] = r"^[\w-]+$"
    return document


@asynccontextmanager
async def _process(
    command: list[str], source: Path, folder: Path, port: int, told: Mapping[str, str]
) -> AsyncGenerator[None]:
    place = folder / "application"
    place.mkdir()
    paths = [str(source), *(path for path in sys.path if path)]
    async with daemon(command, place, port=port, environment={**told, "PYTHONPATH": ":".join(paths)}):
        yield


@asynccontextmanager
async def _behind(proxy: str, name: str, folder: Path, secure: int, application: int) -> AsyncGenerator[Site]:
    certificates = ensure_development_certificates(folder / "tls", clock=SystemClock())
    chain, place = folder / "tls" / "chain.pem", folder / "proxy"
    place.mkdir()
    chain.touch(0o600)
    chain.write_bytes(certificates.certificate.read_bytes() + certificates.key.read_bytes())
    judging = folder / "judging"
    judging.mkdir()
    site = Site(name, judging, secure, free_port(), application, certificates, GUESTBOOK)
    ports = {"SECURE": secure, "PLAIN": site.plain, "APPLICATION": application}
    told = {"CERTIFICATE": str(chain), **{name: str(port) for name, port in ports.items()}}
    async with daemon([proxy, "-db", "-f", str(PROXY)], place, port=secure, environment=told):
        yield site


def visitor(site: Site) -> httpx2.AsyncClient:
    """Somebody with the site's token, if it has one."""
    trust = ssl.create_default_context(cafile=str(site.certificates.ca))
    headers = {"authorization": f"Bearer {site.token}"} if site.token else {}
    return httpx2.AsyncClient(base_url=site.url, verify=trust, headers=headers, timeout=30.0)


async def judgement(
    command: list[str], folder: Path, *, seconds: float, environment: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """How `command` ended, in `folder` and within `seconds`, and all that it wrote; its children end with it."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "LANG": "C.UTF-8", **(environment or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            written, _ = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    assert process.returncode is not None
    return process.returncode, written.decode("utf-8", "replace")
