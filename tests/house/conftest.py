"""What every house test reads: the tree itself."""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "airside"
SQL = re.compile(
    r"^\s*(?:with\s+\w+\s+as\s*\(|select\s.+|insert\s+into\s|update\s+\S+\s+(?:\w+\s+)?set\s|delete\s+from\s|truncate\s"
    r"|merge\s+into\s|create\s+(?:table|index|unique|role|function|policy|schema)\b|alter\s+(?:table|role)\b"
    r"|drop\s+(?:table|role|index)\b|grant\s.+\son\s|lock\s+table\b|copy\s+\S+\s*\()",
    re.IGNORECASE | re.DOTALL,
)
SELECT = re.compile(r"^\s*select\s.*?(?:\bfrom\s+[\w.]+|\bairside\.|\bpg_|%s|\(\))", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Text:
    """A string in a source file that reads as SQL."""

    path: Path
    line: int
    sql: str
    in_function: bool

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def reads_as_sql(text: str) -> bool:
    """Whether `text` is a statement rather than a sentence that starts like one."""
    if not SQL.match(text):
        return False
    return SELECT.match(text) is not None if text.lstrip().lower().startswith("select") else True


def sql_texts(path: Path) -> Iterator[Text]:
    """Every string constant of `path` that reads as SQL, docstrings apart."""
    tree = ast.parse(path.read_text("utf-8"))
    inner = {
        id(node)
        for scope in ast.walk(tree)
        if isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(scope)
    }
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            skipped.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            skipped.update(id(part) for part in node.values)
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        text = _text(node)
        if text is not None and reads_as_sql(text):
            yield Text(path, getattr(node, "lineno", 0), text, id(node) in inner)


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def sources() -> list[Path]:
    """Every Python file of the package."""
    return sorted(SOURCE.rglob("*.py"))


@pytest.fixture(scope="session")
def kept_files() -> list[Path]:
    """Every text file that belongs to the project: known to git, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:8192]]


@pytest.fixture(scope="session")
def sql_of_package(sources: list[Path]) -> list[Text]:
    """Every SQL text of the package."""
    return [text for path in sources for text in sql_texts(path)]
