"""The pytest plugin: a real server for the session, a tenant for each test.

Nothing of the server is imported before a test asks for it: the plugin is loaded in every run of whoever installed it.
"""

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airside.testing.server import Server
    from airside.testing.tenants import Tenant


@pytest.fixture(scope="session")
def airside_server(pytestconfig: pytest.Config) -> "Generator[Server]":
    """A real Airside on the loopback over TLS, with a database of its own that goes with the session."""
    from airside.testing.server import Server

    reporter = pytestconfig.pluginmanager.get_plugin("terminalreporter")

    def tell(words: str) -> None:
        if reporter is not None:
            reporter.write_line(f"airside: {words}")

    with Server(tell) as server:
        yield server


@pytest.fixture
def airside_tenant(airside_server: "Server") -> "Tenant":
    """A tenant of this test alone."""
    return airside_server.tenant()
