"""How each of the guestbooks is started."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "examples"


def _uvicorn(port: int) -> list[str]:
    return [sys.executable, "-m", "uvicorn", "app:app", f"--port={port}", "--no-proxy-headers"]


def _waitress(name: str) -> Callable[[int], list[str]]:
    command = [sys.executable, "-m", "waitress", "--no-clear-untrusted-proxy-headers", f"app:{name}"]
    return lambda port: [*command[:3], f"--listen=127.0.0.1:{port}", *command[3:]]


COMMANDS: Final[Mapping[str, Callable[[int], list[str]]]] = {
    "fastapi": _uvicorn,
    "flask": _waitress("app"),
    "django": _waitress("application"),
}
"""By framework: what its README says, at a port of loopback."""


def source(kind: str) -> Path:
    """Where the guestbook of this framework lies."""
    return EXAMPLES / f"guestbook_{kind}"
