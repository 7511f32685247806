"""`airside dev` as a newcomer meets it."""

import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Dev, airside, gone
from tests.running import free_port

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for orphans in /proc")


@pytest.fixture
def data() -> Iterator[Path]:
    """A folder that the database's user can reach, also where this runs as root."""
    with tempfile.TemporaryDirectory(prefix="airside-dev-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "data"


def test_killed_server_takes_its_database_along_and_the_next_start_prints_no_secret(data: Path) -> None:
    settings = {"data": str(data), "port": str(free_port()), "redirect_port": "off"}
    first = Dev(**settings)
    try:
        said = first.wait_until_ready()
        database = first.database()
    finally:
        first.end(signal.SIGKILL)
    secrets = [line.split("=", 1)[1] for line in said.splitlines() if line.startswith("export AIRSIDE_CLIENT_SECRET")]
    passwords = [line.split()[1] for line in said.splitlines() if "@demo.example " in line]
    assert (len(secrets), len(passwords), len(database)) == (1, 2, 1)
    assert f"https://localhost:{settings['port']}/t/demo/signin" in said  # the address follows the port
    assert gone(database[0])

    second = Dev(**settings)
    try:
        again = second.wait_until_ready()
        database = second.database()
    finally:
        code = second.end(signal.SIGINT)
    assert "printed once, at the first start" in again
    assert [secret for secret in (*secrets, *passwords) if secret in again] == []
    assert code == 0
    assert gone(database[0])


def test_taken_port_is_refused_before_passwords_are_made(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = airside("dev", data=str(data), port=str(taken.getsockname()[1]), redirect_port="off")
    assert done.returncode == 2
    assert "AIRSIDE_PORT" in done.stderr
    assert "name another port" in done.stderr
    assert not data.exists()


@pytest.mark.parametrize("place", ["file", "below"])
def test_data_folder_that_cannot_be_made_is_refused_by_name(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / ("" if place == "file" else "below")
    done = airside("dev", data=str(folder), port=str(free_port()), redirect_port="off")
    assert (done.returncode, done.stdout) == (2, "")
    assert "AIRSIDE_DATA" in done.stderr
