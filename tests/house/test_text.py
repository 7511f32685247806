"""What the kept files may not say: where packages come from, and where somebody's machine keeps its files."""

import re
from pathlib import Path

_HOSTS = [
    name + "." + end
    for name, end in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("golang", "org/x"),
        ("crates", "io"),
        ("anaconda", "org"),
        ("deb.debian", "org"),
    )
]
_MACHINE = ["/" + name + "/" for name in ("work", "tmp", "home", "root", "Users")]
_PACKAGE_HOST = re.compile("|".join(re.escape(host) for host in _HOSTS))
_MACHINE_PATH = re.compile(r"(?<![\w.:}\-/])(?:" + "|".join(re.escape(path) for path in _MACHINE) + r")(?![{.\"])")
"""What is filled in, or no name, is no folder: such as addresses of SCIM."""
_ADDRESS = re.compile(r"://|--(?:extra-)?index-url|--find-links|\bgit\+")


def _said(paths: list[Path], root: Path, pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(root)}:{number}: {match[0]}"
        for path in paths
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1)
        if (match := pattern.search(line))
    ]


def test_no_file_names_a_package_index(kept_files: list[Path], root: Path) -> None:
    assert _said(kept_files, root, _PACKAGE_HOST) == []


def test_no_file_names_a_path_of_a_machine(kept_files: list[Path], root: Path) -> None:
    assert _said(kept_files, root, _MACHINE_PATH) == []


def test_locks_hold_hashes_and_no_addresses(root: Path) -> None:
    locks = sorted((root / "requirements").glob("*.txt"))
    python = [path for path in locks if "==" in path.read_text("utf-8")]
    assert python != []
    assert _said(locks, root, _ADDRESS) == []
    for lock in python:
        text = lock.read_text("utf-8")
        pins = re.findall(r"^[a-zA-Z0-9._\-\[\]]+==[^\s;\\]+", text, re.MULTILINE)
        blocks = re.split(r"^(?=[a-zA-Z0-9])", text, flags=re.MULTILINE)
        unhashed = [block.split("\n")[0] for block in blocks if "==" in block and "--hash=sha256:" not in block]
        assert pins != []
        assert unhashed == []


def test_patterns_catch_what_they_forbid(tmp_path: Path) -> None:
    """A test that can't fail proves nothing."""
    bad = tmp_path / "bad.txt"
    bad.write_text(f"see {_HOSTS[0]} in {_MACHINE[0]}x\n")
    assert len(_said([bad], tmp_path, _PACKAGE_HOST)) == 1
    assert len(_said([bad], tmp_path, _MACHINE_PATH)) == 1
