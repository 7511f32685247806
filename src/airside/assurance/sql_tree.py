"""The SQL lint over a tree of files: which are read, and what was found, as text, JSON and SARIF."""

import io
import json
import os
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from airside.assurance.sarif import SarifRow, sarif
from airside.assurance.sql_lint import MAX_BYTES, RULES, SqlFault, faults
from airside.core.errors import NotFound

_OTHERS: Final = frozenset({"__pycache__", "node_modules", "site-packages"})
"""Folders of what others wrote; a virtual environment is known by its `pyvenv.cfg`."""


@dataclass(frozen=True, slots=True, order=True)
class SqlFinding:
    """A fault in the file `path`, as it was reached from the path that was given."""

    path: str
    fault: SqlFault

    def __str__(self) -> str:
        return f"{self.path}:{self.fault.line}: {self.fault.rule}: {self.fault.evidence}"


def python_files(path: Path) -> list[Path]:
    """The Python file `path`, or those below the folder `path`, others' packages and hidden folders left out.

    Raises:
        NotFound: nothing is there, or nothing to judge: a lint of nothing must not look like a clean one.
    """
    if not path.exists():
        raise NotFound(f"{path} isn't there")
    found = [path] if path.is_file() else list(_below(path))
    if not found:
        raise NotFound(f"no Python file below {path}: nothing was judged")
    return found


def _below(path: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(path):  # links aren't followed: what they lead to isn't in the tree
        folders[:] = sorted(
            name
            for name in folders
            if name not in _OTHERS and not name.startswith(".") and not Path(folder, name, "pyvenv.cfg").exists()
        )
        yield from (Path(folder, name) for name in sorted(names) if name.endswith((".py", ".pyi", ".pyw")))


def lint_file(path: Path) -> list[SqlFinding]:
    """What is wrong with one file. One that can't be read is a finding too."""
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
        if data is None:
            return [_unreadable(path, f"over {MAX_BYTES} bytes")]
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)  # PEP 263
        return [SqlFinding(path.as_posix(), fault) for fault in faults(data.decode(encoding))]
    except (OSError, SyntaxError, UnicodeDecodeError, LookupError) as error:
        return [_unreadable(path, type(error).__name__)]


def _unreadable(path: Path, why: str) -> SqlFinding:
    return SqlFinding(path.as_posix(), SqlFault(1, "sql-unreadable", why))


def as_json(findings: Iterable[SqlFinding], files: int) -> str:
    """The findings for a program, and how many files they are from."""
    rows = [
        {"path": f.path, "line": f.fault.line, "rule": f.fault.rule, "evidence": f.fault.evidence} for f in findings
    ]
    return json.dumps({"files": files, "findings": rows}, indent=2, ensure_ascii=False) + "\n"


def as_sarif(findings: Iterable[SqlFinding]) -> str:
    """The findings for what shows them beside the code."""
    return sarif(
        [SarifRow(f.fault.rule, RULES[f.fault.rule], "error", f.path, f.fault.line, f.fault.evidence) for f in findings]
    )
