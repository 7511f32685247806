"""The drawing of `docs/house.md` can't drift from the code."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

CLIENTS: Final = [
    "aiohttp",
    "boto3",
    "botocore",
    "http.client",
    "httpcore",
    "httpcore2",
    "httpx",
    "httpx2",
    "requests",
    "urllib.request",
    "urllib3",
    "websockets",
]
"""What goes out over HTTP, and packages that bring a client of their own."""
ADAPTERS: Final = {"custody/backup_bucket.py", "vault/kms/aws.py"}
"""Who goes out beside `fetch/`, as decision 0006 says."""


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


def test_only_fetch_and_the_named_adapters_go_out_over_http(root: Path) -> None:
    """N28: whoever brings a client of their own isn't held to `fetch`'s rules, so each is named with its reason; and
    what is named is there."""
    source = root / "src" / "airside"
    found: set[str] = set()
    for path in sorted(source.rglob("*.py")):
        name = path.relative_to(source).as_posix()
        if not name.startswith("fetch/") and any(map(_goes_out, _imported(ast.parse(path.read_text("utf-8"))))):
            found.add(name)
    assert found == ADAPTERS
    decision = (root / "docs" / "decisions" / "0006-httpcore.md").read_text("utf-8")
    assert [name for name in ADAPTERS if f"`{name}`" not in decision] == []


def _imported(tree: ast.AST) -> Iterator[str]:
    """What is imported anywhere in a file, within functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


def _goes_out(module: str) -> bool:
    return any(module == client or module.startswith(f"{client}.") for client in CLIENTS)
