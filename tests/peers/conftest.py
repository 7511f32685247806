"""Stock software of others: it runs where it is installed, else its tests skip by name."""

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.store.migrate import migrate, role_of
from airside.transport import ensure_development_certificates
from airside.vault.kms.local import LocalKek
from tests.chromium import chromium
from tests.installed import Installed
from tests.makers import MakeDatabase
from tests.running import Running, free_port, running

__all__ = ["chromium"]

FindNode = Callable[[str], tuple[str, Path]]
FindPython = Callable[[str], tuple[str, Path]]
FindProgram = Callable[[str], str]

INSTALLED = Installed("peers", Path(__file__).parent)


@pytest.fixture(scope="session")
def node() -> FindNode:
    """Node.js and the folder of a peer of this name, with its packages."""
    return INSTALLED.node


@pytest.fixture(scope="session")
def python() -> FindPython:
    """The interpreter of the virtual environment of a peer of this name, and its folder."""
    return INSTALLED.python


@pytest.fixture(scope="session")
def program() -> FindProgram:
    """A program of a Debian package, or a file of one."""
    return INSTALLED.program


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
