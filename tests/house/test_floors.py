"""The drawing of `docs/house.md` can't drift from the code."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any


def _contracts(root: Path) -> list[dict[str, Any]]:
    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    return settings["tool"]["importlinter"]["contracts"]


def test_every_import_runs_downwards(root: Path) -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    answer = subprocess.run([linter, "--no-cache", "--no-logo"], cwd=root, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_room_stands_on_a_floor(root: Path) -> None:
    floors = " ".join(
        str(layer) for contract in _contracts(root) if contract["type"] == "layers" for layer in contract["layers"]
    )
    words = set(floors.replace("airside.", " ").replace("(", " ").replace(")", " ").split())
    rooms = {path.parent.name for path in (root / "src" / "airside").glob("*/__init__.py")}
    assert rooms - words == set(), f"rooms without a floor: {sorted(rooms - words)}"


def test_the_light_package_brings_no_server() -> None:
    """`import airside.sdk, airside.shield` loads none of the server's libraries."""
    heavy = ("psycopg", "psycopg_pool", "starlette", "fastapi", "uvicorn", "argon2", "jinja2", "typer", "pydantic")
    program = (
        "import sys, airside.sdk, airside.shield\n"
        f"print(*[name for name in {heavy!r} if name in sys.modules])\n"
        "print(*[name for name in sys.modules if name.startswith('airside.')])"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    libraries, ours = answer.stdout.split("\n")[:2]
    assert libraries == ""
    rooms = {name.split(".")[1] for name in ours.split()}
    assert rooms <= {"core", "protocols", "fetch", "shield", "sdk"}
