"""`airside run`: a program gets its secrets from the real server, or isn't run at all."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from airside.core.secret import Secret
from tests.cli.command import AIRSIDE, SECONDS, environment
from tests.running import Place
from tests.trips.manager import program

PATH = "billing/stripe/api-key"
VALUE = "a value that stands nowhere else"
SHOW = "import os, sys; print(os.environ.get('KEY'), [n for n in os.environ if n.startswith('AIRSIDE_')], sys.argv)"


async def run(
    place: Place, folder: Path, scope: str, *env: str, broken: bool = False
) -> subprocess.CompletedProcess[str]:
    """`airside run` as a program with that scope, told to show what it has in its environment."""
    async with place.operator() as ctx:
        await place.server.services.secret_store.put(ctx, PATH, Secret(VALUE))
    _, (client_id, secret) = await program(place, scope)
    file = folder / "client-secret"
    file.write_text("wrong" if broken else secret)
    told = environment(issuer=place.issuer, client_id=client_id, client_secret_file=str(file))
    told |= {"AIRSIDE_CA_FILE": str(place.server.certificates.ca)}
    words = [
        *AIRSIDE,
        "run",
        *(word for each in env for word in ("--env", each)),
        "--",
        sys.executable,
        "-c",
        SHOW,
        "x",
    ]
    return await asyncio.to_thread(
        subprocess.run, words, env=told, capture_output=True, text=True, timeout=SECONDS, cwd=folder
    )


async def test_program_has_its_secret_in_its_environment_and_nothing_of_ours(place: Place, tmp_path: Path) -> None:
    """N37: neither its command line nor anything that is said holds the value."""
    done = await run(place, tmp_path, "secrets:read", f"KEY={PATH}")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{VALUE} ['AIRSIDE_CA_FILE'] ['-c', 'x']\n"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("scope", "env", "broken"),
    [
        ("secrets:write", f"KEY={PATH}", False),
        ("secrets:read", "KEY=never/there", False),
        ("secrets:read", "KEY=../x", False),
        ("secrets:read", f"KEY={PATH}", True),
        ("secrets:read", "KEY", False),
        ("secrets:read", "1KEY=a", False),
    ],
)
async def test_nothing_runs_where_a_secret_cannot_be_read(
    place: Place, tmp_path: Path, scope: str, env: str, broken: bool
) -> None:
    """N04: it fails shut, and shows nothing."""
    done = await run(place, tmp_path, scope, f"OTHER={PATH}", env, broken=broken)
    assert done.returncode != 0
    assert done.stdout == ""
    assert VALUE not in done.stderr
    assert "Traceback" not in done.stderr
