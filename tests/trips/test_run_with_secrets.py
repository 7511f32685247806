"""`airside run`: a program gets its secrets from the real server, or isn't run at all."""

import asyncio
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from airside.core.secret import Secret
from airside.protocols.pins import Pins, pin_of, pin_of_key
from tests.cli.command import AIRSIDE, SECONDS, environment
from tests.running import HOST, Place
from tests.trips.manager import program

PATH = "billing/stripe/api-key"
VALUE = "a value that stands nowhere else"
SHOW = "import os, sys; print(os.environ.get('KEY'), [n for n in os.environ if n.startswith('AIRSIDE_')], sys.argv)"


async def run(
    place: Place, folder: Path, scope: str, *env: str, broken: bool = False, pin: str = ""
) -> subprocess.CompletedProcess[str]:
    """`airside run` as a program with that scope, told to show what it has in its environment. With `pin` it takes the
    server's key alone that has it."""
    async with place.operator() as ctx:
        await place.server.services.secret_store.put(ctx, PATH, Secret(VALUE))
    _, (client_id, secret) = await program(place, scope)
    file = folder / "client-secret"
    file.write_text("wrong" if broken else secret)
    told = environment(issuer=place.issuer, client_id=client_id, client_secret_file=str(file))
    told |= {"AIRSIDE_CA_FILE": str(place.server.certificates.ca)}
    if pin:
        told["AIRSIDE_PINS_FILE"] = str(folder / "pins.json")
        pins = Pins(HOST, datetime.now(UTC), timedelta(days=1), (pin, pin_of_key(b"another")))
        (folder / "pins.json").write_bytes(pins.document())
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
    held = pin_of(ssl.PEM_cert_to_DER_cert(place.server.certificates.certificate.read_text("ascii")))
    done = await run(place, tmp_path, "secrets:read", f"KEY={PATH}", pin=held)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{VALUE} ['AIRSIDE_CA_FILE', 'AIRSIDE_PINS_FILE'] ['-c', 'x']\n"
    assert done.stderr == ""


async def test_no_secret_is_read_over_another_key_than_a_pinned_one(place: Place, tmp_path: Path) -> None:
    done = await run(place, tmp_path, "secrets:read", f"KEY={PATH}", pin=pin_of_key(b"somebody else's"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr


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
