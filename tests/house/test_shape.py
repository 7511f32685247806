"""Small is measured: the grammar of a room, and where SQL may stand."""

import ast
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.house.conftest import Text

MAX_LINES = 400
MEDIAN_LINES = 150


def _is_records(path: Path) -> bool:
    """A room whose rows fill more than one file calls the others `records_….py`."""
    return path.name == "records.py" or (path.name.startswith("records_") and path.suffix == ".py")


def _lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_no_file_is_longer_than_the_house_allows(root: Path) -> None:
    tops = ("src", "tests", "bench", "examples")
    # A peer's virtual environment lies beside its tests, and is others' work.
    files = [path for top in tops for path in (root / top).rglob("*.py") if ".venv" not in path.parts]
    long = {str(path.relative_to(root)): _lines(path) for path in files if _lines(path) > MAX_LINES}
    assert long == {}


def test_median_file_is_small(sources: list[Path]) -> None:
    assert statistics.median(_lines(path) for path in sources) < MEDIAN_LINES


def test_each_face_says_what_it_owns_and_defines_nothing(root: Path) -> None:
    allowed = (ast.Import, ast.ImportFrom)
    faults: list[str] = []
    for path in (root / "src" / "airside").rglob("__init__.py"):
        tree = ast.parse(path.read_text("utf-8"))
        name = str(path.relative_to(root))
        if not ast.get_docstring(tree):
            faults.append(f"{name}: no docstring")
        for node in tree.body:
            said = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            listed = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
            if not (said or listed or isinstance(node, allowed)):
                faults.append(f"{name}:{node.lineno}: defines something")
    assert faults == []


def test_every_module_has_a_docstring(sources: list[Path], root: Path) -> None:
    silent = [
        str(path.relative_to(root)) for path in sources if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def test_only_the_named_files_speak_sql(sql_of_package: "list[Text]", root: Path) -> None:
    package = root / "src" / "airside"

    def may(path: Path) -> bool:
        inside = path.relative_to(package)
        return (
            _is_records(path)
            or inside.parts[0] == "store"
            or inside.as_posix() in ("permissions/filter.py", "sdk/database.py")
        )

    assert [str(text) for text in sql_of_package if not may(text.path)] == []


def test_records_keep_their_statements_at_the_top(sql_of_package: "list[Text]") -> None:
    """A statement inside a function can't be read by the test that reads statements."""
    inner = [str(text) for text in sql_of_package if _is_records(text.path) and text.in_function]
    assert inner == []


def _shared(node: ast.AST) -> bool:
    """Whether `node` imports the generator of `random` that a whole process shares."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "random" and not {alias.name for alias in node.names} <= {"Random", "SystemRandom"}
    return isinstance(node, ast.Import) and "random" in {alias.name for alias in node.names}


def test_no_test_draws_from_the_generator_everyone_shares(root: Path) -> None:
    """A test's chance comes from a generator of its own, so a run can be repeated (`pyproject.toml` leans on this)."""
    files = [path for path in (root / "tests").rglob("*.py") if ".venv" not in path.parts]
    shared = [
        f"{path.relative_to(root)}:{getattr(node, 'lineno', 0)}"
        for path in files
        if "random" in (text := path.read_text("utf-8"))
        for node in ast.walk(ast.parse(text))
        if _shared(node)
    ]
    assert shared == []
