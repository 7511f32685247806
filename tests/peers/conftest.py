"""Stock software of others: it runs where it is installed, else its tests skip by name."""

import os
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.store.migrate import migrate, role_of
from airside.transport import ensure_development_certificates
from airside.vault.kms.local import LocalKek
from tests.chromium import chromium
from tests.makers import MakeDatabase
from tests.running import Running, free_port, running

__all__ = ["chromium"]

FindNode = Callable[[str], tuple[str, Path]]
FindPython = Callable[[str], tuple[str, Path]]
FindProgram = Callable[[str], str]

SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin:/sbin"


def lacking(missing: str) -> NoReturn:
    """Skip, or fail with `AIRSIDE_PEERS=required`, as `make test-peers` says it under CI."""
    if os.environ.get("AIRSIDE_PEERS") == "required":
        pytest.fail(missing)
    pytest.skip(f"{missing}: `make test-peers` installs it")


@pytest.fixture(scope="session")
def node() -> FindNode:
    """Node.js and the folder of a peer of this name, with its packages."""

    def find(name: str) -> tuple[str, Path]:
        folder = Path(__file__).parent / name
        program = shutil.which("node")
        if program is None:
            lacking("node")
        if not (folder / "node_modules").is_dir():
            lacking(f"the npm packages of {name}")
        return program, folder

    return find


@pytest.fixture(scope="session")
def python() -> FindPython:
    """The interpreter of the virtual environment of a peer of this name, and its folder."""

    def find(name: str) -> tuple[str, Path]:
        folder = Path(__file__).parent / name
        program = folder / ".venv" / "bin" / "python"
        if not (folder / ".venv" / ".installed").exists():
            lacking(f"the virtual environment of {name}")
        return str(program), folder

    return find


@pytest.fixture(scope="session")
def program() -> FindProgram:
    """A program of a Debian package, or a file of one."""

    def find(name: str) -> str:
        found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_FOLDERS}")
        if found is None and not Path(name).is_absolute():
            lacking(name)
        if found is None and not Path(name).exists():
            lacking(name)
        return found or name

    return find


@dataclass(frozen=True)
class Federating:
    """A server that may speak with whatever a test starts at `ports` of loopback, and trusts the authority of
    development, as a company's own machines do theirs."""

    server: Running
    ports: tuple[int, ...]


@pytest.fixture(scope="session")
async def federating(
    blank_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
) -> AsyncIterator[Federating]:
    folder = tmp_path_factory.mktemp("certificates")
    ca = ensure_development_certificates(folder, clock=clock).ca
    ports = tuple(free_port() for _ in range(5))
    allowed = tuple(f"127.0.0.1:{port}" for port in ports)
    before, os.environ["SSL_CERT_FILE"] = os.environ.get("SSL_CERT_FILE"), str(ca)
    try:
        # On a database of its own: it lives to the end, and would send half of the other server's letters.
        async with blank_database() as database:
            await migrate(database.owner, role_of(database.app))
            async with running(
                database.app, folder, kek=kek, clock=clock, entropy=entropy, fetch_exceptions=allowed
            ) as started:
                yield Federating(started, ports)
    finally:
        del os.environ["SSL_CERT_FILE"]
        if before is not None:
            os.environ["SSL_CERT_FILE"] = before
