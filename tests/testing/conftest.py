"""The kit's own server, in a cache of these tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from airside.testing.server import Server
from airside.testing.tenants import Tenant


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's folder of caches, as far as these tests know."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def kit_server(cache: Path) -> Iterator[Server]:
    """As `airside_server` of the plugin."""
    with Server(cache=cache / "airside-testing") as server:
        yield server


@pytest.fixture
def tenant(kit_server: Server) -> Tenant:
    """As `airside_tenant` of the plugin."""
    return kit_server.tenant()
