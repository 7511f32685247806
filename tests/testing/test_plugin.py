"""The plugin in a run of its own, as an application's tests load it."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULE = "airside.testing.plugin"
SAMPLE = """
import asyncio
import ssl
import urllib.request

import pytest
import structlog

SEEN = set()


@pytest.fixture
def notes(airside_tenant):
    return airside_tenant.application("https://notes.example", scopes=["notes:read"])


@pytest.mark.parametrize("number", [1, 2])
def test_token_in_one_line(airside_tenant, notes, number):
    assert airside_tenant.user("ada").headers(notes)["authorization"].startswith("Bearer ey")
    assert airside_tenant.slug not in SEEN
    SEEN.add(airside_tenant.slug)


def test_server_answers_over_tls(airside_server):
    with urllib.request.urlopen(airside_server.url + "/readyz", context=airside_server.trust) as answer:
        assert answer.status == 200


def test_coroutine_asks_as_well(airside_tenant, notes):
    async def inside():
        return airside_tenant.user("bob").token(notes)

    assert asyncio.run(inside())


def test_server_tells_warnings_alone_and_draws_no_local_values(airside_server, capsys):
    log, secret = structlog.get_logger("airside.jobs"), "nobody's to see"
    log.info("nothing")
    try:
        raise ValueError(len(secret))
    except ValueError:
        log.exception("round_failed")
    said = capsys.readouterr().out
    assert "round_failed" in said and "ValueError" in said
    assert "nothing" not in said and "locals" not in said
"""
LIGHT = """
import sys
before = set(sys.modules)
import airside.testing.plugin
print(*sorted({name.split(".")[0] for name in sys.modules.keys() - before}))
print(*sorted(name for name in sys.modules if name.startswith("airside.") and "testing" not in name))
"""


def _passes(folder: Path, tests: str, cache: Path) -> str:
    (folder / "test_sample.py").write_text(tests)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        MODULE,
        "-p",
        "pytest_asyncio.plugin",
        "-p",
        "no:cacheprovider",
    ]
    answer = subprocess.run(
        [*command, "-o", "asyncio_mode=auto", "--rootdir", folder, folder],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # whether the entry point is installed yet or not
            "XDG_CACHE_HOME": str(cache),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_fixtures_serve_tests_of_every_kind(cache: Path, tmp_path: Path) -> None:
    assert "5 passed" in _passes(tmp_path, SAMPLE, cache)


def test_sample_of_the_page_passes(cache: Path, tmp_path: Path) -> None:
    """`docs/operations/testing.md`, on the example that it names."""
    for name in ("app.py", "model.fga"):
        shutil.copy(ROOT / "examples" / "notes" / name, tmp_path)
    page = (ROOT / "docs" / "operations" / "testing.md").read_text("utf-8")
    assert "1 passed" in _passes(tmp_path, page.split("```python\n")[1].split("```")[0], cache)


def test_package_names_the_plugin_to_pytest() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]["pytest11"]
    assert told == {"airside": MODULE}


def test_plugin_brings_no_server_into_a_run_that_asks_for_none() -> None:
    """Whoever installed it loads it in each of their runs."""
    answer = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    libraries, ours = answer.stdout.splitlines()
    heavy = {"psycopg", "fastapi", "starlette", "uvicorn", "pydantic", "lxml", "cryptography", "httpx2", "structlog"}
    assert heavy.isdisjoint(libraries.split())
    assert {name.split(".")[1] for name in ours.split()} <= {"core"}
