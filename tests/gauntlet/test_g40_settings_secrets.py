"""N37, secrets in the settings of a running server: given by private files and sealed under a key in OpenBao, they
stand in no process's words or environment, in no log, and not in the trace of its abort."""

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from psycopg.conninfo import make_conninfo

from airside.core.clock import SystemClock
from airside.fetch import Fetcher
from airside.transport import DevelopmentCertificates, ensure_development_certificates
from airside.vault.kms.remote import RemoteKek
from airside.wiring.sources import seal
from tests.makers import Database
from tests.running import free_port
from tests.vault.kms.makers import transit
from tests.vault.kms.services import Bao, openbao

pytestmark = pytest.mark.gauntlet

READY_SECONDS = 60.0
DATABASE = "canary-database-7Zq3uLx9"
MAIL = "canary-mail-8Wn4tRc2"


@pytest.fixture
async def login(database: Database) -> str:
    """The application's connection, with a password; a server on a socket asks for none, and it is sent nowhere."""
    return make_conninfo(database.app, password=DATABASE)


@asynccontextmanager
async def process(environ: Mapping[str, str], output: Path) -> AsyncGenerator[asyncio.subprocess.Process]:
    """`airside serve`, with all that it writes in `output`."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("AIRSIDE_")}
    with output.open("wb") as written:
        command = (sys.executable, "-X", "dev", "-X", "faulthandler", "-m", "airside", "serve")
        started = await asyncio.create_subprocess_exec(
            *command, env={**clean, **environ}, cwd=output.parent, stdout=written, stderr=written
        )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.send_signal(signal.SIGABRT)  # with a traceback of every thread
            await started.wait()


async def test_secrets_of_the_settings_stand_nowhere(login: str, tmp_path: Path) -> None:
    (tmp_path / "bao").mkdir()
    certificates = ensure_development_certificates(tmp_path / "tls", clock=SystemClock())
    with openbao(tmp_path / "bao") as bao:
        environ = await told(bao, login, certificates, tmp_path)
        output = tmp_path / "output"
        async with process(environ, output) as server:
            await ready(environ["AIRSIDE_PUBLIC_URL"], certificates, server, output)
            places = seen_by_others(server.pid)
    places["what it wrote"] = output.read_bytes()
    canaries = (DATABASE, MAIL, bao.token_file.read_text())
    found = [(place, word) for place, content in places.items() for word in canaries if word.encode() in content]
    assert found == []
    assert b"Fatal Python error: Aborted" in places["what it wrote"]
    assert len(places) >= 3


async def test_secrets_of_the_settings_stand_in_no_refusal_either(login: str, tmp_path: Path) -> None:
    """The key service is gone, the mail server's address or the database's is wrong: named, and no more."""
    (tmp_path / "bao").mkdir()
    certificates = ensure_development_certificates(tmp_path / "tls", clock=SystemClock())
    with openbao(tmp_path / "bao") as bao:
        environ = await told(bao, login, certificates, tmp_path)
    await ends(environ, tmp_path, "the key service, which opens AIRSIDE_SMTP_URL")
    plain = {name: text for name, text in environ.items() if name not in ("AIRSIDE_SMTP_URL", "AIRSIDE_MAIL_FROM")}
    bent = {"AIRSIDE_SMTP_URL_FILE": private(tmp_path / "mail", f"smtps://airside:{MAIL}@mail:none")}
    await ends({**plain, **bent}, tmp_path, "AIRSIDE_SMTP_URL")
    private(tmp_path / "database", f"{login} nonsense={DATABASE}")
    await ends(plain, tmp_path, "AIRSIDE_DATABASE_URL")


async def ends(environ: Mapping[str, str], folder: Path, words: str) -> None:
    output = folder / "refused"
    async with process(environ, output) as server:
        assert await asyncio.wait_for(server.wait(), READY_SECONDS) in (1, 2)
    words_of_it = said(output)
    assert words in words_of_it
    assert "canary" not in words_of_it
    assert "Traceback" not in words_of_it


async def told(bao: Bao, login: str, certificates: DevelopmentCertificates, folder: Path) -> dict[str, str]:
    """A whole environment: the database by a private file, the mail server sealed under a key in OpenBao."""
    bao.key("kek")
    port = free_port()
    async with Fetcher(allow=frozenset({urlsplit(bao.origin).netloc})) as fetcher:
        kek = RemoteKek(transit(bao, "kek", fetcher))
        mail = await seal(kek, "AIRSIDE_SMTP_URL", f"smtps://airside:{MAIL}@mail.example.com")
    return {
        "AIRSIDE_MODE": "development",
        "AIRSIDE_PUBLIC_URL": f"https://localhost:{port}",
        "AIRSIDE_PORT": str(port),
        "AIRSIDE_REDIRECT_PORT": "off",
        "AIRSIDE_DATABASE_URL_FILE": private(folder / "database", login),
        "AIRSIDE_KEK": f"transit:{bao.origin}/transit/kek?token_file={bao.token_file}",
        "AIRSIDE_SMTP_URL": mail,
        "AIRSIDE_MAIL_FROM": "no-reply@id.example.com",
        "AIRSIDE_TLS_CERTIFICATE": str(certificates.certificate),
        "AIRSIDE_TLS_KEY": str(certificates.key),
        "AIRSIDE_LOG_LEVEL": "debug",
    }


def private(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


async def ready(
    url: str, certificates: DevelopmentCertificates, server: asyncio.subprocess.Process, output: Path
) -> None:
    trust = ssl.create_default_context(cafile=str(certificates.ca))
    clock = SystemClock()
    until = clock.monotonic() + READY_SECONDS
    async with httpx2.AsyncClient(base_url=url, transport=httpx2.AsyncHTTPTransport(verify=trust)) as http:
        while clock.monotonic() < until:
            assert server.returncode is None, said(output)
            with suppress(httpx2.TransportError):
                if (await http.get("/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise AssertionError(said(output))


def said(output: Path) -> str:
    return output.read_text()


def seen_by_others(pid: int) -> dict[str, bytes]:
    """What `/proc` shows of a process and of those that it started."""
    return {
        f"/proc/{each}/{name}": Path(f"/proc/{each}/{name}").read_bytes()
        for each in [pid, *children(pid)]
        for name in ("cmdline", "environ")
    }


def children(pid: int) -> list[int]:
    """The processes that `pid` started."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found
